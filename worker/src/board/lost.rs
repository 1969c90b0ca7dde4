//! Lost answers: claims that are sent again under their numbers until their queue tells what they took,
//! or has failed for so long that nobody waits for it.

use std::time::Duration;

use super::Board;
use super::line::{Line, Look};
use super::window::Rooms;

/// A queue that answers with errors for so long is not asked for lost answers any more.
const HOPELESS: Duration = Duration::from_secs(5);

impl Board {
    /// A wait for all queues ended, and not with an answer to the claim of one task of each that it
    /// carried: that is sent by itself.
    pub(crate) fn unanswered(&self, number: u64) {
        for line in self.lines().iter_mut() {
            line.repeats.push((number, 1));
            line.look = Look::Unknown;
        }
    }

    /// Whether claims of shared mode are to be repeated.
    pub(crate) fn repeats(&self) -> bool {
        self.lines().iter().any(|line| !line.repeats.is_empty())
    }

    /// Takes out the claims that were to be repeated: queues and their numbers.
    pub(crate) fn take_repeats(&self) -> Vec<(usize, u64)> {
        take(&mut self.lines(), |_| true)
    }

    /// Takes out the claims that were to be repeated to queues that have failed for long.
    pub(crate) fn take_hopeless(&self, now: Duration) -> Vec<(usize, u64)> {
        take(&mut self.lines(), |line| line.has_failed_long(now))
    }

    /// Whether a queue has answered with errors for so long that it is not waited for.
    pub(crate) fn has_failed_long(&self, at: usize, now: Duration) -> bool {
        self.lines()[at].has_failed_long(now)
    }

    /// Forgets claims that were in flight or to be repeated: their loop has started anew.
    pub(crate) fn forget_claims(&self) {
        for line in self.lines().iter_mut() {
            line.in_flight = 0;
            line.asked = 0;
            line.repeats.clear();
        }
    }
}

impl Line {
    /// The oldest claim that is to be repeated.
    pub(super) fn first_repeat(&self) -> Option<u64> {
        self.repeats.iter().map(|(number, _)| *number).min()
    }

    /// Whether a claim may be repeated beside those in flight. A store that is away is asked by one
    /// claim at a time.
    pub(super) fn may_repeat(&self, number: u64, rooms: &Rooms) -> bool {
        let fits = |(of, max): &(u64, usize)| *of == number && *max <= rooms.room(self);
        self.in_flight == 0 || (self.failures == 0 && self.repeats.iter().any(fits))
    }

    /// Takes out a claim that is repeated now, and tells how much it asked for.
    pub(super) fn take_repeat(&mut self, number: u64) -> Option<usize> {
        let at = self.repeats.iter().position(|(of, _)| *of == number)?;
        Some(self.repeats.swap_remove(at).1)
    }

    pub(super) fn has_failed_long(&self, now: Duration) -> bool {
        self.failing_since.is_some_and(|since| since + HOPELESS <= now)
    }
}

/// Takes out the claims of some lines that were to be repeated.
fn take(lines: &mut [Line], of: impl Fn(&Line) -> bool) -> Vec<(usize, u64)> {
    let lines = lines.iter_mut().enumerate().filter(|(_, line)| of(line));
    let taken = |(at, line): (usize, &mut Line)| {
        std::mem::take(&mut line.repeats).into_iter().map(move |(number, _)| (at, number))
    };
    lines.flat_map(taken).collect()
}

#[cfg(test)]
#[path = "lost_tests.rs"]
mod tests;
