//! Outages: told once when the first queue is away, and once when all are back. Queues may be on
//! several servers, of which one is away while the others answer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tireless_core::Error;

use super::Role;
use crate::events::{Event, Observers};
use crate::quiet::log;

/// A queue by its index, or all of them.
type Which = Option<usize>;

/// The queues whose store does not answer.
#[derive(Debug, Default)]
pub(super) struct Away {
    any: AtomicBool,
    /// Held while an outage or its end is told, so that observers hear of them in order.
    queues: Mutex<BTreeSet<Which>>,
}

impl Away {
    fn queues(&self) -> MutexGuard<'_, BTreeSet<Which>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether any is.
    pub(super) fn is_any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// The store has answered; tells observers if it is back for all queues.
    pub(super) fn answered(&self, queue: Which, observers: &Observers) {
        if !self.is_any() {
            return;
        }
        let mut away = self.queues();
        if queue.is_some() {
            away.remove(&queue);
            away.remove(&None);
        } else {
            away.clear();
        }
        if away.is_empty() && self.any.swap(false, Ordering::Relaxed) {
            log!(info, "the store answers again");
            observers.tell(|| Event::StoreRecovered);
        }
    }

    /// The store has not answered; warns and tells observers if that is the first of an outage.
    pub(super) fn failed(&self, role: Role, queue: Which, error: &Error, observers: &Observers) {
        let mut away = self.queues();
        away.insert(queue);
        if self.any.swap(true, Ordering::Relaxed) {
            log!(debug, role = role.name(), %error, "the store does not answer");
            return;
        }
        log!(warn, role = role.name(), %error, "the store does not answer; trying again");
        observers.tell(|| Event::StoreUnavailable {
            operation: error.operation(),
            message: error.message().to_owned(),
        });
    }
}

#[cfg(test)]
#[path = "away_tests.rs"]
mod tests;
