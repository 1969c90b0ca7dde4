//! The whole state: all queues, their bells, and the registry of workers.
//!
//! Each operation checks its bounds first (B7), then is one step a queue (B15), then rings.

use std::collections::BTreeMap;

use bytes::Bytes;
use tireless_core::limits::{DEAD_KEPT, LONGEST_LEASE};
use tireless_core::{
    Claim, ClaimFrom, ClaimMode, Claimed, Error, ErrorKind, Held, Operation, Push, Pushed,
    QueueClaimed, QueueName, QueueRenewed, QueueTicked, Renew, Renewed, Result, Settle,
    SettleAnswer, StoreTime, Tick, Ticked, WaitOn, WorkerId, WorkerInfo, WorkerView,
};

use crate::bell::Bells;
use crate::bounds;
use crate::fading::Fading;
use crate::queue::Queue;
use crate::settle;

/// Workers long gone that one renewal clears from the registry.
const CLEARED_BY_A_RENEWAL: usize = 4;

/// All that the broker holds. It knows no clock: the time comes with each operation.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) queues: BTreeMap<QueueName, Queue>,
    pub(crate) bells: Bells,
    workers: Fading<Registered>,
    dead_kept: usize,
}

/// What a worker told about itself when it renewed last.
#[derive(Debug, Default)]
struct Registered {
    lease_until: StoreTime,
    info: WorkerInfo,
}

/// How a wait starts.
#[derive(Debug)]
pub(crate) enum Listening {
    /// It is over at once.
    Rang(QueueName),
    /// It goes on, under this number.
    Waits(u64),
}

impl Default for Store {
    fn default() -> Self {
        Self {
            queues: BTreeMap::new(),
            bells: Bells::default(),
            workers: Fading::default(),
            dead_kept: DEAD_KEPT,
        }
    }
}

impl Store {
    /// Sets how many dead tasks, and how many kept ones, each queue holds at most.
    pub(crate) fn set_dead_kept(&mut self, dead_kept: usize) {
        self.dead_kept = dead_kept;
        for queue in self.queues.values_mut() {
            queue.dead_kept = dead_kept;
        }
    }

    /// One step on a queue, which is made if it is new, and its ring if the step rings.
    pub(crate) fn on<R>(&mut self, name: &QueueName, step: impl FnOnce(&mut Queue) -> R) -> R {
        let dead_kept = self.dead_kept;
        let queue = self.queues.entry(name.clone()).or_insert_with(|| Queue::new(dead_kept));
        let answer = step(queue);
        if std::mem::take(&mut queue.rings) {
            self.bells.ring(name);
        }
        answer
    }

    /// The same on a queue that exists, and the default for one that does not.
    pub(crate) fn on_existing<R: Default>(
        &mut self,
        name: &QueueName,
        step: impl FnOnce(&mut Queue) -> R,
    ) -> R {
        if self.queues.contains_key(name) { self.on(name, step) } else { R::default() }
    }

    pub(crate) fn push(&mut self, push: &Push, now: StoreTime) -> Result<Vec<Pushed>> {
        bounds::push(push)?;
        self.on(&push.queue, |queue| queue.push(push, now))
    }

    pub(crate) fn push_plain(&mut self, name: &QueueName, body: Bytes) {
        let paused = self.on(name, |queue| {
            queue.push_plain(body);
            queue.paused
        });
        if !paused {
            self.bells.wake_for_inbox(name);
        }
    }

    pub(crate) fn claim(&mut self, claim: &Claim, now: StoreTime) -> Claimed {
        let mut seen = Vec::with_capacity(claim.queues.len());
        let mut answers = Vec::with_capacity(claim.queues.len());
        let mut has_suspect = false;
        for from in &claim.queues {
            let checked = bounds::once(Operation::Claim, &mut seen, &from.queue)
                .and_then(|()| bounds::tasks(Operation::Claim, from.max));
            let answer = checked.map(|()| self.claim_from(claim, from, has_suspect, now));
            if let Ok(answer) = &answer {
                has_suspect |= claim.mode == ClaimMode::Alone && !answer.tasks.is_empty();
            }
            answers.push((from.queue.clone(), answer));
        }
        answers
    }

    /// Only looks if an earlier queue gave a suspect: it runs with nothing beside it (B11.3).
    fn claim_from(
        &mut self,
        claim: &Claim,
        from: &ClaimFrom,
        only_look: bool,
        now: StoreTime,
    ) -> QueueClaimed {
        let max = if only_look { 0 } else { from.max };
        let from = ClaimFrom { max, ..from.clone() };
        self.on(&from.queue, |queue| queue.claim(claim, &from, now))
    }

    pub(crate) fn settle(&mut self, settle: &Settle, now: StoreTime) -> Result<SettleAnswer> {
        bounds::numbered(Operation::Settle, settle.call)?;
        bounds::tasks(Operation::Settle, settle.outcomes.len())?;
        if let Some(settlement) =
            settle.outcomes.iter().find(|settlement| !settle::supports(&settlement.outcome))
        {
            let verb = settlement.outcome.verb();
            let message = format!("this broker does not know the outcome {verb}; update it");
            return Err(Error::new(ErrorKind::Unsupported, Operation::Settle, message));
        }
        self.on(&settle.queue, |queue| queue.settle(settle, now))
    }

    pub(crate) fn renew(&mut self, renew: &Renew, now: StoreTime) -> Renewed {
        self.register(renew, now);
        let mut seen = Vec::with_capacity(renew.held.len());
        renew
            .held
            .iter()
            .map(|held| {
                let checked = bounds::once(Operation::Renew, &mut seen, &held.queue)
                    .and_then(|()| bounds::claims(held.claims.len()));
                let answer = checked.map(|()| self.renew_in(renew, held, now));
                (held.queue.clone(), answer)
            })
            .collect()
    }

    fn renew_in(&mut self, renew: &Renew, held: &Held, now: StoreTime) -> QueueRenewed {
        self.on(&held.queue, |queue| queue.renew(renew, held, now))
    }

    fn register(&mut self, renew: &Renew, now: StoreTime) {
        self.workers.fade(now, CLEARED_BY_A_RENEWAL, |_| false);
        if renew.lease.is_zero() {
            self.workers.remove(renew.worker);
            return;
        }
        let registered = self.workers.touch(renew.worker, now);
        registered.lease_until = now.after(renew.lease.min(LONGEST_LEASE));
        registered.info.clone_from(&renew.info);
    }

    /// The workers that live, in the order of their ids.
    pub(crate) fn workers(&self, now: StoreTime) -> Vec<WorkerView> {
        let view = |(id, registered): (WorkerId, &Registered)| {
            WorkerView::new(id, registered.lease_until, registered.info.clone())
        };
        let mut workers: Vec<_> =
            self.workers.iter().map(view).filter(|worker| worker.lease_until > now).collect();
        workers.sort_by_key(|worker| worker.id);
        workers
    }

    pub(crate) fn tick(&mut self, tick: &Tick, now: StoreTime) -> Ticked {
        let latest = now.after(LONGEST_LEASE);
        for registered in self.workers.values_mut() {
            registered.lease_until = registered.lease_until.min(latest);
        }
        let mut answers = Vec::with_capacity(tick.queues.len());
        for name in &tick.queues {
            let checked = bounds::tasks(Operation::Tick, tick.limit);
            answers.push((name.clone(), checked.map(|()| self.tick_in(tick, name, now))));
        }
        answers
    }

    fn tick_in(&mut self, tick: &Tick, name: &QueueName, now: StoreTime) -> QueueTicked {
        let mut answer = self.on_existing(name, |queue| queue.tick(tick, now));
        answer.now = now;
        answer
    }

    /// Takes away a queue that holds nothing and that no live worker serves.
    pub(crate) fn discard(&mut self, name: &QueueName, now: StoreTime) -> bool {
        let idle = self.queues.get(name).is_none_or(|queue| {
            let counts = queue.counts(now);
            queue.tasks.is_empty() && counts.inbox == 0 && counts.workers == 0
        });
        if idle {
            self.queues.remove(name);
        }
        idle
    }

    /// Ends a pause. Who waited for the inbox meanwhile was not woken by it.
    pub(crate) fn resume(&mut self, name: &QueueName) {
        let has_inbox = self.on(name, |queue| {
            queue.resume();
            !queue.inbox.is_empty()
        });
        if has_inbox {
            self.bells.wake_for_inbox(name);
        }
    }

    /// Starts a wait: over at once if a ring was kept or an inbox that it waits for has bodies.
    ///
    /// The inbox of a paused queue wakes nobody: a claim would take nothing.
    pub(crate) fn listen(&mut self, queues: &[WaitOn]) -> Listening {
        if let Some(rang) = self.bells.take_kept(queues) {
            return Listening::Rang(rang);
        }
        let has_inbox = |on: &&WaitOn| {
            let queue = self.queues.get(&on.queue);
            on.inbox && queue.is_some_and(|queue| !queue.paused && !queue.inbox.is_empty())
        };
        match queues.iter().find(has_inbox) {
            Some(on) => Listening::Rang(on.queue.clone()),
            None => Listening::Waits(self.bells.enlist(queues)),
        }
    }
}
