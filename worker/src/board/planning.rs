//! Planning: what the claimer is to send next, by what is known of all queues.

use std::time::Duration;

use super::failing::Failing;
use super::glance::look_at_others;
use super::line::{Line, Look, next_look, refresh};
use super::share::{Want, share};
use super::window::{Rooms, on_trial};
use super::{Board, Wanted};

/// What the claimer is to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Send a new claim.
    Claim(Wanted),
    /// Send a new claim, and wait for others meanwhile: nobody knows whether its answer comes.
    Try(Wanted),
    /// Send a claim again, with its number.
    Repeat(u64, Wanted),
    /// Nothing to claim before this time, unless a bell rings.
    Idle(Duration),
}

impl Board {
    /// What to claim next. Queues that are `choked` give none for now; whose they are rings when
    /// that changes.
    pub(crate) fn plan(
        &self,
        now: Duration,
        want: impl Into<Want>,
        choked: impl Fn(usize) -> bool,
    ) -> Plan {
        let mut lines = self.lines();
        refresh(&mut lines, now);
        for (at, line) in lines.iter_mut().enumerate() {
            line.choked = choked(at);
        }
        let bounds = Bounds { now, rooms: Rooms::of(&lines), failing: Failing::of(&lines, now) };
        // What was lost holds tasks that wait for their run. What fails is asked apart from the others,
        // and so is what may be too large to come: neither keeps the rest waiting.
        let plan = repeat(&mut lines, &bounds)
            .or_else(|| probe(&lines, &bounds))
            .or_else(|| one_on_trial(&lines, &bounds))
            .or_else(|| shared(&mut lines, &bounds, want.into()))
            .unwrap_or_else(|| Plan::Idle(next_look(&lines, now)));
        note_sent(&mut lines, now, &plan);
        plan
    }
}

/// What bounds all that may be asked now.
struct Bounds {
    now: Duration,
    rooms: Rooms,
    failing: Failing,
}

impl Bounds {
    /// Whether a claim that was lost may be asked for again.
    fn may_repeat(&self, line: &Line, number: u64) -> bool {
        line.is_open(self.now)
            && !self.failing.holds_back(line)
            && line.may_repeat(number, &self.rooms)
    }

    /// Whether a queue is worth a new claim, by itself.
    fn is_due(&self, line: &Line) -> bool {
        let is_free = line.repeats.is_empty() && !line.choked && self.rooms.room(line) > 0;
        line.is_worth_asking() && is_free && line.is_open(self.now)
    }

    /// Whether a queue is to be asked together with others.
    fn joins(&self, line: &Line) -> bool {
        self.is_due(line) && self.failing.lets_join(line)
    }

    /// The level that comes first of those that are to be asked.
    fn level(&self, lines: &[Line]) -> Option<usize> {
        lines.iter().filter(|line| self.joins(line)).map(|line| line.level).min()
    }
}

/// The first claim that was lost and may be sent again, to all queues that may.
fn repeat(lines: &mut [Line], bounds: &Bounds) -> Option<Plan> {
    let first = |line: &Line| line.first_repeat().filter(|number| bounds.may_repeat(line, *number));
    let number = lines.iter().find_map(first)?;
    let mut wanted = Wanted::new();
    for (at, line) in lines.iter_mut().enumerate() {
        if bounds.may_repeat(line, number)
            && let Some(max) = line.take_repeat(number)
        {
            wanted.push((at, max));
        }
    }
    Some(Plan::Repeat(number, wanted))
}

/// A claim of nothing that asks whether some queues are well again.
fn probe(lines: &[Line], bounds: &Bounds) -> Option<Plan> {
    bounds.failing.probe(lines, |line| bounds.is_due(line)).map(Plan::Claim)
}

/// A claim of one task of one queue whose bodies may be too large to come.
fn one_on_trial(lines: &[Line], bounds: &Bounds) -> Option<Plan> {
    let level = bounds.level(lines)?;
    let at = on_trial(lines, |line| bounds.joins(line) && line.level == level)?;
    Some(Plan::Try(vec![(at, 1)]))
}

/// A claim that the queues of the first level share by their weights.
fn shared(lines: &mut [Line], bounds: &Bounds, want: Want) -> Option<Plan> {
    let level = bounds.level(lines)?;
    let shares = |line: &Line| bounds.joins(line) && line.level == level;
    let mut wanted = share(lines, shares, want);
    bounds.rooms.fit(lines, &mut wanted);
    look_at_others(lines, level, bounds.now, |line| bounds.joins(line), &mut wanted);
    wanted.sort_unstable();
    Some(Plan::Claim(wanted))
}

/// Notes what is sent by a plan.
fn note_sent(lines: &mut [Line], now: Duration, plan: &Plan) {
    let (Plan::Claim(wanted) | Plan::Try(wanted) | Plan::Repeat(_, wanted)) = plan else { return };
    for (at, max) in wanted {
        let line = &mut lines[*at];
        line.in_flight += 1;
        line.asked += max;
        line.rung = false;
        if *max > 0 {
            line.asked_at = now;
        }
    }
}

impl Line {
    /// Whether an error does not forbid asking it yet.
    fn is_open(&self, now: Duration) -> bool {
        self.blocked_until <= now
    }

    /// Where nobody knows yet what there is, one claim is to tell.
    fn is_worth_asking(&self) -> bool {
        match self.look {
            Look::Unknown => self.in_flight == 0,
            Look::Full => true,
            Look::Empty => false,
        }
    }
}
