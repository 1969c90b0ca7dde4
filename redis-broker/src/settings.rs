//! How a broker uses its Redis.

use std::collections::HashMap;

use tireless_core::limits::DEAD_KEPT;
use tireless_core::{Namespace, QueueName};

use crate::keys::{Adoption, Keys};

/// How a broker uses its Redis.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// What keeps the queues of several systems on one server apart.
    pub namespace: Namespace,
    /// Dead tasks, and kept finished ones, that a queue holds at most (B12).
    pub dead_kept: usize,
    /// Queues that take their tasks from plain lists and show their failed ones in plain sets.
    pub adopted: HashMap<QueueName, Adoption>,
    /// Whether a server is taken that throws keys away at its memory limit, and tasks with them:
    /// for caches of tasks that may be lost, and for those who only look.
    pub allow_eviction: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            namespace: Namespace::default(),
            dead_kept: DEAD_KEPT,
            adopted: HashMap::new(),
            allow_eviction: false,
        }
    }
}

impl Settings {
    /// The default settings for a namespace.
    pub fn of(namespace: Namespace) -> Self {
        Self { namespace, ..Self::default() }
    }

    pub(crate) fn keys(&self, queue: &QueueName) -> Keys {
        match self.adopted.get(queue) {
            Some(adoption) => Keys::of_adopted(adoption),
            None => Keys::of_queue(&self.namespace, queue),
        }
    }
}
