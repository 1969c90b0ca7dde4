//! A log that panics, as one does that prints to a pipe whose reader has gone.

use std::sync::OnceLock;

use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, set_default};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

/// What a log prints, and panics over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prints {
    /// All that is said, but for `debug` and below.
    Events,
    SpansEntered,
    SpansLeft,
}

/// Panics over what it prints of the modules with this in their names.
pub(crate) struct BrokenLog {
    of: &'static str,
    prints: Prints,
}

impl BrokenLog {
    /// This thread's log, until what comes back is dropped.
    pub(crate) fn set(of: &'static str) -> DefaultGuard {
        Self::printing(Prints::Events, of)
    }

    /// The same, of one that prints this.
    pub(crate) fn printing(prints: Prints, of: &'static str) -> DefaultGuard {
        // While there is only one log, what another thread comes upon first is asked of that thread's
        // alone, which is none, and never again.
        static OTHER: OnceLock<Dispatch> = OnceLock::new();
        OTHER.get_or_init(|| Dispatch::new(Self { of: "nothing", prints }));
        set_default(Self { of, prints })
    }

    fn print(&self, what: Prints) {
        assert!(self.prints != what, "failed printing to stderr: Broken pipe");
    }
}

impl Subscriber for BrokenLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().contains(self.of) && *metadata.level() <= Level::INFO
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        self.print(Prints::Events);
    }

    fn enter(&self, _: &Id) {
        self.print(Prints::SpansEntered);
    }

    fn exit(&self, _: &Id) {
        self.print(Prints::SpansLeft);
    }
}
