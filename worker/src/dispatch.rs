//! Dispatch: tasks that were claimed wait here for a free slot.
//!
//! A slot is a tokio task that runs one handler after the other and ends when nothing waits: one
//! spawn serves many short tasks, and an idle pool holds none.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tireless_core::ClaimedTask;

use crate::hoard::HOARD;
use crate::ledger::Batch;
use crate::sync::{Mutex, MutexGuard, Notify};

/// So many tasks a pool runs at most, and so many it keeps ready: whoever asks for more wants no
/// limit, and would have a whole queue in memory.
pub(crate) const MOST_TASKS: usize = 1 << 20;

/// A task that a claim took, and that is to be run.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) task: ClaimedTask,
    pub(crate) batch: Arc<Batch>,
    /// Which one of its batch it is.
    pub(crate) place: usize,
}

/// What runs and waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) running: usize,
    pub(crate) waiting: usize,
    /// How long runs take, on a moving average; `None` until one has ended.
    pub(crate) mean: Option<Duration>,
    /// How many tasks slots have taken so far.
    pub(crate) began: u64,
    /// When a slot last took one.
    pub(crate) last_began: Duration,
    /// Rises each time that tasks begin to wait.
    pub(crate) wait: u64,
    /// How many may wait, as far as the last runs were quick.
    pub(crate) ramp: usize,
}

impl Load {
    /// Tasks that run or wait to.
    pub(crate) fn total(&self) -> usize {
        self.running + self.waiting
    }
}

#[derive(Debug, Default)]
struct Queue {
    tasks: VecDeque<Taken>,
    slots: usize,
    running: usize,
    mean_ns: Option<u64>,
    began: u64,
    last_began: Duration,
    wait: u64,
    ramp: usize,
    /// Quick runs since the ramp last changed.
    quick: usize,
    /// Tell the claimer when no more than this many run or wait.
    wake_at: Option<usize>,
    closed: bool,
}

/// The waiting tasks and the slots that take them.
#[derive(Debug)]
pub(crate) struct Dispatch {
    queue: Mutex<Queue>,
    concurrency: usize,
    wake: Arc<Notify>,
}

impl Dispatch {
    /// With this many slots; `wake` is rung when there is room that was asked for.
    pub(crate) fn new(concurrency: usize, wake: Arc<Notify>) -> Self {
        let queue = Queue { ramp: concurrency, ..Queue::default() };
        Self { queue: Mutex::new(queue), concurrency, wake }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds tasks. Answers how many slots are to be opened for them; gives the tasks back when the
    /// dispatch is closed.
    pub(crate) fn offer(&self, tasks: Vec<Taken>) -> Result<usize, Vec<Taken>> {
        let mut queue = self.queue();
        if queue.closed {
            return Err(tasks);
        }
        queue.wait += u64::from(queue.tasks.is_empty());
        queue.tasks.extend(tasks);
        let opened = (self.concurrency - queue.slots).min(queue.tasks.len());
        queue.slots += opened;
        Ok(opened)
    }

    /// The next task of a slot, which says how long its last run took, and the time. After `None`
    /// the slot is closed.
    pub(crate) fn next(&self, ended: Option<Duration>, now: Duration) -> Option<Taken> {
        let mut queue = self.queue();
        if let Some(took) = ended {
            queue.running -= 1;
            queue.climb(took, self.concurrency);
            let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX / 16);
            queue.mean_ns = Some(match queue.mean_ns {
                Some(mean) => mean - mean / 16 + took / 16,
                None => took,
            });
        }
        let taken = queue.tasks.pop_front();
        match taken {
            Some(_) => {
                queue.running += 1;
                queue.began += 1;
                queue.last_began = now;
            }
            None => queue.slots -= 1,
        }
        let load = queue.running + queue.tasks.len();
        let wake = queue.wake_at.is_some_and(|at| load <= at);
        if wake {
            queue.wake_at = None;
        }
        drop(queue);
        if wake {
            self.wake.notify_one();
        }
        taken
    }

    /// What runs and waits now.
    pub(crate) fn load(&self) -> Load {
        let queue = self.queue();
        Load {
            running: queue.running,
            waiting: queue.tasks.len(),
            mean: queue.mean_ns.map(Duration::from_nanos),
            began: queue.began,
            last_began: queue.last_began,
            wait: queue.wait,
            ramp: queue.ramp,
        }
    }

    /// Rings once no more than `total` tasks run or wait; at once if that is so already.
    pub(crate) fn wake_at(&self, total: usize) {
        let mut queue = self.queue();
        if queue.running + queue.tasks.len() <= total {
            drop(queue);
            self.wake.notify_one();
        } else {
            queue.wake_at = Some(total);
        }
    }

    /// Takes out what waits behind the first `keep`: it is not going to be run here. Runs are
    /// taken to last `mean` at least from now on.
    pub(crate) fn recall(&self, keep: usize, mean: Duration) -> Vec<Taken> {
        let mut queue = self.queue();
        let mean = u64::try_from(mean.as_nanos()).unwrap_or(u64::MAX / 16);
        queue.mean_ns = queue.mean_ns.max(Some(mean));
        queue.start_small(self.concurrency);
        let keep = keep.min(queue.tasks.len());
        queue.tasks.split_off(keep).into()
    }

    /// Lets no more wait than there are slots, until runs have proved quick again.
    pub(crate) fn start_small(&self) {
        self.queue().start_small(self.concurrency);
    }

    /// Takes no more tasks, and gives back those that wait.
    pub(crate) fn close(&self) -> Vec<Taken> {
        let mut queue = self.queue();
        queue.closed = true;
        queue.tasks.drain(..).collect()
    }
}

impl Queue {
    /// The ramp doubles once as many runs as it were quick; a slow one takes it down.
    fn climb(&mut self, took: Duration, least: usize) {
        if took > HOARD {
            return self.start_small(least);
        }
        self.quick += 1;
        if self.quick >= self.ramp {
            self.quick = 0;
            self.ramp = self.ramp.saturating_mul(2).min(MOST_TASKS);
        }
    }

    fn start_small(&mut self, least: usize) {
        self.ramp = least;
        self.quick = 0;
    }
}

#[cfg(test)]
#[path = "dispatch_tests.rs"]
mod tests;
