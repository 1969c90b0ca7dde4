//! Requeue by hand, remove, purge, pause and resume.

use tireless_core::{
    Error, History, Moved, Operation, Purged, Reentry, Removed, Result, Selection, State, TaskId,
};

use crate::queue::Queue;
use crate::task::Place;

impl Queue {
    /// Makes failed or dead tasks ready, with attempts, crashes and returns forgotten.
    /// Tasks of other states are left alone.
    pub(crate) fn requeue(&mut self, selection: &Selection) -> Moved {
        let ids = match selection {
            Selection::Ids(ids) => ids.clone(),
            Selection::Oldest { state, limit } => self.oldest(*state, *limit),
        };
        let mut answer = Moved::default();
        for id in ids {
            let Some(task) = self.tasks.get_mut(&id) else { continue };
            if !matches!(task.place, Place::Failed(_) | Place::Dead(_)) {
                continue;
            }
            let history = task.history_mut();
            let own_id = history.own_id.take();
            *history = History::default();
            history.own_id = own_id;
            self.detach(id);
            self.enter(id, Reentry::Back);
            answer.moved += 1;
        }
        self.rings |= answer.moved > 0;
        if let Selection::Oldest { state, .. } = selection {
            answer.more = self.count(*state) > 0;
        }
        answer
    }

    /// Removes tasks that no worker holds.
    pub(crate) fn remove(&mut self, ids: &[TaskId]) -> Vec<Removed> {
        ids.iter().map(|id| self.remove_one(*id)).collect()
    }

    fn remove_one(&mut self, id: TaskId) -> Removed {
        match self.tasks.get(&id).map(|task| task.place) {
            None => Removed::Missing,
            Some(Place::Running(_)) => Removed::Running,
            Some(_) => {
                self.erase(id);
                Removed::Removed
            }
        }
    }

    /// Removes at most `limit` tasks of a state other than running.
    pub(crate) fn purge(&mut self, state: State, limit: usize) -> Purged {
        let ids = self.oldest(state, limit);
        for id in &ids {
            self.erase(*id);
        }
        let mut answer = Purged::default();
        answer.removed = ids.len() as u64;
        answer.more = self.count(state) > 0;
        answer
    }

    /// Makes claims take nothing.
    pub(crate) fn pause(&mut self) {
        self.paused = true;
    }

    /// Ends a pause.
    pub(crate) fn resume(&mut self) {
        self.paused = false;
        self.rings = true;
    }
}

/// Refuses a state from which nothing is requeued.
pub(crate) fn requeueable(state: State) -> Result<()> {
    if matches!(state, State::Failed | State::Dead) {
        return Ok(());
    }
    let message = format!("{state} tasks cannot be requeued; failed and dead ones can");
    Err(Error::invalid(Operation::Requeue, message))
}

/// Refuses a state that cannot be purged.
pub(crate) fn purgeable(state: State) -> Result<()> {
    if state != State::Running {
        return Ok(());
    }
    let message = "running tasks cannot be purged; wait until they are settled or reclaimed";
    Err(Error::invalid(Operation::Purge, message))
}

#[cfg(test)]
#[path = "admin_tests.rs"]
mod tests;
