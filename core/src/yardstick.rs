//! Yardsticks: what a store could do with none of the contract's care.

use std::time::Duration;

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
