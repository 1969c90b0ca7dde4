//! Claim: a worker takes tasks under a token of its own choice.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::{History, PerQueue, QueueName, StoreTime, TaskId, WorkerId};

/// Under what a task is held: a worker and a number that it chose. With a task's id it names a
/// run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClaimToken {
    /// Who holds it.
    pub worker: WorkerId,
    /// The number of the worker's claim call.
    pub number: u64,
}

impl fmt::Display for ClaimToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.worker, self.number)
    }
}

/// Whether a claim takes tasks that run side by side, or one that must run alone (B11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClaimMode {
    /// Tasks of the ready list.
    #[default]
    Shared,
    /// One suspect. The worker promises that it holds nothing else in any queue and takes
    /// nothing beside it until it has settled it.
    Alone,
}

/// How much to take from one queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimFrom {
    /// The queue.
    pub queue: QueueName,
    /// Most tasks to take; a claim of 0 only looks and promotes what is due.
    pub max: usize,
    /// Whether raw bodies in the queue's inbox are taken in too, after the ready list.
    pub inbox: bool,
}

/// A claim over one or more queues: one atomic step a queue (B15).
///
/// Sending the same `Claim` again gives the same tasks, less those already settled (B4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who claims.
    pub worker: WorkerId,
    /// The worker's number for this claim, 1 for the first. Within a queue numbers must rise: one
    /// that is not above the last executed one takes nothing new (B4).
    ///
    /// 0 is refused as `InvalidInput`.
    pub number: u64,
    /// For how long the worker is to be believed alive after this call.
    pub lease: Duration,
    /// Side by side, or one alone.
    pub mode: ClaimMode,
    /// Where from, in this order.
    pub queues: Vec<ClaimFrom>,
}

/// The answers of a [`Claim`], in the order of its queues.
pub type Claimed = PerQueue<QueueClaimed>;

/// What one queue answered to a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueClaimed {
    /// What was taken, oldest first; without promise of a number.
    pub tasks: Vec<ClaimedTask>,
    /// Whether the ready list still holds tasks.
    pub more: bool,
    /// How long until something scheduled or failed falls due; `None` if nothing waits.
    pub next_due: Option<Duration>,
    /// Tasks that must run alone and wait for a process that holds nothing (B11).
    pub suspects: u64,
    /// Whether this worker is the one of the queue that may keep itself empty for a suspect; told to
    /// shared claims only.
    pub your_turn: bool,
    /// Whether the queue is paused: it then gives no tasks.
    pub paused: bool,
    /// Scheduled tasks that this claim made ready.
    pub promoted: u64,
    /// Failed tasks that this claim made ready.
    pub requeued: u64,
    /// The store's time.
    pub now: StoreTime,
}

/// A task that a worker holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedTask {
    /// The task.
    pub id: TaskId,
    /// The number of the claim it is held under.
    pub claim: u64,
    /// Its bytes, as they were pushed (B9).
    pub envelope: Bytes,
    /// What it has been through.
    pub history: History,
}
