//! Health: when each loop last succeeded, and whether the store answers.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tireless_core::Error;

use crate::events::{Event, Observers};

/// The loops of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Claimer,
    Bell,
    Settler,
    Heartbeat,
    Scheduler,
}

impl Role {
    pub(crate) const ALL: [Self; 5] =
        [Self::Claimer, Self::Bell, Self::Settler, Self::Heartbeat, Self::Scheduler];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Claimer => "claimer",
            Self::Bell => "bell",
            Self::Settler => "settler",
            Self::Heartbeat => "heartbeat",
            Self::Scheduler => "scheduler",
        }
    }
}

/// How one loop fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoopHealth {
    /// Which loop.
    pub name: &'static str,
    /// How long ago it last succeeded; `None` if it never has.
    pub last_success: Option<Duration>,
    /// How often it had to be started again.
    pub restarts: u32,
}

#[derive(Debug, Default)]
struct Entry {
    /// Milliseconds of the clock's monotonic time, plus one; zero for never.
    success: AtomicU64,
    restarts: AtomicU32,
}

/// What is known of all loops.
#[derive(Debug, Default)]
pub(crate) struct Health {
    entries: [Entry; Role::ALL.len()],
    down: AtomicBool,
}

impl Health {
    /// Notes a success; tells observers if the store was away before.
    pub(crate) fn success(&self, role: Role, now: Duration, observers: &Observers) {
        let millis = u64::try_from(now.as_millis()).unwrap_or(u64::MAX - 1);
        self.entries[role as usize].success.store(millis + 1, Ordering::Relaxed);
        // A wait that began before an outage may well end in it: it tells nothing.
        let answers = role != Role::Bell && self.down.load(Ordering::Relaxed);
        if answers && self.down.swap(false, Ordering::Relaxed) {
            tracing::info!("the store answers again");
            observers.tell(|| Event::StoreRecovered);
        }
    }

    /// Notes an error; warns and tells observers when it is the first of an outage.
    pub(crate) fn failure(&self, role: Role, error: &Error, observers: &Observers) {
        if !error.is_retryable() {
            tracing::warn!(role = role.name(), %error, "the store refused a call");
        } else if self.down.swap(true, Ordering::Relaxed) {
            tracing::debug!(role = role.name(), %error, "the store does not answer");
        } else {
            tracing::warn!(role = role.name(), %error, "the store does not answer; trying again");
            observers.tell(|| Event::StoreUnavailable {
                operation: error.operation(),
                message: error.message().to_owned(),
            });
        }
    }

    pub(crate) fn restarted(&self, role: Role) {
        self.entries[role as usize].restarts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn loops(&self, now: Duration) -> Vec<LoopHealth> {
        let view = |role: Role| {
            let entry = &self.entries[role as usize];
            let success = entry.success.load(Ordering::Relaxed).checked_sub(1);
            LoopHealth {
                name: role.name(),
                last_success: success.map(|at| now.saturating_sub(Duration::from_millis(at))),
                restarts: entry.restarts.load(Ordering::Relaxed),
            }
        };
        Role::ALL.into_iter().map(view).collect()
    }

    /// Whether the store answered last time.
    pub(crate) fn store_answers(&self) -> bool {
        !self.down.load(Ordering::Relaxed)
    }
}
