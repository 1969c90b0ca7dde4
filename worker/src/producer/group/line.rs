//! Who is in a group: the calls that are under way, and the pushes that wait for one.

use std::collections::VecDeque;

use tireless_core::{NewTask, Result, limits};
use tokio::sync::oneshot;

use crate::producer::Receipt;

/// Calls of one group that are under way at a time before pushes wait for the next one: the store
/// works on one while the other travels.
pub(super) const FLIGHTS: usize = 2;

#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) flights: usize,
    /// By rising numbers without a gap.
    pub(super) waiting: VecDeque<Waiting>,
    /// The number of the next one.
    next: u64,
}

#[derive(Debug)]
pub(super) struct Waiting {
    number: u64,
    /// Nothing any more if its push was dropped.
    pub(super) task: Option<NewTask>,
    pub(super) answer: oneshot::Sender<Result<Receipt>>,
}

/// How a push begins.
pub(super) enum Entry {
    /// Alone, in a flight that has begun.
    Flies(NewTask),
    /// For another's flight, under this number.
    Waits(u64, oneshot::Receiver<Result<Receipt>>),
}

impl Line {
    /// Lets a push fly at once if few fly and nobody waits: those who wait are taken along when a
    /// flight ends. In one step with the look at who flies: between two, a flight could begin with
    /// somebody else's task.
    pub(super) fn enter(&mut self, task: NewTask) -> Entry {
        if self.flights < FLIGHTS && self.waiting.is_empty() {
            self.flights += 1;
            return Entry::Flies(task);
        }
        let (answer, answered) = oneshot::channel();
        let number = self.next;
        self.next += 1;
        self.waiting.push_back(Waiting { number, task: Some(task), answer });
        Entry::Waits(number, answered)
    }

    pub(super) fn find(&mut self, number: u64) -> Option<&mut Waiting> {
        let first = self.waiting.front()?.number;
        self.waiting.get_mut(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    /// Begins a flight with those that wait, unless so many are under way.
    pub(super) fn board(&mut self, most: usize) -> Option<Load> {
        if self.flights >= most {
            return None;
        }
        let load = self.load()?;
        self.flights += 1;
        Some(load)
    }

    /// Begins a flight whatever is under way, as long as this one waits.
    pub(super) fn board_past(&mut self, number: u64) -> Option<Load> {
        self.find(number)?;
        self.board(usize::MAX)
    }

    /// What the next call carries, within the bounds of one (B7).
    pub(super) fn load(&mut self) -> Option<Load> {
        let (mut load, mut bytes) = (Load::default(), 0);
        while load.tasks.len() < limits::TASKS_PER_CALL
            && let Some(mut waiting) = self.waiting.pop_front()
        {
            let Some(task) = waiting.task.take() else { continue };
            bytes += task.envelope.len();
            if bytes > limits::BYTES_PER_CALL && !load.tasks.is_empty() {
                self.waiting.push_front(Waiting { task: Some(task), ..waiting });
                break;
            }
            load.tasks.push(task);
            load.answers.push(waiting.answer);
        }
        (!load.tasks.is_empty()).then_some(load)
    }
}

/// The tasks of one call, and who waits for its answer.
#[derive(Debug, Default)]
pub(super) struct Load {
    pub(super) tasks: Vec<NewTask>,
    pub(super) answers: Vec<oneshot::Sender<Result<Receipt>>>,
}
