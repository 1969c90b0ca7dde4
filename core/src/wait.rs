//! Wait: an idle worker sleeps until a bell rings. No data travels (B14).

use std::time::Duration;

use crate::QueueName;

/// One queue to wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitOn {
    /// The queue.
    pub queue: QueueName,
    /// Whether a plain push into its inbox wakes too.
    pub inbox: bool,
}

/// Waits until a bell of one of the queues rings, or the time is up.
///
/// Dropping the wait is safe at any moment; at worst one ring is lost, and with it 5 s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// What to wait for.
    pub queues: Vec<WaitOn>,
    /// How long at most.
    pub timeout: Duration,
}

/// Why a wait ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Woken {
    /// The bell of this queue rang.
    Rang(QueueName),
    /// The time is up.
    TimedOut,
}
