//! The permission to reclaim (B16): no verdict on others right after an outage.
//!
//! It takes a beat in which all ticks were answered. Whoever is new trusts the store, which keeps the
//! row of all that tick: else a fleet whose processes live less than a beat would never take anything
//! back. Whoever saw a failure trusts its own row alone, until that is long enough.

use std::time::Duration;

use tireless_core::{QueueTicked, Reclaim, StoreTime};

/// What is known of the ticks of one queue.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Permission {
    /// When the first of an unbroken row of ticks was answered.
    since: Option<Duration>,
    /// When the last one was, and what time the store had then.
    last: Option<(Duration, StoreTime)>,
    /// Whether something went wrong since the row was last a beat long.
    doubts: bool,
    /// Whether the store knows of a row a beat long, by all that tick.
    shared: bool,
}

impl Permission {
    /// A tick failed, or its answer is unknown.
    pub(crate) fn failed(&mut self) {
        *self = Self { doubts: true, ..Self::default() };
    }

    /// A tick was answered. One that took long, or came long after the one before, starts a new
    /// row: the store, the network or this process stood still, and the leases of live workers
    /// may have ended meanwhile.
    pub(crate) fn answered(
        &mut self,
        sent: Duration,
        now: Duration,
        answer: &QueueTicked,
        beat: Duration,
    ) {
        let slow = now.saturating_sub(sent) > beat / 2;
        let gap = self.last.is_some_and(|(last, store)| {
            let (ours, theirs) = (now.saturating_sub(last), answer.now.since(store));
            // A clock that was set, or a machine that was asleep: leases went on without it.
            ours > beat * 2 || answer.now < store || theirs.abs_diff(ours) > beat / 2
        });
        if slow || gap {
            self.failed();
        }
        let since = *self.since.get_or_insert(now);
        self.last = Some((now, answer.now));
        self.doubts &= now.saturating_sub(since) < beat;
        self.shared = answer.steady && !self.doubts;
    }

    /// The permission for a tick that is sent now: after answered ticks at least a beat apart, and
    /// only until a beat after the last answer.
    pub(crate) fn grant(
        &self,
        now: Duration,
        beat: Duration,
        bury_after_crashes: u32,
    ) -> Option<Reclaim> {
        let (last, store) = self.last?;
        let fresh = now.saturating_sub(last) < beat;
        let waits = self.opens_in(now, beat).is_some();
        (self.is_steady(beat) && fresh && !waits)
            .then(|| Reclaim { not_after: store.after(beat), bury_after_crashes })
    }

    /// Whether there would be a permission, had this tick not come too late for it.
    pub(crate) fn is_stale(&self, now: Duration, beat: Duration) -> bool {
        let late = self.last.is_some_and(|(last, _)| now.saturating_sub(last) >= beat);
        late && self.is_steady(beat)
    }

    /// Whether the next tick is the first one after a failure.
    pub(crate) fn starts_anew(&self) -> bool {
        self.doubts && self.since.is_none()
    }

    /// How long until the store's row may be acted upon: who lives and was just cut off asks again
    /// within half a beat, and is to come first.
    pub(crate) fn opens_in(&self, now: Duration, beat: Duration) -> Option<Duration> {
        let since = self.since.filter(|_| self.shared && !self.is_own(beat))?;
        let opens = since.saturating_add(beat / 2);
        (now < opens).then(|| opens - now)
    }

    fn is_steady(&self, beat: Duration) -> bool {
        self.shared || self.is_own(beat)
    }

    /// Whether its own row is a beat long.
    fn is_own(&self, beat: Duration) -> bool {
        let own = self.since.zip(self.last);
        own.is_some_and(|(since, (last, _))| last.saturating_sub(since) >= beat)
    }
}

#[cfg(test)]
#[path = "permission_tests.rs"]
mod tests;
