//! What handlers tell: how many tasks ran, and when each began.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Counts runs; cheap enough to be told by each task.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    ran: AtomicU64,
    begins: Option<UnboundedSender<Instant>>,
}

impl Tally {
    /// One that also passes on when each task began.
    pub(crate) fn with_begins() -> (Self, UnboundedReceiver<Instant>) {
        let (sender, receiver) = unbounded_channel();
        (Self { ran: AtomicU64::new(0), begins: Some(sender) }, receiver)
    }

    /// Told by a handler at its begin.
    pub(crate) fn ran(&self) {
        if let Some(begins) = &self.begins {
            // Nobody listens any more at the end.
            let _ = begins.send(Instant::now());
        }
        self.ran.fetch_add(1, Ordering::Relaxed);
    }

    /// How many runs there were.
    pub(crate) fn count(&self) -> u64 {
        self.ran.load(Ordering::Relaxed)
    }
}
