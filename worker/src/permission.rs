//! The permission to reclaim (B16): no verdict on others right after an outage.

use std::time::Duration;

use tireless_core::{Reclaim, StoreTime};

/// What is known of the ticks of one queue.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Permission {
    /// When the first of an unbroken row of ticks was answered.
    since: Option<Duration>,
    /// When the last one was, and what time the store had then.
    last: Option<(Duration, StoreTime)>,
}

impl Permission {
    /// A tick failed, or its answer is unknown.
    pub(crate) fn failed(&mut self) {
        *self = Self::default();
    }

    /// A tick was answered. One that took long, or came long after the one before, starts a new
    /// row: the store, the network or this process stood still, and the leases of live workers
    /// may have ended meanwhile.
    pub(crate) fn answered(
        &mut self,
        sent: Duration,
        now: Duration,
        store: StoreTime,
        beat: Duration,
    ) {
        let slow = now.saturating_sub(sent) > beat / 2;
        let gap = self.last.is_some_and(|(last, _)| now.saturating_sub(last) > beat * 2);
        if slow || gap {
            self.since = None;
        }
        self.since.get_or_insert(now);
        self.last = Some((now, store));
    }

    /// The permission for a tick that is sent now: after two answered ticks at least a beat
    /// apart, and only until a beat after the last answer.
    pub(crate) fn grant(
        &self,
        now: Duration,
        beat: Duration,
        lone_crashes: u32,
    ) -> Option<Reclaim> {
        let (last, store) = self.last?;
        let steady = last.saturating_sub(self.since?) >= beat;
        let fresh = now.saturating_sub(last) < beat;
        (steady && fresh).then(|| Reclaim { not_after: store.after(beat), lone_crashes })
    }

    /// Whether there would be a permission, had this tick not come too late for it.
    pub(crate) fn is_stale(&self, now: Duration, beat: Duration) -> bool {
        match (self.since, self.last) {
            (Some(since), Some((last, _))) => {
                last.saturating_sub(since) >= beat && now.saturating_sub(last) >= beat
            }
            _ => false,
        }
    }
}

#[cfg(test)]
#[path = "permission_tests.rs"]
mod tests;
