//! Events: what happens in a pool or a scheduler, told to those who observe it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tireless_core::{
    BuryReason, ClaimToken, Failure, Mended, Operation, QueueName, ReleaseReason, TaskId, TypeName,
    WorkerId,
};

use crate::quiet::{log, quietly};
use crate::summary::Summary;

/// A run of a task, as events name it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunOf {
    /// The queue the task came from.
    pub queue: QueueName,
    /// Its type; `None` for raw tasks, and where the envelope could not be read.
    pub task_type: Option<TypeName>,
    /// The task.
    pub id: TaskId,
    /// Under what it is held.
    pub claim: ClaimToken,
    /// Which attempt it is; the first is 1.
    pub attempt: u32,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A pool serves its queues from now on.
    PoolStarted {
        /// Its identity.
        worker: WorkerId,
        /// Its queues.
        queues: Vec<QueueName>,
    },
    /// A pool has ended.
    PoolStopped {
        /// Its identity.
        worker: WorkerId,
        /// What it did.
        summary: Summary,
    },
    /// A handler begins.
    Started {
        /// The run.
        run: RunOf,
    },
    /// A handler has done its task.
    Done {
        /// The run.
        run: RunOf,
        /// How long it took.
        took: Duration,
    },
    /// A run failed and is to be tried again.
    Failed {
        /// The run.
        run: RunOf,
        /// What went wrong.
        failure: Failure,
        /// How long until the next try.
        retry_in: Duration,
    },
    /// A task was given up.
    Buried {
        /// The run.
        run: RunOf,
        /// Why.
        reason: BuryReason,
        /// What went wrong.
        failure: Failure,
    },
    /// A handler wants its task later.
    Snoozed {
        /// The run.
        run: RunOf,
        /// How long it waits.
        delay: Duration,
    },
    /// A task was given back, uncharged: by a run, or before one began.
    Released {
        /// The run; it may not have begun.
        run: RunOf,
        /// Why.
        reason: ReleaseReason,
        /// How long it waits.
        after: Duration,
    },
    /// The store refused an outcome: the task had been taken over (B5).
    LeaseLost {
        /// The queue.
        queue: QueueName,
        /// The task.
        id: TaskId,
        /// Under what it was held.
        claim: ClaimToken,
    },
    /// The store cannot write an outcome: the task goes back and runs again.
    OutcomeRefused {
        /// The queue.
        queue: QueueName,
        /// The task.
        id: TaskId,
        /// Under what it was held.
        claim: ClaimToken,
        /// What the store said.
        message: String,
    },
    /// Tasks were taken back from workers that had died.
    Reclaimed {
        /// The queue.
        queue: QueueName,
        /// How many.
        tasks: u64,
        /// How many of them were buried as poison (B11).
        poisoned: u64,
    },
    /// A queue held what no operation leaves behind, and it was mended (B17).
    Mended {
        /// The queue.
        queue: QueueName,
        /// What it was.
        mended: Mended,
    },
    /// Dead or kept tasks went because their set was full or their time over (B12).
    Dropped {
        /// The queue.
        queue: QueueName,
        /// How many.
        tasks: u64,
    },
    /// The store does not answer any more, for one queue at least.
    StoreUnavailable {
        /// What was being done.
        operation: Operation,
        /// What it said.
        message: String,
    },
    /// The store answers again, for all queues.
    StoreRecovered,
    /// A loop of the pool failed and is started again.
    LoopRestarted {
        /// Which.
        name: &'static str,
        /// Why.
        reason: String,
    },
}

type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

/// Those who observe. An event is only made when there are any.
#[derive(Clone, Default)]
pub(crate) struct Observers(Vec<Observer>);

impl Observers {
    pub(crate) fn add(&mut self, observer: impl Fn(&Event) + Send + Sync + 'static) {
        self.0.push(Arc::new(observer));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells an event. An observer that panics harms nobody else.
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if self.0.is_empty() {
            return;
        }
        let event = event();
        for observer in &self.0 {
            if quietly(|| observer(&event)).is_none() {
                log!(warn, "an observer of the pool panicked");
            }
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observers({})", self.0.len())
    }
}
