//! The tasks that are held under one claim.

use tireless_core::TaskId;

/// Tasks in the order in which they were taken. All of them come in one step and go one by one, so
/// places are kept empty until the claim is over: it is no longer than a call (B7).
#[derive(Debug, Default)]
pub(crate) struct HeldClaim {
    /// Whether its task runs alone (B11).
    pub(crate) alone: bool,
    /// By position in the line of running tasks, which rises.
    places: Vec<(u64, Option<TaskId>)>,
    held: usize,
}

impl HeldClaim {
    /// Adds a task, which stands behind all that were added before.
    pub(crate) fn add(&mut self, position: u64, id: TaskId) {
        self.places.push((position, Some(id)));
        self.held += 1;
    }

    /// Takes the task at this position out.
    pub(crate) fn remove(&mut self, position: u64) {
        if let Some(place) = self.place(position)
            && self.places[place].1.take().is_some()
        {
            self.held -= 1;
        }
    }

    /// Whether this task is held, at this position.
    pub(crate) fn holds(&self, position: u64, id: TaskId) -> bool {
        self.place(position).is_some_and(|place| self.places[place].1 == Some(id))
    }

    /// The tasks that are held.
    pub(crate) fn ids(&self) -> impl DoubleEndedIterator<Item = TaskId> + '_ {
        self.places.iter().filter_map(|(_, id)| *id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// How many tasks are held.
    pub(crate) fn len(&self) -> usize {
        self.held
    }

    fn place(&self, position: u64) -> Option<usize> {
        self.places.binary_search_by_key(&position, |(position, _)| *position).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_go_in_any_order() {
        let id = |number| TaskId::from_bytes([number; 16]);
        let mut claim = HeldClaim::default();
        for number in 0..3 {
            claim.add(10 + u64::from(number), id(number));
        }
        claim.remove(11);
        claim.remove(11);
        claim.remove(99);
        assert!(claim.holds(10, id(0)) && claim.holds(12, id(2)));
        assert!(!claim.holds(11, id(1)) && !claim.holds(10, id(2)));
        assert_eq!(claim.ids().rev().collect::<Vec<_>>(), [id(2), id(0)]);
        claim.remove(10);
        assert!(!claim.is_empty());
        claim.remove(12);
        assert!(claim.is_empty());
    }
}
