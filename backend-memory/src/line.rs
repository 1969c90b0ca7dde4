//! A list of tasks from which any of them can be taken out in O(log n).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use tireless_core::{Reentry, TaskId};

/// Where the first task of a line stands: there is room for 2^62 on either side, and the topmost
/// bit stays free.
const MIDDLE: u64 = 1 << 62;

/// Neighbouring positions that share an entry of the map: neighbours mostly come and go together.
const BLOCK: u64 = 32;

/// A list in order of positions. A position names its place until the task is taken out.
#[derive(Debug)]
pub(crate) struct Line {
    /// By position over the length of a block. None is empty.
    blocks: BTreeMap<u64, Block>,
    len: usize,
    /// Positions from here on, up to `back`, have been given away.
    front: u64,
    back: u64,
}

#[derive(Debug)]
struct Block {
    /// A bit for each place that holds a task.
    taken: u32,
    ids: [TaskId; BLOCK as usize],
}

impl Default for Line {
    fn default() -> Self {
        Self { blocks: BTreeMap::new(), len: 0, front: MIDDLE, back: MIDDLE }
    }
}

impl Default for Block {
    fn default() -> Self {
        Self { taken: 0, ids: [TaskId::from_bytes([0; 16]); BLOCK as usize] }
    }
}

impl Block {
    /// Its tasks in order, each with its place.
    fn tasks(&self) -> impl Iterator<Item = (u64, TaskId)> + '_ {
        let taken = |place: &u64| self.taken >> place & 1 == 1;
        (0..BLOCK).filter(taken).map(|place| (place, self.ids[place as usize]))
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
        let block = self.blocks.entry(position / BLOCK).or_default();
        block.taken |= 1 << (position % BLOCK);
        block.ids[(position % BLOCK) as usize] = id;
        self.len += 1;
        position
    }

    /// Takes the task at this position out.
    pub(crate) fn remove(&mut self, position: u64) {
        let Entry::Occupied(mut block) = self.blocks.entry(position / BLOCK) else { return };
        let before = block.get().taken;
        let after = before & !(1 << (position % BLOCK));
        self.len -= usize::from(after != before);
        if after == 0 {
            block.remove();
        } else {
            block.get_mut().taken = after;
        }
    }

    /// The task that is next, with its position.
    pub(crate) fn first(&self) -> Option<(u64, TaskId)> {
        let (number, block) = self.blocks.first_key_value()?;
        let place = block.taken.trailing_zeros();
        Some((number * BLOCK + u64::from(place), block.ids[place as usize]))
    }

    /// The tasks from this position on, in order.
    pub(crate) fn from(&self, position: u64) -> impl Iterator<Item = (u64, TaskId)> + '_ {
        let blocks = self.blocks.range(position / BLOCK..);
        let tasks = blocks.flat_map(|(number, block)| {
            block.tasks().map(move |(place, id)| (number * BLOCK + place, id))
        });
        tasks.skip_while(move |(at, _)| *at < position)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> TaskId {
        TaskId::from_bytes([number; 16])
    }

    #[test]
    fn tasks_stand_in_the_order_of_their_ends() {
        let mut line = Line::default();
        let positions: Vec<u64> =
            (0..100).map(|number| line.add(id(number), Reentry::Back)).collect();
        let before = line.add(id(200), Reentry::Front);
        assert_eq!((line.first(), line.len()), (Some((before, id(200))), 101));
        for position in &positions[10..90] {
            line.remove(*position);
            line.remove(*position);
        }
        line.remove(before);
        assert_eq!((line.first(), line.len()), (Some((positions[0], id(0))), 20));
        let from = |position| line.from(position).map(|(_, id)| id).collect::<Vec<_>>();
        assert_eq!(from(positions[8]), [8, 9, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99].map(id));
        assert_eq!(from(positions[99] + 1), []);
    }

    #[test]
    fn what_is_taken_out_leaves_nothing_behind() {
        let mut line = Line::default();
        let stays = line.add(id(1), Reentry::Back);
        for _ in 0..10_000 {
            let goes = line.add(id(2), Reentry::Back);
            line.remove(goes);
        }
        assert!(line.blocks.len() == 1, "{}", line.blocks.len());
        line.remove(stays);
        assert!(line.is_empty() && line.blocks.is_empty() && line.first().is_none());
    }
}
