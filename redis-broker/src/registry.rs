//! What operators see: which queues are in use and which workers live.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tireless_core::{QueueName, Renew, WorkerId};

use crate::keys::Keys;
use crate::request;
use crate::runner::ScriptCall;

/// What this process has told already. The registry is refreshed by heartbeats; a process that only
/// pushes names each queue once, never per push.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    queues: Mutex<HashSet<QueueName>>,
    beats: Mutex<HashMap<WorkerId, u64>>,
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

    /// What to send with a heartbeat: with every second one, which is twice in a lease.
    pub(crate) fn beat(&self, keys: &Keys, renew: &Renew) -> Option<ScriptCall> {
        let mut beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        if renew.lease.is_zero() {
            beats.remove(&renew.worker);
        } else {
            let count = beats.entry(renew.worker).or_default();
            *count += 1;
            if count.is_multiple_of(2) {
                return None;
            }
        }
        let info = serde_json::to_vec(&renew.info).unwrap_or_default().into();
        let names = renew.held.iter().map(|held| held.queue.to_string());
        Some(request::beat(keys, renew.worker, Some(renew.lease), info, names))
    }
}
