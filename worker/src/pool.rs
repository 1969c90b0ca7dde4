//! The worker pool: what it serves and how, said before it starts.

use std::sync::Arc;

use tireless_core::{Broker, Error};

use crate::run::Route;
use crate::typed::Registry;

/// Runs tasks of one or more queues.
#[must_use = "a pool does nothing until it is run or started"]
pub struct WorkerPool {
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) routes: Vec<Route>,
    /// Typed handlers and data, bound at the start.
    pub(crate) registry: Registry,
    /// What is wrong with what was said so far; the first one is the start's error.
    pub(crate) problems: Vec<Error>,
}

impl std::fmt::Debug for WorkerPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerPool").field("broker", &self.broker).finish_non_exhaustive()
    }
}

impl WorkerPool {
    /// A pool over a broker.
    pub fn new(broker: impl Broker) -> Self {
        Self {
            broker: Arc::new(broker),
            routes: Vec::new(),
            registry: Registry::default(),
            problems: Vec::new(),
        }
    }
}
