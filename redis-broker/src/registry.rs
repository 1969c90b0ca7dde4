//! What operators see: which queues are in use and which workers live.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tireless_core::{Namespace, QueueName, Renew, WorkerId};

use crate::keys::Keys;
use crate::request;
use crate::runner::ScriptCall;

/// For how many workers it is known that they were just heard. One that is forgotten is only told
/// of once more than needed.
const HEARD: usize = 1_000;

/// How long a queue is known to be named. Meanwhile somebody may have discarded it, or a store may
/// have come back empty: then pushes bring it back, but only this brings back its name.
const NAMED: Duration = Duration::from_secs(60);

/// How soon it is named again if that got no answer: in a Cluster the registry may be on a server
/// that is away, and pushes to the others are not to wait for it each time.
const TRIED: Duration = Duration::from_secs(10);

/// What this process has told already, as far as the store has answered. The registry is refreshed
/// by heartbeats; a process that only pushes names each queue with a push a minute, and a little
/// later again if that was not answered.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    /// When it is to be named again.
    queues: Mutex<HashMap<QueueName, Instant>>,
    /// Workers whose last sign of life was answered and whose next heartbeat goes without one.
    heard: Mutex<VecDeque<WorkerId>>,
}

impl Registry {
    /// What to send with a push that goes now: with the first one, and with one a minute once
    /// [`named`](Self::named) says that it was answered; until then with one now and then.
    pub(crate) fn naming(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        now: Instant,
    ) -> Option<ScriptCall> {
        let mut queues = self.queues();
        if queues.get(queue).is_some_and(|next| now < *next) {
            return None;
        }
        queues.insert(queue.clone(), now + TRIED);
        drop(queues);
        let (keys, names) = (Keys::of_registry(namespace), std::iter::once(queue.to_string()));
        Some(request::beat(&keys, WorkerId::new(), None, Bytes::new(), names))
    }

    /// The call of `naming` that was sent then was answered.
    pub(crate) fn named(&self, queue: &QueueName, sent: Instant) {
        self.queues().insert(queue.clone(), sent + NAMED);
    }

    /// What to send with a heartbeat: with every second one, which is twice in a lease, and with
    /// each until [`heard`](Self::heard) says that it was answered. It names the queues that are
    /// `named`.
    pub(crate) fn beat(
        &self,
        keys: &Keys,
        renew: &Renew,
        named: impl Fn(&QueueName) -> bool,
    ) -> Option<ScriptCall> {
        let rests = self.take(renew.worker);
        if rests && !renew.lease.is_zero() {
            return None;
        }
        let info = serde_json::to_vec(&renew.info).unwrap_or_default().into();
        let queues = renew.held.iter().map(|held| &held.queue);
        let names = queues.filter(|queue| named(queue)).map(ToString::to_string);
        Some(request::beat(keys, renew.worker, Some(renew.lease), info, names))
    }

    /// The call of `beat` was answered.
    pub(crate) fn heard(&self, renew: &Renew) {
        if renew.lease.is_zero() {
            return;
        }
        let mut heard = self.workers();
        if !heard.contains(&renew.worker) {
            heard.push_back(renew.worker);
        }
        if heard.len() > HEARD {
            heard.pop_front();
        }
    }

    fn take(&self, worker: WorkerId) -> bool {
        let mut heard = self.workers();
        let found = heard.iter().position(|known| *known == worker);
        found.and_then(|at| heard.remove(at)).is_some()
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<QueueName, Instant>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn workers(&self) -> MutexGuard<'_, VecDeque<WorkerId>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
