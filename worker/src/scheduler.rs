//! The requeue scheduler on its own: for processes that run no tasks, or many pools without one.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tireless_core::limits::{LONE_CRASHES, LONGEST_LEASE};
use tireless_core::{Broker, Clock, Error, Operation, QueueName, Result};
use tokio_util::sync::CancellationToken;

use crate::clock::TokioClock;
use crate::events::{Event, Observers};
use crate::health::{Health, Role};
use crate::plan::NO_CRASHES;
use crate::supervise::Supervisor;
use crate::ticker::{Moved, Ticker};

/// As in a pool, whose beat is half its lease at most.
const LONGEST_BEAT: Duration = Duration::from_secs(LONGEST_LEASE.as_secs() / 2);

/// Promotes what is due, requeues what failed, and takes back what dead workers held.
///
/// Every [`WorkerPool`](crate::WorkerPool) has one inside. It needs no leader: any number may run,
/// each tick is one bounded atomic step a queue.
#[must_use = "a scheduler does nothing until it is run"]
#[derive(Debug)]
pub struct RequeueScheduler {
    broker: Arc<dyn Broker>,
    queues: Vec<QueueName>,
    beat: Duration,
    bury_after_crashes: u32,
    clock: Arc<dyn Clock>,
    observers: Observers,
    problems: Vec<Error>,
}

/// What a scheduler has moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchedulerSummary {
    /// Scheduled tasks that it made ready.
    pub promoted: u64,
    /// Failed tasks that it made ready.
    pub requeued: u64,
    /// Tasks that it took back from workers that had died.
    pub reclaimed: u64,
    /// Of those, tasks buried as poison (B11).
    pub poisoned: u64,
}

impl RequeueScheduler {
    /// A scheduler over a broker, with a beat of 5 s.
    pub fn new(broker: impl Broker) -> Self {
        Self {
            broker: Arc::new(broker),
            queues: Vec::new(),
            beat: Duration::from_secs(5),
            bury_after_crashes: LONE_CRASHES,
            clock: Arc::new(TokioClock),
            observers: Observers::default(),
            problems: Vec::new(),
        }
    }

    /// Takes care of a queue. A bad name is told when the scheduler runs.
    pub fn queue(mut self, name: impl AsRef<str>) -> Self {
        match QueueName::new(name) {
            Ok(name) => self.queues.push(name),
            Err(error) => self.problems.push(error.during(Operation::Run)),
        }
        self
    }

    /// How often it ticks at least: 5 s unless told otherwise, 150 s at most. It also ticks when
    /// something falls due, and at once while there is more to move.
    pub fn beat(mut self, beat: Duration) -> Self {
        self.beat = beat;
        self
    }

    /// After how many crashes while running alone a task is buried as poison: 3 unless told
    /// otherwise, 1 at least (B11).
    pub fn bury_after_crashes(mut self, crashes: u32) -> Self {
        self.bury_after_crashes = crashes;
        self
    }

    /// Takes all time from this clock. For tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Tells a function of what is reclaimed and dropped, and of outages.
    pub fn observe(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observers.add(observer);
        self
    }

    /// Runs until the future ends. May be dropped at any time.
    ///
    /// # Errors
    /// `InvalidInput` without a queue, with a bad name, with a beat of zero or above 150 s, or where no
    /// crash is to bury.
    pub async fn run_until(mut self, end: impl Future<Output = ()>) -> Result<SchedulerSummary> {
        if !self.problems.is_empty() {
            return Err(self.problems.swap_remove(0));
        }
        let beat = self.beat;
        if self.bury_after_crashes == 0 {
            return Err(Error::invalid(Operation::Run, NO_CRASHES));
        }
        if self.queues.is_empty() || beat.is_zero() {
            let message = "a scheduler needs a queue, and a beat above zero";
            return Err(Error::invalid(Operation::Run, message));
        }
        if beat > LONGEST_BEAT {
            let message = format!("a beat of {beat:?} is too long; {LONGEST_BEAT:?} is the most");
            return Err(Error::invalid(Operation::Run, message));
        }
        let health = Health::new(Vec::new(), true, self.clock.monotonic());
        let [promoted, requeued, reclaimed, poisoned] = [const { AtomicU64::new(0) }; 4];
        let ticker = Ticker {
            broker: &self.broker,
            clock: &*self.clock,
            queues: &self.queues,
            beat: self.beat,
            bury_after_crashes: self.bury_after_crashes,
            observers: &self.observers,
            health: &health,
            moved: Moved {
                promoted: &promoted,
                requeued: &requeued,
                reclaimed: &reclaimed,
                poisoned: &poisoned,
            },
            early: true,
        };
        let supervisor = Supervisor {
            clock: &*self.clock,
            health: &health,
            observers: &self.observers,
            stop: &CancellationToken::new(),
        };
        let ticking = supervisor.run(Role::Scheduler, || async {
            ticker.run().await;
            Ok(())
        });
        tokio::select! {
            () = ticking => {}
            () = end => {}
        }
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Ok(SchedulerSummary {
            promoted: read(&promoted),
            requeued: read(&requeued),
            reclaimed: read(&reclaimed),
            poisoned: read(&poisoned),
        })
    }
}

#[cfg(test)]
#[path = "scheduler_tests.rs"]
mod tests;
