//! The runs that histories tell of, each with its end.

use std::collections::HashMap;

use tireless::TaskId;

use crate::excuse::Cut;
use crate::history::{History, Moment, Word};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// It did not, as far as its process could tell.
    Open,
    /// Well.
    Done(Moment),
    /// It asked to be repeated.
    Again { at: Moment, after: Moment },
}

/// One run of a task.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'a> {
    pub(super) process: &'a str,
    pub(super) start: Moment,
    pub(super) how: How,
    /// When its process heard that the store keeps its outcome.
    pub(super) stored: Option<Moment>,
    /// When its process heard that the store refuses its outcome.
    refused: Option<Moment>,
    /// Whether it was told to stop.
    cancelled: bool,
}

impl<'a> Run<'a> {
    /// As something that another run repeated, or may repeat.
    pub(super) fn cut(&self, again: Option<Moment>) -> Cut<'a> {
        let (process, start) = (self.process, self.start);
        Cut { process, start, stored: self.stored, refused: self.refused, again }
    }
}

/// The runs of each task, in the order of their beginnings.
pub(super) fn runs_by_task(histories: &[History]) -> HashMap<u64, Vec<Run<'_>>> {
    let mut all: HashMap<u64, Vec<Run<'_>>> = HashMap::new();
    for history in histories {
        for (id, runs) in runs_of(history) {
            all.entry(id).or_default().extend(runs);
        }
    }
    for runs in all.values_mut() {
        runs.sort_by_key(|run| run.start);
    }
    all
}

fn runs_of(history: &History) -> HashMap<u64, Vec<Run<'_>>> {
    let mut runs: HashMap<u64, Vec<Run<'_>>> = HashMap::new();
    let mut numbers: HashMap<TaskId, u64> = HashMap::new();
    for event in &history.events {
        let (id, how) = match event.word {
            Word::Start { id, task, .. } => {
                numbers.insert(task, id);
                let (process, start) = (history.process.as_str(), event.at);
                let how = How::Open;
                let run =
                    Run { process, start, how, stored: None, refused: None, cancelled: false };
                runs.entry(id).or_default().push(run);
                continue;
            }
            Word::Cancelled { id } => {
                if let Some(run) = open_run(&mut runs, id) {
                    run.cancelled = true;
                }
                continue;
            }
            Word::Stored { task } | Word::Lost { task } => {
                // A task that was refused before it was started has no run.
                let of_task = numbers.get(&task).and_then(|id| runs.get_mut(id));
                let mut of_task = of_task.into_iter().flatten();
                let unanswered = |run: &&mut Run<'_>| run.stored.is_none() && run.refused.is_none();
                if let Some(run) = of_task.find(unanswered) {
                    match event.word {
                        Word::Lost { .. } => run.refused = Some(event.at),
                        _ => run.stored = Some(event.at),
                    }
                }
                continue;
            }
            Word::Done { id } => (id, How::Done(event.at)),
            Word::Again { id, after_ms } => {
                (id, How::Again { at: event.at, after: after_ms * 1_000 })
            }
            _ => continue,
        };
        if let Some(run) = open_run(&mut runs, id) {
            run.how = match how {
                // Who was told to stop and failed is not charged for it: the task is released.
                How::Again { at, .. } if run.cancelled => How::Again { at, after: 0 },
                how => how,
            };
        }
    }
    runs
}

fn open_run<'r, 'a>(runs: &'r mut HashMap<u64, Vec<Run<'a>>>, id: u64) -> Option<&'r mut Run<'a>> {
    runs.get_mut(&id)?.iter_mut().find(|run| run.how == How::Open)
}
