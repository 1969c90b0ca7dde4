//! A set of tasks in order of a time: when they fall due, died, or were done.

use std::collections::BTreeMap;

use tireless_core::{StoreTime, TaskId};

/// Names the place of a task in a [`Timed`]: its time, and a number among those of the same time.
pub(crate) type Moment = (StoreTime, u64);

/// A set in order of time; tasks of the same time stand in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Timed {
    items: BTreeMap<Moment, TaskId>,
}

impl Timed {
    /// Adds a task and gives its place.
    pub(crate) fn add(&mut self, at: StoreTime, id: TaskId) -> Moment {
        let last = self.items.range((at, 0)..=(at, u64::MAX)).next_back();
        let moment = (at, last.map_or(0, |((_, number), _)| number + 1));
        self.items.insert(moment, id);
        moment
    }

    /// Takes the task at this place out.
    pub(crate) fn remove(&mut self, moment: Moment) {
        self.items.remove(&moment);
    }

    /// The task with the earliest time.
    pub(crate) fn first(&self) -> Option<(Moment, TaskId)> {
        self.items.first_key_value().map(|(moment, id)| (*moment, *id))
    }

    /// The earliest time.
    pub(crate) fn earliest(&self) -> Option<StoreTime> {
        self.first().map(|((at, _), _)| at)
    }

    /// Whether the earliest time has come.
    pub(crate) fn is_due(&self, now: StoreTime) -> bool {
        self.earliest().is_some_and(|at| at <= now)
    }

    /// At most `limit` tasks whose time has come, the earliest first.
    pub(crate) fn due(&self, now: StoreTime, limit: usize) -> Vec<TaskId> {
        self.items.range(..=(now, u64::MAX)).take(limit).map(|(_, id)| *id).collect()
    }

    /// The tasks from this place on, in order.
    pub(crate) fn from(&self, moment: Moment) -> impl Iterator<Item = (Moment, TaskId)> + '_ {
        self.items.range(moment..).map(|(moment, id)| (*moment, *id))
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }
}
