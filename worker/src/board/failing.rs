//! Failing queues: those that answer with errors are asked apart from the others.
//!
//! A call ends when the slowest of its queues has answered, or was given up. So a queue whose server is
//! dark goes in a claim of its own, for no tasks: nobody waits for it, and nothing counts on it. What it
//! holds is claimed once it has answered.
//!
//! Of those that fail one call at a time is under way, so that a store that is wholly away is asked no
//! more often the more queues there are. Who has just failed waits for none of those that have failed for
//! long.

use std::time::Duration;

use super::Wanted;
use super::line::Line;

/// What is under way to queues that fail.
pub(super) struct Failing {
    now: Duration,
    /// Whether one that has just failed is asked.
    lately: bool,
    /// Whether one that has failed for long is.
    long: bool,
    others_are_well: bool,
}

impl Failing {
    pub(super) fn of(lines: &[Line], now: Duration) -> Self {
        let is_asked = |line: &Line| !is_well(line) && line.in_flight > 0;
        let asked =
            |long| lines.iter().any(|line| is_asked(line) && line.has_failed_long(now) == long);
        let others_are_well = lines.iter().any(is_well);
        Self { now, lately: asked(false), long: asked(true), others_are_well }
    }

    /// Whether a queue is not to be asked before the answer to a claim in flight.
    pub(super) fn holds_back(&self, line: &Line) -> bool {
        !is_well(line) && if line.has_failed_long(self.now) { self.long } else { self.lately }
    }

    /// Whether a queue may be asked together with those that are well.
    pub(super) fn lets_join(&self, line: &Line) -> bool {
        is_well(line) || !(self.others_are_well || self.holds_back(line))
    }

    /// The claim that only asks whether some queues are well again, if others are.
    pub(super) fn probe(&self, lines: &[Line], is_due: impl Fn(&Line) -> bool) -> Option<Wanted> {
        let is_due = |line: &Line| !is_well(line) && !self.holds_back(line) && is_due(line);
        let probe = |long| -> Wanted {
            let is_due = |line: &Line| is_due(line) && line.has_failed_long(self.now) == long;
            let due = lines.iter().enumerate().filter(|(_, line)| is_due(line));
            due.map(|(at, _)| (at, 0)).collect()
        };
        [false, true].map(probe).into_iter().find(|due| self.others_are_well && !due.is_empty())
    }
}

fn is_well(line: &Line) -> bool {
    line.failures == 0
}

#[cfg(test)]
#[path = "failing_tests.rs"]
mod tests;
