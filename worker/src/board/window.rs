//! Windows: how many tasks may be on their way from a queue, once an answer of it did not come in time.
//!
//! Bodies may be large and the link slow: then neither the same claim nor one as large is answered in
//! time. So it is one task at first, and twice as many after each answer that comes soon. After an
//! outage that costs a few round trips.
//!
//! A look that goes well says nothing of bodies: until one has come again, a queue is *on trial*, and asked
//! for one by itself. It may be too large to come at all, and a claim ends with the slowest of its queues.
//! After an outage a queue may stay empty: that ends the trial too, once no late claim can hold its tasks.

use std::time::Duration;

use tireless_core::{QueueClaimed, Result};

use super::line::{Line, Look};
use super::{Board, Wanted};

/// After an answer that came within this time, one that takes twice as long comes in time too, with
/// some to spare for what else is on the link: a call has several seconds.
const SOON: Duration = Duration::from_secs(1);

/// What a late claim took is back by then: a renewal has said that it is not held.
const GIVEN_BACK: Duration = Duration::from_secs(10);

/// Workers that try one body in turn, which is too large for all of them, have all tried it by then.
const TAKES_TURNS: Duration = Duration::from_secs(60);

/// The window of a queue whose answers have always come in time.
pub(super) const OPEN: usize = usize::MAX;

/// What is on its way through windows that are not open. They share a link: a window holds what goes
/// through itself and through those that are no wider, so that many narrow ones are not much together.
pub(super) struct Rooms(Vec<(usize, usize)>);

impl Rooms {
    pub(super) fn of(lines: &[Line]) -> Self {
        // What fails is asked by one call at a time, and may be on no link that others share.
        let is_well = |line: &&Line| line.failures == 0;
        let used = lines.iter().filter(|line| line.window != OPEN && line.asked > 0);
        let used = used.filter(is_well);
        Self(used.map(|line| (line.window, line.asked)).collect())
    }

    /// How many tasks go through windows no wider than this one.
    fn used(&self, window: usize) -> usize {
        self.0.iter().filter(|(other, _)| *other <= window).map(|(_, asked)| asked).sum()
    }

    /// How many tasks more may be asked of a queue.
    pub(super) fn room(&self, line: &Line) -> usize {
        if line.window == OPEN {
            return OPEN;
        }
        if line.is_on_trial() && line.asked > 0 {
            return 0;
        }
        line.window.saturating_sub(self.used(line.window))
    }

    /// Cuts what is wanted to what there is room for. Behind narrow windows it is each queue's turn.
    pub(super) fn fit(&self, lines: &[Line], wanted: &mut Wanted) {
        let mut rooms = Self(self.0.clone());
        wanted.sort_by_key(|(at, _)| (lines[*at].window, lines[*at].asked_at));
        for (at, max) in wanted.iter_mut() {
            let line = &lines[*at];
            *max = rooms.room(line).min(*max);
            if line.window != OPEN {
                rooms.0.push((line.window, *max));
            }
        }
        wanted.retain(|(_, max)| *max > 0);
    }

    /// Whether nothing is to be asked of a queue before a claim in flight is answered.
    pub(super) fn waits_for_answers(&self, line: &Line) -> bool {
        match line.first_repeat() {
            Some(number) => !line.may_repeat(number, self),
            None => self.room(line) == 0 || (line.look == Look::Unknown && line.in_flight > 0),
        }
    }
}

/// Of the lines that are to be asked, one that is on trial: the one that was asked longest ago.
pub(super) fn on_trial(lines: &[Line], asked: impl Fn(&Line) -> bool) -> Option<usize> {
    let lines = lines.iter().enumerate().filter(|(_, line)| line.is_on_trial() && asked(line));
    lines.min_by_key(|(_, line)| line.asked_at).map(|(at, _)| at)
}

impl Board {
    /// Whether a queue is on trial: what it holds may be too large for a claim beside others.
    pub(crate) fn has_trial(&self) -> bool {
        self.lines().iter().any(Line::is_on_trial)
    }

    /// A claim was answered after so long: what was asked of which queues, and the answers. To be told
    /// before what they say is.
    pub(crate) fn took(&self, took: Duration, answers: &[(usize, usize, Result<QueueClaimed>)]) {
        if took > SOON {
            return;
        }
        let mut lines = self.lines();
        let rooms = Rooms::of(&lines);
        for (at, max, answer) in answers {
            let line = &mut lines[*at];
            // A small answer to a large claim says nothing of large ones.
            let is_large = |answer: &QueueClaimed| {
                !answer.tasks.is_empty() && (answer.more || answer.tasks.len() >= *max)
            };
            if line.window != OPEN && answer.as_ref().is_ok_and(is_large) {
                line.window = line.window.max(2 * rooms.used(line.window));
            }
        }
    }
}

impl Line {
    /// Whether no answer has told that claims which take are answered, since one did not come in time.
    fn is_on_trial(&self) -> bool {
        self.window != OPEN && self.failures == 0 && self.relapses_at > 0
    }

    /// Whether an answer says that claims which take are answered too. A look does not, nor does what
    /// brings nothing through a window, but where nothing is left to be taken, and that not because a late
    /// claim holds it: another worker's for longer than our own.
    pub(super) fn is_proof(&self, now: Duration, max: usize, answer: &QueueClaimed) -> bool {
        if self.window == OPEN || !answer.tasks.is_empty() {
            return max > 0;
        }
        let held_until = self.late_at + if self.too_large { TAKES_TURNS } else { GIVEN_BACK };
        !answer.more && now >= held_until
    }

    /// A claim of `max` tasks is not in flight any more.
    pub(super) fn landed(&mut self, max: usize) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.asked = self.asked.saturating_sub(max);
    }
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
