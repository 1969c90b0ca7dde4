//! The pulse of one loop: since when it owes an answer of the store, and what to think of it.
//!
//! A loop owes from the moment it asks, or was to ask, until the store's answer is a success. One
//! that has nothing to ask for owes nothing, however long that lasts. What is owed to it for one queue
//! is not made good by another.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long an answer that is due may be missing before its loop counts as silent.
pub(crate) const GRACE: Duration = Duration::from_secs(3);

/// A loop that has owed an answer for so long, and heard not even an error meanwhile, hangs: every
/// call of a broker ends long before, and no pause between two of them is as long.
pub(crate) const STUCK: Duration = Duration::from_secs(60);

/// What is thought of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoopState {
    /// It has not succeeded yet, and there is time left.
    Starting,
    /// The store answers it, or it has nothing to ask for.
    Well,
    /// An answer that it is due has been missing for too long, or was an error again and again.
    Silent,
    /// It is silent, and has not even heard an error for a minute: it hangs, or fails by itself
    /// again and again.
    Stuck,
    /// It has ended. That is as it should be in a shutdown only.
    Ended,
}

impl LoopState {
    /// The word that health endpoints use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Well => "well",
            Self::Silent => "silent",
            Self::Stuck => "stuck",
            Self::Ended => "ended",
        }
    }
}

/// What one loop notes about itself. All times are of the clock's monotonic time.
#[derive(Debug)]
pub(crate) struct Pulse(Mutex<Notes>);

#[derive(Debug, Default)]
struct Notes {
    success: Option<Duration>,
    /// When it last heard anything of the store, errors too.
    heard: Duration,
    /// Since when an answer is owed that was asked for.
    owes: Option<Duration>,
    /// The queues whose last answer was an error, where it was told for each.
    failing: BTreeSet<usize>,
    /// Those whose last answer was a refusal.
    refusing: BTreeSet<usize>,
    /// When it is to ask next.
    asks_at: Option<Duration>,
    /// It is not trusted before its first success.
    unproven: bool,
    restarts: u32,
    ended: bool,
}

/// What a pulse says at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) state: LoopState,
    pub(crate) success: Option<Duration>,
    pub(crate) silent_for: Duration,
    pub(crate) restarts: u32,
}

impl Pulse {
    /// Of a loop that asks as soon as it runs, and goes on asking.
    pub(crate) fn asking(now: Duration) -> Self {
        let owes = Some(now);
        Self(Mutex::new(Notes { owes, heard: now, unproven: true, ..Notes::default() }))
    }

    /// Of a loop that asks when it has a reason to.
    pub(crate) fn waiting(now: Duration) -> Self {
        Self(Mutex::new(Notes { heard: now, ..Notes::default() }))
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It asks the store now, or had to before. What it owed already is owed still.
    pub(crate) fn asks(&self, now: Duration) {
        let mut notes = self.notes();
        let since = notes.asks_at.map_or(now, |at| at.min(now));
        notes.owes.get_or_insert(since);
        notes.asks_at = None;
    }

    /// It rests, and asks at that time at the latest. What it owed before is owed still.
    pub(crate) fn asks_at(&self, at: Duration) {
        self.notes().asks_at = Some(at);
    }

    /// It asks for something that is answered by that time, unless it owes an answer already: then that
    /// is still the one to wait for.
    pub(crate) fn asks_once(&self, by: Duration) {
        let mut notes = self.notes();
        if notes.owes.is_none() {
            notes.asks_at.get_or_insert(by);
        }
    }

    /// It has nothing to ask for, and looks again at that time if one is given: what it owed is
    /// not owed any more.
    pub(crate) fn owes_nothing(&self, until: Option<Duration>) {
        let mut notes = self.notes();
        notes.failing.clear();
        notes.owes = None;
        notes.asks_at = until;
    }

    /// The store answered as hoped, for one queue or for all.
    pub(crate) fn succeeded(&self, queue: Option<usize>, now: Duration) {
        let mut notes = self.notes();
        notes.success = Some(now);
        notes.heard = now;
        if let Some(at) = queue {
            notes.failing.remove(&at);
            notes.refusing.remove(&at);
        } else {
            notes.failing.clear();
            notes.refusing.clear();
        }
        if !notes.failing.is_empty() {
            return;
        }
        notes.owes = None;
        notes.asks_at = None;
        notes.unproven = false;
    }

    /// The store answered with an error, for one queue or for all, or the call was given up.
    pub(crate) fn failed(&self, queue: Option<usize>, now: Duration) {
        let mut notes = self.notes();
        if let Some(at) = queue {
            notes.failing.insert(at);
            notes.refusing.remove(&at);
        }
        notes.heard = now;
        notes.owes.get_or_insert(now);
        notes.asks_at = None;
    }

    /// The store refused what was asked of one queue, of so many that the loop serves. That is nothing
    /// that it owes, unless it serves no other: those that are asked with it, or next, are what tells.
    pub(crate) fn refused(&self, queue: usize, served: usize, now: Duration) {
        let mut notes = self.notes();
        notes.heard = now;
        notes.failing.remove(&queue);
        notes.refusing.insert(queue);
        let serves_others = notes.refusing.len() < served;
        if serves_others && notes.failing.is_empty() && !notes.unproven {
            notes.owes = None;
        }
    }

    /// It failed by itself and is started again.
    pub(crate) fn restarted(&self, now: Duration) {
        let mut notes = self.notes();
        notes.restarts += 1;
        notes.owes.get_or_insert(now);
    }

    /// Nobody runs it any more.
    pub(crate) fn ended(&self) {
        self.notes().ended = true;
    }

    pub(crate) fn read(&self, now: Duration) -> Reading {
        let notes = self.notes();
        let since = notes.owes.into_iter().chain(notes.asks_at).min();
        let silent_for = since.map_or(Duration::ZERO, |since| now.saturating_sub(since));
        let unheard_for = now.saturating_sub(notes.heard);
        let state = if notes.ended {
            LoopState::Ended
        } else if silent_for > STUCK && unheard_for > STUCK {
            LoopState::Stuck
        } else if silent_for > GRACE {
            LoopState::Silent
        } else if notes.unproven {
            LoopState::Starting
        } else {
            LoopState::Well
        };
        let success = notes.success.map(|at| now.saturating_sub(at));
        Reading { state, success, silent_for, restarts: notes.restarts }
    }
}

#[cfg(test)]
#[path = "pulse_tests.rs"]
mod tests;
