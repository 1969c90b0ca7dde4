//! Renew: a worker says that it lives and which claims it knows that it holds.

use std::time::Duration;

use crate::{PerQueue, QueueName, StoreTime, WorkerId, WorkerInfo};

/// The claims that a worker knows of in one queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The queue.
    pub queue: QueueName,
    /// Numbers of the claims that the worker holds or still waits for an answer to; at most
    /// [`CLAIMS_PER_RENEWAL`](crate::limits::CLAIMS_PER_RENEWAL).
    pub claims: Vec<u64>,
    /// Claims with this number or a higher one are left alone: they may have been made after the
    /// list was written.
    pub below: u64,
}

/// A heartbeat over the queues of a worker.
///
/// What the store has recorded under a claim that is below the mark and not named goes back to
/// the front of the ready list, uncharged (B4). A lease of zero ends the worker's registration:
/// all that it holds goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renew {
    /// Who lives.
    pub worker: WorkerId,
    /// For how long it is to be believed alive, from now on; zero to leave.
    pub lease: Duration,
    /// What it holds in each of its queues.
    pub held: Vec<Held>,
    /// What operators see of it.
    pub info: WorkerInfo,
}

/// The answers of a [`Renew`], in the order of its queues.
pub type Renewed = PerQueue<QueueRenewed>;

/// What one queue answered to a heartbeat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueRenewed {
    /// Claims that were named but are not held any more: taken over, or settled meanwhile.
    pub lost: Vec<u64>,
    /// Tasks that went back to the ready list because no named claim holds them.
    pub released: u64,
    /// The store's time when it looked which claims are lost.
    pub now: StoreTime,
}
