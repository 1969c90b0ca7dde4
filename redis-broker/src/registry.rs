//! What operators see: which queues are in use and which workers live.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tireless_core::{QueueName, Renew, WorkerId};

use crate::keys::Keys;
use crate::request;
use crate::runner::ScriptCall;

/// Queues that this process has named already. The registry is refreshed by heartbeats; a process
/// that only pushes names each queue once, never per push.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    queues: Mutex<HashSet<QueueName>>,
}

impl Registry {
    /// What to send with the first push of this process to a queue.
    pub(crate) fn first_push(&self, keys: &Keys, queue: &QueueName) -> Option<ScriptCall> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.insert(queue.clone()).then(|| {
            let names = std::iter::once(queue.to_string());
            request::beat(keys, WorkerId::new(), None, Bytes::new(), names)
        })
    }
}

/// What to send with a heartbeat.
pub(crate) fn beat(keys: &Keys, renew: &Renew) -> ScriptCall {
    let info = serde_json::to_vec(&renew.info).unwrap_or_default().into();
    let names = renew.held.iter().map(|held| held.queue.to_string());
    request::beat(keys, renew.worker, Some(renew.lease), info, names)
}
