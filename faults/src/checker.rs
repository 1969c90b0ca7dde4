//! The checker: reads the histories of all processes after the end and says what went wrong.
//!
//! In the manner of a total queue: a push is accepted, refused or unknown; the queue is drained at
//! the end; then everything accepted must have been done, or be there to be seen. It is pure: the
//! same histories always give the same findings.

mod runs;

use std::collections::HashMap;

use crate::excuse::Excuse;
use crate::history::{History, Moment, Word};
use runs::{How, Run, runs_by_task};

/// How far two events may be apart that are one moment to the store, which counts milliseconds.
const APART: Moment = 2_000;

/// What the queue still held after it was drained.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Buried tasks.
    pub dead: Vec<u64>,
    /// Tasks in any other place.
    pub waiting: Vec<u64>,
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Accepted(Moment),
    Refused,
    Unknown,
}

#[derive(Clone, Copy, Debug)]
struct Pushed {
    at: Moment,
    after: Moment,
    answer: Answer,
}

/// What the histories say. Lists name tasks by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Tasks that producers tried to push.
    pub pushed: u64,
    /// Of those, accepted.
    pub accepted: u64,
    /// Of those, refused without effect.
    pub refused: u64,
    /// Of those, given up without an answer.
    pub unknown: u64,
    /// Unknown ones that were done: they had been accepted.
    pub unknown_done: u64,
    /// Tasks that were done at least once.
    pub done: u64,
    /// Runs in all.
    pub runs: u64,
    /// Runs that an excuse covers: in flight when something was done to their process.
    pub in_flight: u64,
    /// Runs that were repeated without having asked for it.
    pub extra: u64,
    /// Accepted, never done, and nowhere to be seen.
    pub lost: Vec<u64>,
    /// The same, accepted while the server may forget.
    pub forgotten: Vec<u64>,
    /// Repeated although no excuse covers the run before; one entry a run.
    pub excess: Vec<u64>,
    /// Run although their push had been refused.
    pub ghosts: Vec<u64>,
    /// Buried.
    pub buried: Vec<u64>,
    /// Still in the queue at the end.
    pub waiting: Vec<u64>,
    /// Taken over by another process before they were done, and accepted from both.
    pub stale: Vec<u64>,
    /// Run before they were due.
    pub early: Vec<u64>,
}

impl Findings {
    /// Everything that no fault may cause, one line a kind.
    pub fn breaches(&self) -> Vec<String> {
        let kinds: [(&str, &Vec<u64>); 7] = [
            ("accepted and lost", &self.lost),
            ("runs in excess", &self.excess),
            ("run although refused", &self.ghosts),
            ("innocent and buried", &self.buried),
            ("left in the queue", &self.waiting),
            ("stale outcomes accepted", &self.stale),
            ("run early", &self.early),
        ];
        let found = kinds.iter().filter(|(_, tasks)| !tasks.is_empty());
        found
            .map(|(what, tasks)| {
                let first = &tasks[..tasks.len().min(5)];
                format!("{} {what}, such as {first:?}", tasks.len())
            })
            .collect()
    }
}

/// Checks the histories of all processes against what the queue held in the end.
pub fn check(histories: &[History], left: &Left, excuses: &[Excuse]) -> Findings {
    let pushed = pushes(histories);
    let runs = runs_by_task(histories);
    let mut findings = Findings {
        pushed: pushed.len() as u64,
        buried: left.dead.clone(),
        waiting: left.waiting.clone(),
        ..Findings::default()
    };
    for (id, push) in &pushed {
        let none = Vec::new();
        let runs = runs.get(id).unwrap_or(&none);
        let done = runs.iter().any(|run| matches!(run.how, How::Done(_)));
        let seen = done || left.dead.contains(id) || left.waiting.contains(id);
        match push.answer {
            Answer::Accepted(at) => {
                findings.accepted += 1;
                if !seen && excuses.iter().any(|excuse| excuse.forgets(at)) {
                    findings.forgotten.push(*id);
                } else if !seen {
                    findings.lost.push(*id);
                }
            }
            Answer::Refused => {
                findings.refused += 1;
                if !runs.is_empty() {
                    findings.ghosts.push(*id);
                }
            }
            Answer::Unknown => {
                findings.unknown += 1;
                findings.unknown_done += u64::from(done);
            }
        }
        findings.done += u64::from(done);
        look_at_runs(&mut findings, *id, runs, excuses);
        if is_early(push, runs, excuses) {
            findings.early.push(*id);
        }
    }
    findings.sort();
    findings
}

impl Findings {
    fn sort(&mut self) {
        for list in [
            &mut self.lost,
            &mut self.forgotten,
            &mut self.excess,
            &mut self.ghosts,
            &mut self.stale,
            &mut self.early,
        ] {
            list.sort_unstable();
        }
    }
}

fn pushes(histories: &[History]) -> HashMap<u64, Pushed> {
    let mut pushed = HashMap::new();
    for event in histories.iter().flat_map(|history| &history.events) {
        let (id, answer) = match event.word {
            Word::Push { id, after_ms } => {
                // Without a further word it is unknown: its producer was killed.
                let after = after_ms * 1_000;
                pushed.insert(id, Pushed { at: event.at, after, answer: Answer::Unknown });
                continue;
            }
            Word::Ok { id } => (id, Answer::Accepted(event.at)),
            Word::Failed { id } => (id, Answer::Refused),
            Word::Unknown { id } => (id, Answer::Unknown),
            _ => continue,
        };
        if let Some(push) = pushed.get_mut(&id) {
            push.answer = answer;
        }
    }
    pushed
}

fn look_at_runs(findings: &mut Findings, id: u64, runs: &[Run<'_>], excuses: &[Excuse]) {
    let covered = |run: &Run<'_>, again| {
        let cut = run.cut(again);
        excuses.iter().any(|excuse| excuse.covers(&cut))
    };
    findings.runs += runs.len() as u64;
    findings.in_flight += runs.iter().filter(|run| covered(run, None)).count() as u64;
    for pair in runs.windows(2) {
        let (run, next) = (&pair[0], &pair[1]);
        if matches!(run.how, How::Again { .. }) {
            continue;
        }
        findings.extra += 1;
        if !covered(run, Some(next.start)) {
            findings.excess.push(id);
        }
    }
    let is_stale = |run: &&Run<'_>| match (run.how, run.stored) {
        (How::Done(_), Some(stored)) => runs.iter().any(|other| {
            let between = other.start > run.start && other.start + APART < stored;
            between && other.process != run.process
        }),
        _ => false,
    };
    findings.stale.extend(runs.iter().filter(is_stale).map(|_| id));
}

fn is_early(push: &Pushed, runs: &[Run<'_>], excuses: &[Excuse]) -> bool {
    if runs.first().is_some_and(|first| first.start + APART < push.at + push.after) {
        return true;
    }
    runs.windows(2).any(|pair| {
        let (before, next) = (&pair[0], &pair[1]);
        let How::Again { at, after } = before.how else { return false };
        let cut = before.cut(Some(next.start));
        let wish_unwritten = excuses.iter().any(|excuse| excuse.covers(&cut));
        !wish_unwritten && next.start + APART < at + after
    })
}

#[cfg(test)]
#[path = "checker_tests.rs"]
mod tests;
