//! A list of tasks from which any of them can be taken out in O(log n).

use std::collections::BTreeMap;

use tireless_core::{Reentry, TaskId};

/// Where the first task of a line stands: there is room for 2^62 on either side, and the topmost
/// bit stays free.
const MIDDLE: u64 = 1 << 62;

/// A list in order of positions. A position names its place until the task is taken out.
#[derive(Debug)]
pub(crate) struct Line {
    items: BTreeMap<u64, TaskId>,
    /// Positions from here on, up to `back`, have been given away.
    front: u64,
    back: u64,
}

impl Default for Line {
    fn default() -> Self {
        Self { items: BTreeMap::new(), front: MIDDLE, back: MIDDLE }
    }
}

impl Line {
    /// Adds a task at one end and gives its position.
    pub(crate) fn add(&mut self, id: TaskId, end: Reentry) -> u64 {
        let position = match end {
            Reentry::Back => {
                self.back += 1;
                self.back - 1
            }
            Reentry::Front => {
                self.front -= 1;
                self.front
            }
        };
        self.items.insert(position, id);
        position
    }

    /// Takes the task at this position out.
    pub(crate) fn remove(&mut self, position: u64) {
        self.items.remove(&position);
    }

    /// The task that is next, with its position.
    pub(crate) fn first(&self) -> Option<(u64, TaskId)> {
        self.items.first_key_value().map(|(position, id)| (*position, *id))
    }

    /// The tasks from this position on, in order.
    pub(crate) fn from(&self, position: u64) -> impl Iterator<Item = (u64, TaskId)> + '_ {
        self.items.range(position..).map(|(position, id)| (*position, *id))
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}
