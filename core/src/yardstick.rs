//! Yardsticks: what a store could do with none of the contract's care.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::Result;

/// How fast a store could be drained at most.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DrainLimit {
    /// Tasks a second.
    pub per_second: f64,
    /// Processor time that the store used for all of them, in microseconds.
    pub server_cpu_us: Option<u64>,
}

/// How bodies are brought to a store with none of the contract's care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarePush {
    /// Bytes of each body.
    pub body_bytes: usize,
    /// Callers side by side on one connection, each of whom waits for each answer.
    pub callers: usize,
    /// Bodies that a call brings.
    pub batch: usize,
    /// For how long.
    pub time: Duration,
}

/// Measures a store with none of the contract's care, for benchmarks to stand beside. Each measure
/// writes to keys of its own and removes them; no task is touched. A broker without such a bare way
/// implements it with nothing: all answers are then `None`.
///
/// Every method may be dropped at any await.
///
/// # Errors
/// Of each method: `Unavailable` or `Timeout` where the store does not answer, `Denied` where it
/// refuses the user, `OutOfMemory` at its limit, `Corrupt` for an answer that cannot be read.
#[async_trait]
pub trait Yardstick: fmt::Debug + Send + Sync + 'static {
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
impl<T: Yardstick + ?Sized> Yardstick for Arc<T> {
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
