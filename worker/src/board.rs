//! The board: what is known of each queue, and from which ones to claim next.
//!
//! Queues of the lowest level that may hold tasks come first; those of one level share by weight.
//! A queue that is known to be empty is left alone until its bell rings, something in it falls
//! due, or it was not looked at for five seconds.

use std::sync::PoisonError;
use std::time::Duration;

use tireless_core::limits::TURN;
use tireless_core::{Error, ErrorKind, QueueClaimed, WaitOn};

use crate::random::backoff;
use crate::shared::Served;
use crate::sync::{Mutex, MutexGuard};

mod failing;
mod glance;
mod line;
mod lost;
mod planning;
mod share;
mod window;

pub(crate) use planning::Plan;
pub(crate) use share::Want;

use line::{Line, Look};

/// A queue is looked at this often even if nothing rings (B14).
pub(crate) const LOOK: Duration = Duration::from_secs(5);

/// How long a store that does not answer is left alone at most: it may be back at any moment, and
/// is to be noticed soon.
const AWAY: Duration = Duration::from_secs(1);

/// What to claim: queues by index and how much of each.
pub(crate) type Wanted = Vec<(usize, usize)>;

/// What is known of all queues.
#[derive(Debug)]
pub(crate) struct Board(Mutex<Vec<Line>>);

impl Board {
    pub(crate) fn new(queues: &[Served]) -> Self {
        Self(Mutex::new(queues.iter().map(Line::new).collect()))
    }

    fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A queue has answered a claim of `max` tasks.
    pub(crate) fn answered(&self, at: usize, now: Duration, max: usize, answer: &QueueClaimed) {
        let line = &mut self.lines()[at];
        line.landed(max);
        let is_proof = line.is_proof(now, max, answer);
        line.too_large &= !is_proof;
        line.relapses_at = if is_proof { 0 } else { line.relapses_at.max(line.failures) };
        line.failures = 0;
        line.failing_since = None;
        // What another claim had to say against asking again is older, or told anew below.
        line.blocked_until = now;
        line.looked_at = now;
        line.due_at = answer.next_due.map(|due| now + due.max(Duration::from_millis(1)));
        line.paused = answer.paused;
        line.suspects = if answer.paused { 0 } else { answer.suspects };
        line.told_of_turn(now, answer.your_turn);
        // An inbox is not seen by a look, and may hold more when all that was asked for came.
        let inbox = line.wait_on.inbox && answer.tasks.len() >= max;
        line.look = match answer {
            answer if answer.paused => Look::Empty,
            answer if answer.more || inbox => Look::Full,
            _ => Look::Empty,
        };
        if line.rung && line.look == Look::Empty {
            line.look = Look::Unknown;
        }
        if line.look == Look::Full && answer.tasks.is_empty() && max > 0 {
            // It has tasks and gave none: not to be asked in a hot loop.
            line.blocked_until = now + Duration::from_millis(10);
        }
        if line.look == Look::Empty {
            line.credit = 0;
        }
    }

    /// A queue has answered a claim for a suspect.
    pub(crate) fn answered_alone(&self, at: usize, now: Duration, answer: &QueueClaimed) {
        let line = &mut self.lines()[at];
        line.failures = 0;
        line.failing_since = None;
        line.due_at = answer.next_due.map(|due| now + due.max(Duration::from_millis(1)));
        line.told_of_turn(now, answer.your_turn);
        // Who gave none has none for us, whatever it counts: others take them at this moment.
        line.suspects = if answer.tasks.is_empty() { 0 } else { answer.suspects };
        if answer.more && line.look == Look::Empty {
            line.look = Look::Unknown;
        }
    }

    /// A queue has answered a claim of `max` tasks with an error. With `repeat` the claim of that
    /// number is to be sent again.
    pub(crate) fn failed(
        &self,
        at: usize,
        now: Duration,
        error: &Error,
        max: usize,
        repeat: Option<u64>,
    ) {
        let line = &mut self.lines()[at];
        line.landed(max);
        if error.kind() == ErrorKind::Timeout && max > 0 {
            line.window = 1;
            line.too_large |= line.relapses_at > 0;
            line.late_at = now;
        }
        line.repeats.extend(repeat.map(|number| (number, max)));
        line.failed(now, error);
    }

    /// A queue has answered a claim for a suspect with an error.
    pub(crate) fn failed_alone(&self, at: usize, now: Duration, error: &Error) {
        self.lines()[at].failed(now, error);
    }

    /// The bell of a queue rang.
    pub(crate) fn rang(&self, queue: &str) {
        let mut lines = self.lines();
        let found = lines.iter_mut().filter(|line| line.wait_on.queue.as_str() == queue);
        found.for_each(|line| {
            line.look = Look::Unknown;
            line.rung = true;
        });
    }

    /// These queues were waited for, and a ring may have been lost.
    pub(crate) fn look_again(&self, waited: &[WaitOn]) {
        let mut lines = self.lines();
        let found =
            lines.iter_mut().filter(|line| waited.iter().any(|on| on.queue == line.wait_on.queue));
        found.for_each(|line| {
            // Where a claim is under way, its answer may be older than the ring.
            line.rung = true;
            if line.look == Look::Empty {
                line.look = Look::Unknown;
            }
        });
    }

    /// The queues that are worth waiting for, and whether these are all.
    pub(crate) fn quiet(&self, now: Duration) -> (Vec<WaitOn>, bool) {
        let lines = self.lines();
        let quiet = |line: &&Line| line.is_quiet(now);
        let quiet: Vec<_> = lines.iter().filter(quiet).map(Line::waited_for).collect();
        let all = quiet.len() == lines.len();
        (quiet, all)
    }

    /// All queues, if there is nothing to do but to wait for them.
    pub(crate) fn all_quiet(&self, now: Duration) -> Option<Vec<WaitOn>> {
        let lines = self.lines();
        let quiet =
            |line: &Line| line.is_quiet(now) && line.repeats.is_empty() && line.suspects == 0;
        lines.iter().all(quiet).then(|| lines.iter().map(Line::waited_for).collect())
    }

    /// Queues that hold suspects, and whether this worker is to keep itself empty for one (B11).
    pub(crate) fn suspects(&self, now: Duration) -> (Vec<usize>, bool) {
        let lines = self.lines();
        let has = |line: &Line| line.suspects > 0 && line.blocked_until <= now;
        let with = lines.iter().enumerate().filter(|(_, line)| has(line));
        let turn = lines.iter().any(|line| has(line) && line.has_turn(now));
        (with.map(|(at, _)| at).collect(), turn)
    }
}

impl Line {
    fn failed(&mut self, now: Duration, error: &Error) {
        self.failures = self.failures.max(self.relapses_at) + 1;
        self.failing_since.get_or_insert(now);
        let pause = backoff(self.failures, Duration::from_millis(100), longest_pause(error));
        self.blocked_until = now + pause;
        self.look = Look::Unknown;
        // To ask for them would keep all others waiting: the next answer tells anew.
        self.suspects = 0;
        self.turn_since = None;
    }

    /// A turn has an end (B11.2), also where no answer tells of it.
    fn has_turn(&self, now: Duration) -> bool {
        self.turn_since.is_some_and(|since| now < since + TURN)
    }

    fn told_of_turn(&mut self, now: Duration, your_turn: bool) {
        let since = if self.has_turn(now) { self.turn_since } else { Some(now) };
        self.turn_since = since.filter(|_| your_turn);
    }
}

/// The longest pause between tries that end with this error.
pub(crate) fn longest_pause(error: &Error) -> Duration {
    if error.is_retryable() { AWAY } else { LOOK }
}

#[cfg(test)]
#[path = "board_tests.rs"]
mod tests;
