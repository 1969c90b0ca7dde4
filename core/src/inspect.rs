//! Inspect: reads for operators. Nothing here changes anything.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    Checkup, FailureHistory, History, OwnId, QueueName, Result, State, StoreTime, TaskId, WorkerId,
    WorkerView,
};

/// How much of everything a queue holds. All counts are O(1) (B7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Ready to run, suspects among them.
    pub ready: u64,
    /// Of the ready ones, those that must run alone (B11).
    pub suspects: u64,
    /// Held by workers, dead ones among them until they are reclaimed.
    pub running: u64,
    /// Waiting for their time.
    pub scheduled: u64,
    /// Waiting for their next attempt.
    pub failed: u64,
    /// Buried.
    pub dead: u64,
    /// Done and kept.
    pub kept: u64,
    /// Done since the queue exists.
    pub done: u64,
    /// Dropped from the dead or kept tasks because their set was full.
    pub dropped: u64,
    /// Raw bodies in the inbox.
    pub inbox: u64,
    /// Pushed since the queue exists.
    pub pushed: u64,
    /// Live workers.
    pub workers: u64,
    /// Age of the oldest ready task, in milliseconds, by its maker's clock; 0 if none waits.
    pub oldest_ready_ms: u64,
    /// Whether the queue gives no tasks for now.
    pub paused: bool,
}

/// A page to be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// The queue.
    pub queue: QueueName,
    /// Which tasks.
    pub state: State,
    /// Where the page starts: 0, or what the page before gave.
    pub cursor: u64,
    /// Most tasks on the page; 1,000 at most, and 0 counts as 1.
    pub limit: usize,
}

/// A page of tasks: fewer than its limit rather than more than
/// [`BYTES_PER_CALL`](crate::limits::BYTES_PER_CALL), but one at least. Tasks that move
/// while one pages may be seen twice or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The tasks.
    pub tasks: Vec<TaskSummary>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<u64>,
}

/// One line of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskSummary {
    /// The task.
    pub id: TaskId,
    /// When it falls due, died or was done; `None` for ready and running tasks.
    pub at: Option<StoreTime>,
    /// Its bytes; empty if they are missing.
    pub envelope: Bytes,
    /// What it has been through.
    pub history: History,
}

impl TaskSummary {
    /// A line of a listing.
    pub fn new(id: TaskId, at: Option<StoreTime>, envelope: Bytes, history: History) -> Self {
        Self { id, at, envelope, history }
    }
}

/// All there is to know about one task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskDetail {
    /// Its line of a listing.
    pub summary: TaskSummary,
    /// Where it is.
    pub state: State,
    /// Who holds it, while it runs.
    pub worker: Option<WorkerId>,
    /// Its failures, the newest first.
    pub failures: FailureHistory,
}

impl TaskDetail {
    /// The details of a task that no worker holds.
    pub fn new(summary: TaskSummary, state: State) -> Self {
        Self { summary, state, worker: None, failures: FailureHistory::default() }
    }
}

/// What the store tells about itself; `None` where it has no such thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerStats {
    /// Name and version, such as `redis 7.0.15`.
    pub name: String,
    /// Processor time it has used, in microseconds.
    pub cpu_us: Option<u64>,
    /// Commands that clients have sent to it.
    pub commands: Option<u64>,
    /// Bytes of memory in use.
    pub memory_bytes: Option<u64>,
}

/// Reads for operators. All of it is paged or O(1) (B7), and none of it ever fails because of
/// what a body holds (B9).
///
/// Every method is safe to cancel (B10) and to repeat: it may be dropped at any await.
///
/// # Errors
/// Of each method: `Unavailable` or `Timeout` where the store does not answer, `Denied` where it
/// refuses the user, `WrongType` for a key that holds what is not ours, `Unsupported` for a queue of
/// a later layout, `Corrupt` for an answer that cannot be read.
#[async_trait]
pub trait Inspect: fmt::Debug + Send + Sync + 'static {
    /// The names of the queues that are or were in use.
    async fn queues(&self) -> Result<Vec<QueueName>>;

    /// How much of everything a queue holds. A queue that does not exist holds nothing.
    async fn counts(&self, queue: &QueueName) -> Result<Counts>;

    /// A page of tasks: ready ones in the order they will run, scheduled and failed ones by due
    /// time, dead and done ones the oldest first.
    ///
    /// # Errors
    /// `TooLarge` for a limit over [`TASKS_PER_CALL`](crate::limits::TASKS_PER_CALL), and those of
    /// each method.
    async fn list(&self, list: &List) -> Result<Page>;

    /// One task, or `None` if the queue has no such task.
    async fn show(&self, queue: &QueueName, id: TaskId) -> Result<Option<TaskDetail>>;

    /// The task that lives under a user's own id, in whatever place it is, or `None` if none does
    /// (B3.7). A dead task still lives; one that is done does not, though it may be kept.
    ///
    /// ```
    /// use tireless_core::{Backend, OwnId, QueueName, Removed, Result};
    ///
    /// /// Takes back what was pushed under this own id; whether there was something to take back.
    /// async fn take_back(broker: &dyn Backend, queue: &QueueName, own_id: &str) -> Result<bool> {
    ///     let Some(id) = broker.find(queue, &OwnId::new(own_id)?).await? else { return Ok(false) };
    ///     Ok(broker.remove(queue, &[id]).await? == [Removed::Removed])
    /// }
    /// ```
    async fn find(&self, queue: &QueueName, own_id: &OwnId) -> Result<Option<TaskId>>;

    /// The workers that live.
    async fn workers(&self) -> Result<Vec<WorkerView>>;

    /// What the store tells about itself.
    async fn server(&self) -> Result<ServerStats>;

    /// What each server of the store tells about how safely it keeps tasks, and what this user may
    /// do there: a look of a second or so that changes nothing. A store that has nothing to tell
    /// leaves it all untold.
    ///
    /// # Errors
    /// When the store is away. What it refuses is part of the answer.
    async fn checkup(&self) -> Result<Vec<Checkup>> {
        Ok(vec![Checkup::default()])
    }
}

#[async_trait]
impl<T: Inspect + ?Sized> Inspect for Arc<T> {
    async fn queues(&self) -> Result<Vec<QueueName>> {
        (**self).queues().await
    }

    async fn counts(&self, queue: &QueueName) -> Result<Counts> {
        (**self).counts(queue).await
    }

    async fn list(&self, list: &List) -> Result<Page> {
        (**self).list(list).await
    }

    async fn show(&self, queue: &QueueName, id: TaskId) -> Result<Option<TaskDetail>> {
        (**self).show(queue, id).await
    }

    async fn find(&self, queue: &QueueName, own_id: &OwnId) -> Result<Option<TaskId>> {
        (**self).find(queue, own_id).await
    }

    async fn workers(&self) -> Result<Vec<WorkerView>> {
        (**self).workers().await
    }

    async fn server(&self) -> Result<ServerStats> {
        (**self).server().await
    }

    async fn checkup(&self) -> Result<Vec<Checkup>> {
        (**self).checkup().await
    }
}
