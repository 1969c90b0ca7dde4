//! Health: how each loop of a pool fares, whether the store answers, and the verdict.

use std::sync::Arc;
use std::time::Duration;

use tireless_core::{Error, QueueName};

use crate::events::Observers;
pub use crate::pulse::LoopState;
use crate::pulse::{GRACE, Pulse};
use crate::quiet::log;
use crate::shared::Shared;

mod away;

use away::Away;

/// The loops of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Claimer,
    Bell,
    Heartbeat,
    Scheduler,
    /// Of the queue with this index.
    Settler(usize),
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Claimer => "claimer",
            Self::Bell => "bell",
            Self::Heartbeat => "heartbeat",
            Self::Scheduler => "scheduler",
            Self::Settler(_) => "settler",
        }
    }

    /// The queue whose loop it is, by its index; the others serve all.
    pub(crate) fn queue(self) -> Option<usize> {
        if let Self::Settler(at) = self { Some(at) } else { None }
    }
}

/// How one loop fares.
///
/// An answer is due from when the loop asks the store, or was to ask, until the store answers as
/// hoped: a claim, a settle, a renewal, a tick or a wait. Where some queues are answered for and
/// others are not, it stays due for these. A loop that has nothing to ask for is never silent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoopHealth {
    /// Which loop: `claimer`, `bell`, `heartbeat`, `scheduler` or `settler`.
    pub name: &'static str,
    /// The queue whose loop it is; each has a settler of its own, the others serve all.
    pub queue: Option<QueueName>,
    /// What to think of it.
    pub state: LoopState,
    /// How long ago the store last answered it as hoped; `None` if it never has.
    pub last_success: Option<Duration>,
    /// For how long an answer has been due; zero while none is.
    pub silent_for: Duration,
    /// How long that may last until it is silent for too long.
    pub may_be_silent: Duration,
    /// How often it failed by itself and was started again.
    pub restarts: u32,
}

/// How a pool fares, for supervisors and people; see [`is_live`](Self::is_live) and
/// [`is_ready`](Self::is_ready).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolHealth {
    /// Its loops.
    pub loops: Vec<LoopHealth>,
    /// Whether the store answered when it was last asked, for each of the queues.
    pub store_answers: bool,
    /// Whether the pool shuts down, or has.
    pub stopping: bool,
}

impl PoolHealth {
    /// Whether the process is worth keeping: no loop hangs, fails by itself again and again, or
    /// has ended before its time. A store that is away, or refuses, is no reason to be restarted:
    /// it leaves this as it is. So does a shutdown, however long it takes.
    pub fn is_live(&self) -> bool {
        self.loops.iter().all(|one| match one.state {
            LoopState::Stuck => false,
            LoopState::Ended => self.stopping,
            _ => true,
        })
    }

    /// Whether tasks are served now: the store answers, every loop is well, and the pool does not
    /// shut down. The bell does not count unless it hangs: while its waits fail, the claimer looks
    /// by itself.
    pub fn is_ready(&self) -> bool {
        let mut needed = self.loops.iter().filter(|one| one.name != Role::Bell.name());
        let well = needed.all(|one| one.state == LoopState::Well);
        well && self.store_answers && !self.stopping && self.is_live()
    }
}

/// Tells how a pool fares, also while it shuts down and after. Cheap to clone.
#[derive(Clone, Debug)]
pub struct HealthWatch(pub(crate) Arc<Shared>);

impl HealthWatch {
    /// How the pool fares now.
    pub fn health(&self) -> PoolHealth {
        let shared = &self.0;
        PoolHealth {
            loops: shared.health.loops(shared.clock.monotonic()),
            store_answers: shared.health.store_answers(),
            stopping: shared.stop.is_cancelled(),
        }
    }
}

/// What is known of all loops.
#[derive(Debug)]
pub(crate) struct Health {
    claimer: Pulse,
    bell: Pulse,
    heartbeat: Pulse,
    /// There may be none: then it is not shown.
    scheduler: Pulse,
    scheduled: bool,
    settlers: Vec<(QueueName, Pulse)>,
    away: Away,
}

impl Health {
    /// Of a pool that serves these queues, with a scheduler or without one.
    pub(crate) fn new(queues: Vec<QueueName>, scheduled: bool, now: Duration) -> Self {
        Self {
            claimer: Pulse::asking(now),
            bell: Pulse::waiting(now),
            heartbeat: Pulse::asking(now),
            scheduler: Pulse::asking(now),
            scheduled,
            settlers: queues.into_iter().map(|queue| (queue, Pulse::waiting(now))).collect(),
            away: Away::default(),
        }
    }

    pub(crate) fn pulse(&self, role: Role) -> &Pulse {
        match role {
            Role::Claimer => &self.claimer,
            Role::Bell => &self.bell,
            Role::Heartbeat => &self.heartbeat,
            Role::Scheduler => &self.scheduler,
            Role::Settler(at) => &self.settlers[at].1,
        }
    }

    /// Notes that a loop has nothing to ask for, until then if a time is given.
    pub(crate) fn owes_nothing(&self, role: Role, until: Option<Duration>) {
        self.pulse(role).owes_nothing(until);
        self.away.asks_no_more(role);
    }

    /// Notes a success with one queue, or all; tells observers if the store was away before.
    pub(crate) fn success(
        &self,
        role: Role,
        queue: Option<usize>,
        now: Duration,
        observers: &Observers,
    ) {
        self.pulse(role).succeeded(queue, now);
        self.has_answered(role, queue, observers);
    }

    /// The store is there, for one queue or all: a refusal says so too.
    fn has_answered(&self, role: Role, queue: Option<usize>, observers: &Observers) {
        // A wait that began before an outage may well end in it: it tells nothing.
        if role != Role::Bell {
            self.away.answered(role, queue, observers);
        }
    }

    /// Notes an error with one queue, or all; warns and tells observers when it is the first of an
    /// outage.
    pub(crate) fn failure(
        &self,
        role: Role,
        queue: Option<usize>,
        now: Duration,
        error: &Error,
        observers: &Observers,
    ) {
        match queue {
            Some(at) if !error.is_retryable() => {
                let served = if role.queue().is_some() { 1 } else { self.settlers.len() };
                self.pulse(role).refused(at, served, now);
            }
            _ => self.pulse(role).failed(queue, now),
        }
        if !error.is_retryable() {
            self.has_answered(role, queue, observers);
            log!(warn, role = role.name(), %error, "the store refused a call");
        } else if role == Role::Bell {
            // The claimer asks at once when a wait has failed: it knows whether the store is away.
            log!(debug, role = role.name(), %error, "the store does not answer");
        } else {
            self.away.failed(role, queue, error, observers);
        }
    }

    pub(crate) fn loops(&self, now: Duration) -> Vec<LoopHealth> {
        let ours = [Role::Claimer, Role::Bell, Role::Heartbeat].into_iter();
        let ours = ours.chain(self.scheduled.then_some(Role::Scheduler)).map(|role| (role, None));
        let settlers = self.settlers.iter().enumerate();
        let settlers = settlers.map(|(at, (queue, _))| (Role::Settler(at), Some(queue.clone())));
        let view = |(role, queue): (Role, Option<QueueName>)| {
            let reading = self.pulse(role).read(now);
            LoopHealth {
                name: role.name(),
                queue,
                state: reading.state,
                last_success: reading.success,
                silent_for: reading.silent_for,
                may_be_silent: GRACE,
                restarts: reading.restarts,
            }
        };
        ours.chain(settlers).map(view).collect()
    }

    /// Whether the store answered last time.
    pub(crate) fn store_answers(&self) -> bool {
        !self.away.is_any()
    }
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
