//! Discard: a queue goes, but for what its callers may still repeat (B3.3, B4.3, B5.3).

use std::collections::{BTreeSet, HashMap};
use std::sync::PoisonError;

use tireless_core::limits::REPEAT_WINDOW;
use tireless_core::{QueueName, StoreTime};

use super::{Store, Time, enter};
use crate::queue::Remains;

/// Discarded queues long gone that one call clears away.
const CLEARED_BY_A_CALL: usize = 16;

/// What is left of queues that were discarded, until they are made again or ten minutes are over.
#[derive(Debug, Default)]
pub(super) struct Discarded {
    remains: HashMap<QueueName, (StoreTime, Remains)>,
    order: BTreeSet<(StoreTime, QueueName)>,
}

impl Discarded {
    fn keep(&mut self, name: &QueueName, remains: Remains, now: StoreTime) {
        self.remains.insert(name.clone(), (now, remains));
        self.order.insert((now, name.clone()));
    }

    /// What the queue starts with that is made under this name.
    pub(super) fn take(&mut self, name: &QueueName) -> Remains {
        let Some((since, remains)) = self.remains.remove(name) else { return Remains::default() };
        self.order.remove(&(since, name.clone()));
        remains
    }

    /// Drops a few of those that nobody can repeat anything of.
    fn clear(&mut self, now: StoreTime) {
        for _ in 0..CLEARED_BY_A_CALL {
            match self.order.first() {
                Some((since, _)) if since.after(REPEAT_WINDOW) < now => {}
                _ => return,
            }
            if let Some((_, name)) = self.order.pop_first() {
                self.remains.remove(&name);
            }
        }
    }
}

impl Store {
    /// Takes away a queue that holds nothing and that no live worker serves.
    pub(crate) fn discard(&self, name: &QueueName, time: impl Time) -> bool {
        let mut queues = self.queues.write().unwrap_or_else(PoisonError::into_inner);
        let Some(found) = queues.get(name) else { return true };
        let mut queue = enter(found);
        let now = time.now();
        let counts = queue.counts(now);
        let idle = queue.tasks.is_empty() && counts.inbox == 0 && counts.workers == 0;
        if !idle {
            return false;
        }
        queue.is_gone = true;
        let mut discarded = enter(&self.discarded);
        discarded.clear(now);
        discarded.keep(name, queue.leave_remains(now), now);
        drop(discarded);
        // Before the queue can be made again, so that no ring of the new one is lost.
        enter(&self.bells).hush(name);
        drop(queue);
        queues.remove(name);
        true
    }

    /// Clears away what is left of queues that were discarded long ago.
    pub(super) fn clear_discarded(&self, time: impl Time) {
        enter(&self.discarded).clear(time.now());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tireless_core::WorkerId;

    use super::*;
    use crate::fixture::Bench;

    /// A discarded queue of each of these names, of which a push is remembered.
    fn discarded(b: &mut Bench, count: usize) {
        for number in 0..count {
            b.queue = QueueName::new(format!("q{number}")).unwrap();
            let ada = WorkerId::new();
            let pushed = b.push(1);
            assert_eq!(b.claim(ada, 1, 1), pushed);
            b.settle(ada, 1, vec![(pushed[0], tireless_core::Outcome::ACK)]);
            b.renew(ada, Duration::ZERO, &[], 2);
            assert!(b.store.discard(&b.queue, b.now));
        }
    }

    fn left(b: &Bench) -> usize {
        let discarded = enter(&b.store.discarded);
        assert_eq!(discarded.remains.len(), discarded.order.len());
        discarded.remains.len()
    }

    #[test]
    fn what_is_left_of_discarded_queues_goes_after_the_window() {
        let mut b = Bench::new();
        discarded(&mut b, CLEARED_BY_A_CALL + 1);
        assert_eq!((b.store.names(), left(&b)), (Vec::new(), CLEARED_BY_A_CALL + 1));
        b.pass(REPEAT_WINDOW);
        b.tick(1);
        assert_eq!(left(&b), CLEARED_BY_A_CALL + 1, "it is kept as long as a call may be repeated");
        b.pass(Duration::from_millis(1));
        b.tick(1);
        assert_eq!(left(&b), 1, "a few a call");
        b.tick(1);
        assert_eq!((b.store.names(), left(&b)), (Vec::new(), 0));
    }

    #[test]
    fn a_queue_made_again_takes_over_what_is_left() {
        let mut b = Bench::new();
        discarded(&mut b, 1);
        assert_eq!(left(&b), 1);
        b.push(1);
        assert_eq!((b.store.names().len(), left(&b)), (1, 0));
        assert_eq!(b.counts().pushed, 1);
    }
}
