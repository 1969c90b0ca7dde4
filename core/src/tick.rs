//! Tick: the requeue scheduler moves what is due, and takes back what the dead held.

use std::time::Duration;

use crate::{Mended, PerQueue, QueueName, StoreTime};

/// The permission to reclaim (B16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reclaim {
    /// After this store time nothing is reclaimed: a call that was held up does no harm.
    pub not_after: StoreTime,
    /// Crashes while alone after which a task is buried as poison (B11).
    pub bury_after_crashes: u32,
}

/// One bounded step over some queues: promote, requeue and, if permitted, reclaim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The queues.
    pub queues: Vec<QueueName>,
    /// Most tasks to move in each queue and by each of the three;
    /// [`TASKS_PER_CALL`](crate::limits::TASKS_PER_CALL) at most, and 0 counts as 1. A claim is taken back
    /// whole: the first one also if it holds more, a later one waits for the next tick then (B16).
    pub limit: usize,
    /// How often the caller ticks. Only ticks of the same beat make a row (B16).
    pub beat: Duration,
    /// Whether the caller saw a failure since its last answered tick: the row starts anew with this
    /// one.
    pub anew: bool,
    /// Whether workers whose lease has ended lose their tasks now.
    pub reclaim: Option<Reclaim>,
}

/// The answers of a [`Tick`], in the order of its queues.
pub type Ticked = PerQueue<QueueTicked>;

/// What one queue answered to a tick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueTicked {
    /// Scheduled tasks that are ready now.
    pub promoted: u64,
    /// Failed tasks that are ready now.
    pub requeued: u64,
    /// Tasks taken back from workers whose lease has ended.
    pub reclaimed: u64,
    /// Of those, tasks that were buried as poison (B11).
    pub poisoned: u64,
    /// Dead or kept tasks that were dropped because their set was full or their time over (B12).
    pub dropped: u64,
    /// What stood wrong and was mended (B17).
    pub mended: Mended,
    /// Whether there is more to move at once.
    pub more: bool,
    /// How long until something falls due; `None` if nothing waits.
    pub next_due: Option<Duration>,
    /// Whether ticks of this beat, whoever sent them, have been answered for a beat with no pause
    /// among them (B16).
    pub steady: bool,
    /// The store's time.
    pub now: StoreTime,
}
