//! What a pool has done, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

use tireless_core::Outcome;

/// What a pool has done since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Tasks done.
    pub done: u64,
    /// Runs that failed and are to be tried again.
    pub failed: u64,
    /// Tasks buried: by their handlers, at the end of their attempts, or unreadable.
    pub buried: u64,
    /// Runs that asked to be run later.
    pub snoozed: u64,
    /// Tasks given back uncharged: at a shutdown, by their handlers, unstarted where others may run
    /// them sooner, told to stop, or of unknown types.
    pub released: u64,
    /// Outcomes that the store refused because the task had been taken over (B5).
    pub lease_lost: u64,
    /// Scheduled tasks that this pool made ready, by its claims or its scheduler.
    pub promoted: u64,
    /// Failed tasks that this pool made ready, by its claims or its scheduler.
    pub requeued: u64,
    /// Tasks that the scheduler of this pool took back from workers that had died.
    pub reclaimed: u64,
    /// Of those, tasks buried as poison (B11).
    pub poisoned: u64,
    /// Runs that panicked; counted as failed or buried too, or as released where they had been told
    /// to stop.
    pub panicked: u64,
    /// Runs that took too long; counted as failed, buried or released too.
    pub timed_out: u64,
}

/// The same while the pool runs.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) done: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) buried: AtomicU64,
    pub(crate) snoozed: AtomicU64,
    pub(crate) released: AtomicU64,
    pub(crate) lease_lost: AtomicU64,
    pub(crate) promoted: AtomicU64,
    pub(crate) requeued: AtomicU64,
    pub(crate) reclaimed: AtomicU64,
    pub(crate) poisoned: AtomicU64,
    pub(crate) panicked: AtomicU64,
    pub(crate) timed_out: AtomicU64,
}

impl Counters {
    /// The counter of an outcome that the store has written.
    pub(crate) fn of(&self, outcome: &Outcome) -> &AtomicU64 {
        match outcome {
            Outcome::Ack { .. } => &self.done,
            Outcome::Fail { .. } => &self.failed,
            Outcome::Bury { .. } => &self.buried,
            Outcome::Snooze { .. } => &self.snoozed,
            _ => &self.released,
        }
    }

    pub(crate) fn summary(&self) -> Summary {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Summary {
            done: read(&self.done),
            failed: read(&self.failed),
            buried: read(&self.buried),
            snoozed: read(&self.snoozed),
            released: read(&self.released),
            lease_lost: read(&self.lease_lost),
            promoted: read(&self.promoted),
            requeued: read(&self.requeued),
            reclaimed: read(&self.reclaimed),
            poisoned: read(&self.poisoned),
            panicked: read(&self.panicked),
            timed_out: read(&self.timed_out),
        }
    }
}

/// Adds to a counter.
pub(crate) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
