//! A set of tasks in order of a time: when they fall due, died, or were done.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};

use tireless_core::{StoreTime, TaskId};

/// A set in order of time; tasks of the same time stand in the order of their ids, as in Redis.
#[derive(Debug, Default)]
pub(crate) struct Timed {
    items: BTreeSet<(StoreTime, TaskId)>,
}

const FIRST: TaskId = TaskId::from_bytes([0; 16]);
const LAST: TaskId = TaskId::from_bytes([0xFF; 16]);

impl Timed {
    pub(crate) fn add(&mut self, at: StoreTime, id: TaskId) {
        self.items.insert((at, id));
    }

    pub(crate) fn remove(&mut self, at: StoreTime, id: TaskId) {
        self.items.remove(&(at, id));
    }

    /// The task with the earliest time.
    pub(crate) fn first(&self) -> Option<TaskId> {
        self.items.first().map(|(_, id)| *id)
    }

    /// The earliest time.
    pub(crate) fn earliest(&self) -> Option<StoreTime> {
        self.items.first().map(|(at, _)| *at)
    }

    /// Whether the earliest time has come.
    pub(crate) fn is_due(&self, now: StoreTime) -> bool {
        self.earliest().is_some_and(|at| at <= now)
    }

    /// At most `limit` tasks whose time has come, the earliest first.
    pub(crate) fn due(&self, now: StoreTime, limit: usize) -> Vec<TaskId> {
        self.items.range(..=(now, LAST)).take(limit).map(|(_, id)| *id).collect()
    }

    /// The tasks from a place on, in order, each with its place: its time, and how many of the same
    /// time stand before it.
    pub(crate) fn from(
        &self,
        at: StoreTime,
        before: u64,
    ) -> impl Iterator<Item = (StoreTime, u64, TaskId)> + '_ {
        let skipped = usize::try_from(before).unwrap_or(usize::MAX);
        let same = self.items.range((at, FIRST)..=(at, LAST)).skip(skipped);
        let later = self.items.range((Excluded((at, LAST)), Unbounded));
        let mut next = (at, before);
        same.chain(later).map(move |(at, id)| {
            let before = if next.0 == *at { next.1 } else { 0 };
            next = (*at, before + 1);
            (*at, before, *id)
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }
}
