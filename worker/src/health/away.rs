//! Outages: told once when the first queue is away, and once when all are back. Queues may be on
//! several servers, of which one is away while the others answer. And a server may do the one and not the
//! other: a replica answers ticks that have nothing to write, and no claim. So what one loop is told is no
//! answer to what another has asked in vain.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tireless_core::Error;

use super::Role;
use crate::events::{Event, Observers};
use crate::quiet::log;

/// A queue by its index, or all of them.
type Which = Option<usize>;

/// What loops have asked in vain.
#[derive(Debug, Default)]
pub(super) struct Away {
    any: AtomicBool,
    /// Held while an outage or its end is told, so that observers hear of them in order.
    owed: Mutex<BTreeSet<(Role, Which)>>,
}

impl Away {
    fn owed(&self) -> MutexGuard<'_, BTreeSet<(Role, Which)>> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether any is.
    pub(super) fn is_any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// The store has answered a loop; tells observers if it is back for all of them and all queues.
    pub(super) fn answered(&self, role: Role, queue: Which, observers: &Observers) {
        if !self.is_any() {
            return;
        }
        let mut owed = self.owed();
        owed.retain(|(by, of)| {
            let is_answered = queue.is_none() || of.is_none() || *of == queue;
            *by != role || !is_answered
        });
        if owed.is_empty() && self.any.swap(false, Ordering::Relaxed) {
            log!(info, "the store answers again");
            observers.tell(|| Event::StoreRecovered);
        }
    }

    /// A loop has nothing to ask for any more. Whether the store is back is left to the heartbeat, which
    /// always has.
    pub(super) fn asks_no_more(&self, role: Role) {
        if !self.is_any() {
            return;
        }
        let mut owed = self.owed();
        let leave =
            |(by, of): &(Role, Which)| (if *by == role { Role::Heartbeat } else { *by }, *of);
        *owed = owed.iter().map(leave).collect();
    }

    /// The store has not answered; warns and tells observers if that is the first of an outage.
    pub(super) fn failed(&self, role: Role, queue: Which, error: &Error, observers: &Observers) {
        let mut owed = self.owed();
        owed.insert((role, queue));
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
