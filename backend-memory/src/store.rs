//! The whole state: all queues, their bells, and the registry of workers.
//!
//! Each operation checks its bounds first (B7), then is one step a queue (B15), then rings. Each queue
//! has a lock of its own, so that queues do not wait for one another; no two locks are held at a time
//! but to make a queue or to take one away.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tireless_core::limits::DEAD_KEPT;
use tireless_core::{
    Claim, ClaimFrom, ClaimMode, Claimed, Clock, Error, ErrorKind, Held, Operation, Push, Pushed,
    QueueClaimed, QueueName, QueueRenewed, QueueTicked, Renew, Renewed, Result, Settle,
    SettleAnswer, StoreTime, Tick, Ticked,
};

use crate::bell::Bells;
use crate::bounds;
use crate::fading::Fading;
use crate::queue::Queue;
use crate::settle;

mod discard;
mod listening;
mod registry;

use discard::Discarded;
pub(crate) use listening::Listening;
use registry::Registered;

/// All that the broker holds.
#[derive(Debug)]
pub(crate) struct Store {
    queues: RwLock<BTreeMap<QueueName, Arc<Mutex<Queue>>>>,
    bells: Mutex<Bells>,
    workers: Mutex<Fading<Registered>>,
    discarded: Mutex<Discarded>,
    dead_kept: AtomicUsize,
}

/// Where the time comes from. A queue's lock is held while it is asked for: whoever comes later has a
/// later time.
pub(crate) trait Time: Copy {
    fn now(self) -> StoreTime;
}

impl Time for StoreTime {
    fn now(self) -> StoreTime {
        self
    }
}

impl Time for &dyn Clock {
    fn now(self) -> StoreTime {
        self.wall()
    }
}

/// Enters a lock. One that a panic poisoned is entered anyway: each step checks first and then moves,
/// and one task's trouble must not end the service of all others.
fn enter<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Store {
    fn default() -> Self {
        Self {
            queues: RwLock::default(),
            bells: Mutex::default(),
            workers: Mutex::default(),
            discarded: Mutex::default(),
            dead_kept: AtomicUsize::new(DEAD_KEPT),
        }
    }
}

impl Store {
    /// Sets how many dead tasks, and how many kept ones, each queue holds at most.
    pub(crate) fn set_dead_kept(&self, dead_kept: usize) {
        self.dead_kept.store(dead_kept, Ordering::Relaxed);
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        queues.values().for_each(|queue| enter(queue).dead_kept = dead_kept);
    }

    /// The names of the queues that were used.
    pub(crate) fn names(&self) -> Vec<QueueName> {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        queues.keys().cloned().collect()
    }

    fn find(&self, name: &QueueName) -> Option<Arc<Mutex<Queue>>> {
        self.queues.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn find_or_make(&self, name: &QueueName) -> Arc<Mutex<Queue>> {
        self.find(name).unwrap_or_else(|| {
            let mut queues = self.queues.write().unwrap_or_else(PoisonError::into_inner);
            let make = || {
                let remains = enter(&self.discarded).take(name);
                Arc::new(Mutex::new(Queue::new(self.dead_kept.load(Ordering::Relaxed), remains)))
            };
            Arc::clone(queues.entry(name.clone()).or_insert_with(make))
        })
    }

    /// One step on a queue, which is made if it is new, and its ring if the step rings.
    pub(crate) fn on<R>(&self, name: &QueueName, step: impl FnOnce(&mut Queue) -> R) -> R {
        loop {
            let queue = self.find_or_make(name);
            let mut queue = enter(&queue);
            // One that was taken away just now is made anew.
            if queue.is_gone {
                continue;
            }
            let answer = step(&mut queue);
            let rings = std::mem::take(&mut queue.rings);
            drop(queue);
            if rings {
                self.with_bells(|bells| bells.ring(name));
            }
            return answer;
        }
    }

    /// The same on a queue that exists, and the default for one that does not.
    pub(crate) fn on_existing<R: Default>(
        &self,
        name: &QueueName,
        step: impl FnOnce(&mut Queue) -> R,
    ) -> R {
        if self.find(name).is_some() { self.on(name, step) } else { R::default() }
    }

    /// One step on the bells; then wakes those who were rung for, which under the lock could come back
    /// here in the same thread.
    pub(crate) fn with_bells<R>(&self, step: impl FnOnce(&mut Bells) -> R) -> R {
        let (answer, wakers) = {
            let mut bells = enter(&self.bells);
            (step(&mut bells), bells.take_wakers())
        };
        wakers.wake();
        answer
    }

    pub(crate) fn push(&self, push: &Push, time: impl Time) -> Result<Vec<Pushed>> {
        bounds::push(push)?;
        self.on(&push.queue, |queue| queue.push(push, time.now()))
    }

    pub(crate) fn claim(&self, claim: &Claim, time: impl Time) -> Claimed {
        let mut seen = Vec::with_capacity(claim.queues.len());
        let mut answers = Vec::with_capacity(claim.queues.len());
        let mut has_suspect = false;
        for from in &claim.queues {
            let checked = bounds::once(Operation::Claim, &mut seen, &from.queue)
                .and_then(|()| bounds::numbered_claim(claim.number))
                .and_then(|()| bounds::tasks(Operation::Claim, from.max));
            let answer = checked.map(|()| self.claim_from(claim, from, has_suspect, time));
            if let Ok(answer) = &answer {
                has_suspect |= claim.mode == ClaimMode::Alone && !answer.tasks.is_empty();
            }
            answers.push((from.queue.clone(), answer));
        }
        answers
    }

    /// Only looks if an earlier queue gave a suspect: it runs with nothing beside it (B11.3).
    fn claim_from(
        &self,
        claim: &Claim,
        from: &ClaimFrom,
        only_look: bool,
        time: impl Time,
    ) -> QueueClaimed {
        let max = if only_look { 0 } else { from.max };
        let from = ClaimFrom { max, ..from.clone() };
        self.on(&from.queue, |queue| queue.claim(claim, &from, time.now()))
    }

    pub(crate) fn settle(&self, settle: &Settle, time: impl Time) -> Result<SettleAnswer> {
        bounds::numbered(Operation::Settle, settle.call)?;
        bounds::tasks(Operation::Settle, settle.outcomes.len())?;
        if let Some(settlement) =
            settle.outcomes.iter().find(|settlement| !settle::supports(&settlement.outcome))
        {
            let verb = settlement.outcome.verb();
            let message = format!("this broker does not know the outcome {verb}; update it");
            return Err(Error::new(ErrorKind::Unsupported, Operation::Settle, message));
        }
        self.on(&settle.queue, |queue| queue.settle(settle, time.now()))
    }

    pub(crate) fn renew(&self, renew: &Renew, time: impl Time) -> Renewed {
        self.register(renew, time);
        let mut seen = Vec::with_capacity(renew.held.len());
        renew
            .held
            .iter()
            .map(|held| {
                let checked = bounds::once(Operation::Renew, &mut seen, &held.queue)
                    .and_then(|()| bounds::claims(held.claims.len()));
                let answer = checked.map(|()| self.renew_in(renew, held, time));
                (held.queue.clone(), answer)
            })
            .collect()
    }

    fn renew_in(&self, renew: &Renew, held: &Held, time: impl Time) -> QueueRenewed {
        self.on(&held.queue, |queue| queue.renew(renew, held, time.now()))
    }

    pub(crate) fn tick(&self, tick: &Tick, time: impl Time) -> Ticked {
        self.cut_leases(time);
        self.clear_discarded(time);
        let mut seen = Vec::with_capacity(tick.queues.len());
        let mut answers = Vec::with_capacity(tick.queues.len());
        for name in &tick.queues {
            let checked = bounds::once(Operation::Tick, &mut seen, name)
                .and_then(|()| bounds::tasks(Operation::Tick, tick.limit));
            answers.push((name.clone(), checked.map(|()| self.tick_in(tick, name, time))));
        }
        answers
    }

    fn tick_in(&self, tick: &Tick, name: &QueueName, time: impl Time) -> QueueTicked {
        let ticked = self.on_existing(name, |queue| {
            let now = time.now();
            let mut answer = queue.tick(tick, now);
            answer.now = now;
            Some(answer)
        });
        ticked.unwrap_or_else(|| {
            let mut nothing = QueueTicked::default();
            nothing.now = time.now();
            nothing
        })
    }
}
