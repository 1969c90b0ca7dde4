//! Inspect: reads for operators. Nothing here changes anything.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    BarePush, Checkup, DrainLimit, Error, FailureHistory, History, Operation, OwnId, QueueName,
    Result, StoreTime, TaskId, WorkerId,
};

/// Where a task is: in exactly one of these (B1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// In the ready list, or waiting to be run alone.
    Ready,
    /// Held by a worker.
    Running,
    /// Waiting for its time.
    Scheduled,
    /// Waiting for its next attempt.
    Failed,
    /// Buried.
    Dead,
    /// Done, and kept on purpose.
    Done,
}

impl State {
    /// All states, in the order of a task's life.
    pub const ALL: [Self; 6] =
        [Self::Ready, Self::Running, Self::Scheduled, Self::Failed, Self::Dead, Self::Done];

    /// The word that commands and listings use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Scheduled => "scheduled",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Done => "done",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for State {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
            let message = format!(
                "{text:?} is no state; there are ready, running, scheduled, failed, dead and done"
            );
            Error::invalid(Operation::Inspect, message)
        })
    }
}

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

/// What a worker tells about itself, for operators.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct WorkerInfo {
    /// Name of its host.
    pub host: String,
    /// Its process id.
    pub pid: u32,
    /// How many tasks it runs at once.
    pub concurrency: usize,
    /// Tasks it holds, in all queues.
    pub held: usize,
    /// When it started, in milliseconds since the Unix epoch, by its own clock.
    pub started_ms: u64,
    /// Its queues.
    pub queues: Vec<String>,
}

/// A live worker.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerView {
    /// Who.
    pub id: WorkerId,
    /// Until when it is believed alive.
    pub lease_until: StoreTime,
    /// What it tells about itself.
    pub info: WorkerInfo,
}

impl WorkerView {
    /// A live worker.
    pub fn new(id: WorkerId, lease_until: StoreTime, info: WorkerInfo) -> Self {
        Self { id, lease_until, info }
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
/// a later layout, `Corrupt` for an answer that cannot be read. The yardsticks (`.._limit`) write, so
/// theirs may be `OutOfMemory` too.
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

    /// How fast one worker that does nothing could at most take tasks of `body_bytes` out of this
    /// store, found by draining `tasks` of them with none of the contract's care: the yardstick of
    /// benchmarks. `None` where there is no such bare way. A bare body has 16 bytes at least, its id.
    /// Uses keys of its own and removes them.
    async fn drain_limit(&self, tasks: u64, body_bytes: usize) -> Result<Option<DrainLimit>> {
        let _ = (tasks, body_bytes);
        Ok(None)
    }

    /// How many bodies a second could at most be brought to this store in this way, found by
    /// bringing some. `None` where there is no such bare way. Uses a key of its own and removes it.
    async fn push_limit(&self, bare: &BarePush) -> Result<Option<f64>> {
        let _ = bare;
        Ok(None)
    }

    /// How soon a bare wait gets what is brought while it lasts, so many times one after the other:
    /// no idle worker can start a task sooner. `None` where there is no such bare way.
    async fn hand_over_limit(&self, samples: usize) -> Result<Option<Vec<Duration>>> {
        let _ = samples;
        Ok(None)
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

    async fn drain_limit(&self, tasks: u64, body_bytes: usize) -> Result<Option<DrainLimit>> {
        (**self).drain_limit(tasks, body_bytes).await
    }

    async fn push_limit(&self, bare: &BarePush) -> Result<Option<f64>> {
        (**self).push_limit(bare).await
    }

    async fn hand_over_limit(&self, samples: usize) -> Result<Option<Vec<Duration>>> {
        (**self).hand_over_limit(samples).await
    }
}
