//! The settler of one queue: writes outcomes in batches, and keeps them until the store answers.
//!
//! Group commit: while one call is under way the next one gathers; when idle, an outcome goes at
//! once. Where many are ready meanwhile they go beside it: a store that is far away keeps nobody
//! waiting for its answers. What is kept is bounded: the claimer leaves a queue alone whose outcomes
//! pile up.
//!
//! A call that the store refuses for good is cut in halves, until what it refuses stands alone and
//! is let go: one outcome that cannot be written does not keep back the others.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tireless_core::{CallSequence, QueueName, Result, Settle};

use crate::health::Role;
pub(crate) use crate::outbox::Finished;
use crate::outbox::{OUTCOMES_WORTH_A_CALL, Pending, SettleCall};
use crate::shared::Shared;
use crate::sync::{AtomicBool, AtomicU32, AtomicUsize, Mutex, MutexGuard, Notify};

mod call;

/// So many calls are under way at most.
const MOST: usize = 4;

/// Writes the outcomes of one queue.
#[derive(Debug)]
pub(crate) struct Settler {
    role: Role,
    queue: QueueName,
    calls: CallSequence,
    pending: Mutex<Pending>,
    /// Survive a restart of the loop, so that the same calls are repeated.
    sending: Mutex<Vec<Arc<SettleCall>>>,
    wake: Notify,
    closing: AtomicBool,
    /// Outcomes that are not written.
    unwritten: AtomicUsize,
    /// Below how many of them the claimer wants to be rung; 0 for never.
    ring_below: AtomicUsize,
    /// Since when calls have got no answer.
    failing_since: Mutex<Option<Duration>>,
    /// Refusals in a row.
    refusals: AtomicU32,
}

impl Settler {
    /// Of a queue, by its index and name.
    pub(crate) fn new(at: usize, queue: QueueName) -> Self {
        Self {
            role: Role::Settler(at),
            queue,
            calls: CallSequence::new(),
            pending: Mutex::default(),
            sending: Mutex::default(),
            wake: Notify::new(),
            closing: AtomicBool::new(false),
            unwritten: AtomicUsize::new(0),
            ring_below: AtomicUsize::new(0),
            failing_since: Mutex::default(),
            refusals: AtomicU32::new(0),
        }
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sending(&self) -> MutexGuard<'_, Vec<Arc<SettleCall>>> {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an outcome to be written.
    pub(crate) fn push(&self, finished: Finished) {
        finished.batch.finished();
        let mut pending = self.pending();
        if pending.ended {
            // Not written, and nobody is to wait for it: the lease gives the task back.
            return;
        }
        self.unwritten.fetch_add(1, Ordering::SeqCst);
        pending.finished.push(finished);
        let count = pending.finished.len();
        let rings = count == 1 || count.is_multiple_of(OUTCOMES_WORTH_A_CALL);
        drop(pending);
        if rings {
            self.wake.notify_one();
        }
    }

    /// Lets the loop end once everything is written.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Whether so many outcomes wait to be written that no more tasks are to be taken. If so, the
    /// claimer is rung when half of them are gone.
    pub(crate) fn is_choked(&self, bound: usize) -> bool {
        if self.ring_below.load(Ordering::SeqCst) > 0 {
            return true;
        }
        if self.unwritten.load(Ordering::SeqCst) < bound {
            return false;
        }
        self.ring_below.store(bound / 2 + 1, Ordering::SeqCst);
        // They may have gone at this moment, when nobody had asked to be rung.
        !self.is_free_again()
    }

    /// Whether the last call got no answer: it may be long until what waits is written.
    pub(crate) fn is_failing(&self) -> bool {
        self.failing_since().is_some()
    }

    /// Whether no call has got an answer for so long.
    pub(crate) fn has_failed_for(&self, time: Duration, now: Duration) -> bool {
        self.failing_since().is_some_and(|since| since + time <= now)
    }

    fn failing_since(&self) -> MutexGuard<'_, Option<Duration>> {
        self.failing_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_free_again(&self) -> bool {
        let below = self.ring_below.load(Ordering::SeqCst);
        below > 0
            && self.unwritten.load(Ordering::SeqCst) < below
            && self.ring_below.swap(0, Ordering::SeqCst) > 0
    }

    /// Writes until closed and empty, or until the pool is over.
    pub(crate) async fn run(&self, shared: &Shared) -> Result<()> {
        tokio::select! {
            biased;
            () = self.write(shared) => {}
            () = shared.over.cancelled() => {}
        }
        // Nobody is to wait for what is not written any more.
        *self.pending() = Pending::ended();
        self.sending().clear();
        Ok(())
    }

    async fn write(&self, shared: &Shared) {
        let kept = self.sending().clone();
        let mut calls: FuturesUnordered<_> =
            kept.into_iter().map(|sending| self.carry(shared, sending)).collect();
        loop {
            // Slots that are about to finish come first: their outcomes go with this call.
            tokio::task::yield_now().await;
            // Before the look: what came in before the end is then seen by it.
            let closing = self.closing.load(Ordering::Acquire);
            while calls.len() < MOST {
                let taken = self.pending().next(!calls.is_empty());
                if taken.is_empty() {
                    break;
                }
                calls.push(self.carry(shared, self.call(shared, taken)));
            }
            if calls.is_empty() {
                if closing {
                    return;
                }
                self.wake.notified().await;
                continue;
            }
            tokio::select! {
                _ = calls.next() => {}
                () = self.wake.notified(), if calls.len() < MOST => {}
            }
        }
    }

    /// Makes a call of outcomes, and keeps it where a restart finds it.
    fn call(&self, shared: &Shared, taken: Vec<Finished>) -> Arc<SettleCall> {
        let ticket = self.calls.next();
        let settle = Settle {
            queue: self.queue.clone(),
            worker: shared.worker,
            call: ticket.call(),
            outcomes: Vec::new(),
        };
        let sending = Arc::new(SettleCall::new(ticket, settle, taken));
        self.sending().push(Arc::clone(&sending));
        sending
    }
}

#[cfg(test)]
#[path = "settler_tests.rs"]
mod tests;
