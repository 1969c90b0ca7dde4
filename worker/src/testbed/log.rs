//! A log that panics, as one does that prints to a pipe whose reader has gone.

use std::sync::OnceLock;

use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, set_default};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

/// Panics at each warning of the modules with this in their names.
pub(crate) struct BrokenLog(&'static str);

impl BrokenLog {
    /// This thread's log, until what comes back is dropped.
    pub(crate) fn set(of: &'static str) -> DefaultGuard {
        // While there is only one log, what another thread comes upon first is asked of that thread's
        // alone, which is none, and never again.
        static OTHER: OnceLock<Dispatch> = OnceLock::new();
        OTHER.get_or_init(|| Dispatch::new(Self("nothing")));
        set_default(Self(of))
    }
}

impl Subscriber for BrokenLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().contains(self.0) && *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        panic!("failed printing to stderr: Broken pipe");
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
