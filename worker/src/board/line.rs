//! The line of one queue on the board: what is known of it, and when it is looked at next.

use std::time::Duration;

use tireless_core::WaitOn;

use super::LOOK;
use super::failing::Failing;
use super::window::{OPEN, Rooms};
use crate::shared::Served;

/// Looks that would be due within this time are made together with one that is.
const TOGETHER: Duration = Duration::from_secs(1);

/// What is known of a queue's ready list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It may hold tasks.
    Unknown,
    /// It held more than was taken.
    Full,
    /// It held nothing more.
    Empty,
}

/// What is known of one queue.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) wait_on: WaitOn,
    pub(super) level: usize,
    pub(super) weight: u32,
    pub(super) look: Look,
    /// Its bell rang since it was asked last: an answer that is on its way is older than the ring.
    pub(super) rung: bool,
    pub(super) looked_at: Duration,
    pub(super) due_at: Option<Duration>,
    /// After an error: nothing is asked before.
    pub(super) blocked_until: Duration,
    pub(super) failures: u32,
    /// How many failures there were when a look went well: where the pauses go on if no claim of tasks
    /// does.
    pub(super) relapses_at: u32,
    /// When a claim of tasks was last late.
    pub(super) late_at: Duration,
    /// One was though a look had gone well: a body may be too large to come.
    pub(super) too_large: bool,
    /// Since when it answers with errors.
    pub(super) failing_since: Option<Duration>,
    /// Claims that are in flight.
    pub(super) in_flight: u32,
    /// Tasks that they ask for.
    pub(super) asked: usize,
    /// When it was last asked for tasks.
    pub(super) asked_at: Duration,
    /// How many these may be, together with those of queues whose windows are no wider.
    pub(super) window: usize,
    /// Claims whose answers were lost: their numbers, how much they asked for.
    pub(super) repeats: Vec<(u64, usize)>,
    /// What the smooth weighted choice owes this queue, in tasks times the sum of weights.
    pub(super) credit: i64,
    pub(super) suspects: u64,
    /// Since when it is this worker's turn to keep itself empty for a suspect.
    pub(super) turn_since: Option<Duration>,
    pub(super) paused: bool,
    /// Nothing is taken from it for now: its outcomes pile up.
    pub(super) choked: bool,
}

impl Line {
    /// Of a queue of which nothing is known yet.
    pub(super) fn new(served: &Served) -> Self {
        Self {
            wait_on: WaitOn { queue: served.name.clone(), inbox: served.inbox },
            level: served.level,
            weight: served.weight,
            look: Look::Unknown,
            rung: false,
            looked_at: Duration::ZERO,
            due_at: None,
            blocked_until: Duration::ZERO,
            failures: 0,
            relapses_at: 0,
            late_at: Duration::ZERO,
            too_large: false,
            failing_since: None,
            in_flight: 0,
            asked: 0,
            asked_at: Duration::ZERO,
            window: OPEN,
            repeats: Vec::new(),
            credit: 0,
            suspects: 0,
            turn_since: None,
            paused: false,
            choked: false,
        }
    }

    /// Whether it is worth waiting for: what it would give is taken.
    pub(super) fn is_quiet(&self, now: Duration) -> bool {
        self.look == Look::Empty && self.blocked_until <= now && !self.choked
    }

    /// The inbox of a paused queue is not taken in: what lies there rings no end.
    pub(super) fn waited_for(&self) -> WaitOn {
        let WaitOn { queue, inbox } = &self.wait_on;
        WaitOn { queue: queue.clone(), inbox: *inbox && !self.paused }
    }
}

/// Opens the queues in which something has fallen due, or that were not looked at for long.
pub(super) fn refresh(lines: &mut [Line], now: Duration) {
    let late = |line: &Line, by: Duration| line.looked_at + LOOK <= now + by;
    let any = lines.iter().any(|line| line.look == Look::Empty && late(line, Duration::ZERO));
    for line in lines.iter_mut().filter(|line| line.look == Look::Empty) {
        let due = line.due_at.is_some_and(|due| due <= now);
        if due || (any && late(line, TOGETHER)) {
            line.look = Look::Unknown;
        }
    }
}

/// When the next look is due.
pub(super) fn next_look(lines: &[Line], now: Duration) -> Duration {
    let rooms = Rooms::of(lines);
    let failing = Failing::of(lines, now);
    let at = |line: &Line| match line.look {
        // The answer that is on its way comes first.
        _ if rooms.waits_for_answers(line) || failing.holds_back(line) => Duration::MAX,
        Look::Empty => line.due_at.unwrap_or(Duration::MAX).min(line.looked_at + LOOK),
        _ => line.blocked_until,
    };
    let lines = lines.iter().filter(|line| !line.choked || !line.repeats.is_empty());
    lines
        .map(|line| at(line).max(line.blocked_until))
        .min()
        .unwrap_or(Duration::MAX)
        .min(now + LOOK)
}
