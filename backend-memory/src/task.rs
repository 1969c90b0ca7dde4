//! One task: its bytes, the one place where it is, and what it has been through.

use bytes::Bytes;
use tireless_core::{FailureHistory, History, OwnId, State, StoreTime, WorkerId};

/// A task that the queue has.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) envelope: Bytes,
    pub(crate) place: Place,
    /// Stands only for tasks that need one.
    record: Option<Box<Record>>,
}

#[derive(Debug, Default)]
struct Record {
    history: History,
    failures: FailureHistory,
}

/// The one place where a task is (B1), precise enough to take it out of there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Ready(u64),
    Suspect(u64),
    Running(Run),
    Scheduled(StoreTime),
    Failed(StoreTime),
    Dead(StoreTime),
    Kept { done: StoreTime, end: StoreTime },
}

/// Under what a running task is held, and where it stands in the list of running tasks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) worker: WorkerId,
    pub(crate) claim: u64,
    pub(crate) position: u64,
}

impl Task {
    pub(crate) fn new(envelope: Bytes, place: Place) -> Self {
        Self { envelope, place, record: None }
    }

    /// What it has been through; the default if nothing is recorded.
    pub(crate) fn history(&self) -> History {
        self.record.as_ref().map(|record| record.history.clone()).unwrap_or_default()
    }

    /// The own id that it was pushed with.
    pub(crate) fn own_id(&self) -> Option<&OwnId> {
        self.record.as_ref()?.history.own_id.as_ref()
    }

    /// The failures kept with it.
    pub(crate) fn failures(&self) -> FailureHistory {
        self.record.as_ref().map(|record| record.failures.clone()).unwrap_or_default()
    }

    pub(crate) fn history_mut(&mut self) -> &mut History {
        &mut self.record.get_or_insert_default().history
    }

    pub(crate) fn failures_mut(&mut self) -> &mut FailureHistory {
        &mut self.record.get_or_insert_default().failures
    }

    /// Forgets history and failures, as a finished task does.
    pub(crate) fn forget(&mut self) {
        self.record = None;
    }

    pub(crate) fn is_suspect(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.history.is_suspect())
    }

    /// Whether it was to come back at the front; asking forgets it.
    pub(crate) fn take_enters_front(&mut self) -> bool {
        self.record.as_mut().is_some_and(|record| std::mem::take(&mut record.history.enters_front))
    }

    pub(crate) fn state(&self) -> State {
        match self.place {
            Place::Ready(_) | Place::Suspect(_) => State::Ready,
            Place::Running(_) => State::Running,
            Place::Scheduled(_) => State::Scheduled,
            Place::Failed(_) => State::Failed,
            Place::Dead(_) => State::Dead,
            Place::Kept { .. } => State::Done,
        }
    }

    /// When it falls due, died or was done; `None` for ready and running tasks.
    pub(crate) fn at(&self) -> Option<StoreTime> {
        match self.place {
            Place::Ready(_) | Place::Suspect(_) | Place::Running(_) => None,
            Place::Scheduled(at) | Place::Failed(at) | Place::Dead(at) => Some(at),
            Place::Kept { done, .. } => Some(done),
        }
    }
}
