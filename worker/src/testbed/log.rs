//! A log that panics, as one does that prints to a pipe whose reader has gone.

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Panics at each warning of the modules with this in their names.
pub(crate) struct BrokenLog(pub(crate) &'static str);

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
