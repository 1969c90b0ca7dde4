//! What is known of a live worker.

use serde::{Deserialize, Serialize};

use crate::{StoreTime, WorkerId};

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
