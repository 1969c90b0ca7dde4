//! Admin: the operator's hand.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{QueueName, Reconcile, Reconciled, Result, State, TaskId};

/// Which tasks an operator means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// These; at most [`TASKS_PER_CALL`](crate::limits::TASKS_PER_CALL).
    Ids(Vec<TaskId>),
    /// The failed or the dead ones, the oldest first, at most this many in one call.
    Oldest {
        /// `Failed` or `Dead`.
        state: State,
        /// Most tasks; [`TASKS_PER_CALL`](crate::limits::TASKS_PER_CALL) at most.
        limit: usize,
    },
}

/// The answer to a requeue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moved {
    /// Tasks that are ready now.
    pub moved: u64,
    /// Whether the state still holds tasks that were meant. Of tasks that were named: whether some were
    /// not looked at, since their bodies are too large for one call; name the same ones again then.
    pub more: bool,
}

/// What became of one task that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Removed {
    /// It is gone.
    Removed,
    /// There is no such task.
    Missing,
    /// Refused: a worker holds it.
    Running,
}

/// The answer to a purge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Purged {
    /// Tasks that are gone.
    pub removed: u64,
    /// Whether the state still holds tasks.
    pub more: bool,
}

/// What an operator does. Each call is bounded (B7) and one step (B2); repeating one is safe.
///
/// Every method is safe to cancel (B10): a call that was dropped was carried out or was not.
///
/// # Errors
/// Of each method: `Unavailable` or `Timeout` where the store does not answer, `Denied` where it
/// refuses the user, `WrongType` for a key that holds what is not ours, `Unsupported` for a queue of
/// a later layout, `Corrupt` for an answer that cannot be read. The [effect](crate::Error::effect)
/// says whether the call may have been carried out.
#[async_trait]
pub trait Admin: Debug + Send + Sync + 'static {
    /// Makes failed or dead tasks ready, with their attempts and crashes forgotten; they enter
    /// behind all that wait. Rings the bell (B14). Tasks in other states are left alone.
    ///
    /// # Errors
    /// `InvalidInput` for a state other than failed or dead, or a limit of 0 or over the bound;
    /// `TooLarge` for more ids than the bound.
    async fn requeue(&self, queue: &QueueName, selection: &Selection) -> Result<Moved>;

    /// Removes tasks that no worker holds. One answer a task, in order.
    ///
    /// # Errors
    /// `TooLarge` for more than [`TASKS_PER_CALL`](crate::limits::TASKS_PER_CALL) ids; `Conflict` where
    /// workers come and go so fast that it was never certain what they hold.
    async fn remove(&self, queue: &QueueName, ids: &[TaskId]) -> Result<Vec<Removed>>;

    /// Removes at most `limit` tasks of a state. Running tasks cannot be purged.
    ///
    /// # Errors
    /// `InvalidInput` for running tasks, or a limit of 0 or over
    /// [`TASKS_PER_CALL`](crate::limits::TASKS_PER_CALL).
    async fn purge(&self, queue: &QueueName, state: State, limit: usize) -> Result<Purged>;

    /// Makes the queue give no tasks. What runs goes on; what is pushed waits.
    async fn pause(&self, queue: &QueueName) -> Result<()>;

    /// Ends a pause and rings the bell (B14).
    async fn resume(&self, queue: &QueueName) -> Result<()>;

    /// Takes away a queue that holds nothing: its counters and its name in listings. Answers
    /// whether it was taken away: not while it holds a task or a raw body, or a worker lives in it.
    ///
    /// # Errors
    /// `InvalidInput` for an adopted list, which belongs to others.
    async fn discard(&self, queue: &QueueName) -> Result<bool>;

    /// One bounded step of a search through the whole queue for what breaks B1 or B12, and its
    /// mending (B17). It goes on until an answer says that there is no more to do. Callers that
    /// search at the same time share one search.
    ///
    /// # Errors
    /// What kept the store from answering, or what it holds that cannot be read.
    async fn reconcile(&self, queue: &QueueName, step: &Reconcile) -> Result<Reconciled>;
}

#[async_trait]
impl<T: Admin + ?Sized> Admin for Arc<T> {
    async fn requeue(&self, queue: &QueueName, selection: &Selection) -> Result<Moved> {
        (**self).requeue(queue, selection).await
    }

    async fn remove(&self, queue: &QueueName, ids: &[TaskId]) -> Result<Vec<Removed>> {
        (**self).remove(queue, ids).await
    }

    async fn purge(&self, queue: &QueueName, state: State, limit: usize) -> Result<Purged> {
        (**self).purge(queue, state, limit).await
    }

    async fn pause(&self, queue: &QueueName) -> Result<()> {
        (**self).pause(queue).await
    }

    async fn resume(&self, queue: &QueueName) -> Result<()> {
        (**self).resume(queue).await
    }

    async fn discard(&self, queue: &QueueName) -> Result<bool> {
        (**self).discard(queue).await
    }

    async fn reconcile(&self, queue: &QueueName, step: &Reconcile) -> Result<Reconciled> {
        (**self).reconcile(queue, step).await
    }
}
