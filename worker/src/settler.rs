//! The settler of one queue: writes outcomes in batches, and keeps them until the store answers.
//!
//! Group commit: while one call is under way the next one gathers; when idle, an outcome goes at
//! once. What is kept is bounded: the claimer leaves a queue alone whose outcomes pile up.
//!
//! A call that the store refuses for good is cut in halves, until what it refuses stands alone and
//! is let go: one outcome that cannot be written does not keep back the others.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tireless_core::{
    CallSequence, ClaimToken, Effect, Error, ErrorKind, Outcome, QueueName, Result, Settle,
    SettleAnswer, Settled, Settlement,
};

use crate::events::Event;
use crate::health::Role;
pub(crate) use crate::outbox::Finished;
use crate::outbox::{Pending, Sending};
use crate::random::backoff;
use crate::shared::Shared;
use crate::summary::add;
use crate::sync::{AtomicBool, AtomicU32, AtomicUsize, Mutex, MutexGuard, Notify};

/// How a call ended.
enum Sent {
    Answered(SettleAnswer),
    /// It was overtaken by its own repeat: what became of it is not told.
    Stale,
    /// It certainly did nothing, and never will.
    Refused(Error),
}

/// Writes the outcomes of one queue.
#[derive(Debug)]
pub(crate) struct Settler {
    role: Role,
    queue: QueueName,
    calls: CallSequence,
    pending: Mutex<Pending>,
    /// Survives a restart of the loop, so that the same call is repeated.
    sending: Mutex<Option<Arc<Sending>>>,
    wake: Notify,
    closing: AtomicBool,
    /// Outcomes that are not written.
    unwritten: AtomicUsize,
    /// Below how many of them the claimer wants to be rung; 0 for never.
    ring_below: AtomicUsize,
    /// The last call got no answer.
    failing: AtomicBool,
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
            failing: AtomicBool::new(false),
            refusals: AtomicU32::new(0),
        }
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sending(&self) -> MutexGuard<'_, Option<Arc<Sending>>> {
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
        let first = pending.finished.len() == 1;
        drop(pending);
        if first {
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
        self.failing.load(Ordering::Relaxed)
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
        *self.pending() = Pending { ended: true, ..Pending::default() };
        *self.sending() = None;
        Ok(())
    }

    async fn write(&self, shared: &Shared) {
        loop {
            let kept = self.sending().clone();
            let sending = match kept {
                Some(sending) => sending,
                None => match self.gather(shared).await {
                    Some(sending) => sending,
                    None => return,
                },
            };
            let sent = self.send(shared, &sending).await;
            *self.sending() = None;
            match sent {
                Sent::Answered(answer) => self.note(shared, &sending, Some(&answer)),
                Sent::Stale => self.note(shared, &sending, None),
                Sent::Refused(error) => self.refused(shared, sending, &error),
            }
        }
    }

    /// Cuts a call in halves, or lets go of what stands alone.
    fn refused(&self, shared: &Shared, sending: Arc<Sending>, error: &Error) {
        // Nobody else has it: it was taken out of where restarts find it.
        let Some(sending) = Arc::into_inner(sending) else { return };
        if sending.settle.outcomes.len() > 1 {
            let mut first = sending.into_finished();
            let second = first.split_off(first.len() / 2);
            self.pending().parts.extend([second, first]);
            return;
        }
        if let [settlement] = &sending.settle.outcomes[..] {
            tell_refused(shared, &sending.settle, settlement, error);
        }
        self.note(shared, &sending, None);
    }

    /// Waits for outcomes and makes a call of them; `None` when closed.
    async fn gather(&self, shared: &Shared) -> Option<Arc<Sending>> {
        loop {
            // Slots that are about to finish come first: their outcomes go with this call.
            tokio::task::yield_now().await;
            // Before the look: what came in before the end is then seen by it.
            let closing = self.closing.load(Ordering::Acquire);
            let taken = self.pending().next();
            if !taken.is_empty() {
                let sending = Arc::new(self.call(shared, taken));
                *self.sending() = Some(Arc::clone(&sending));
                return Some(sending);
            }
            if closing {
                return None;
            }
            self.wake.notified().await;
        }
    }

    fn call(&self, shared: &Shared, taken: Vec<Finished>) -> Sending {
        let ticket = self.calls.next();
        let mut batches = Vec::with_capacity(taken.len());
        let mut outcomes = Vec::with_capacity(taken.len());
        let mut waiting = Vec::with_capacity(taken.len());
        for Finished { id, batch, outcome, settled } in taken {
            outcomes.push(Settlement { claim: batch.number, id, outcome });
            batches.push(batch);
            waiting.push(settled);
        }
        let settle = Settle {
            queue: self.queue.clone(),
            worker: shared.worker,
            call: ticket.call(),
            outcomes,
        };
        Sending { _ticket: ticket, settle, batches, settled: waiting }
    }

    /// Sends the same call until the store answers, or refuses it for good.
    async fn send(&self, shared: &Shared, sending: &Sending) -> Sent {
        let mut failures = 0;
        loop {
            shared.asks(self.role);
            let error = match shared.broker.settle(&sending.settle).await {
                Ok(answer) => {
                    shared.succeeded(self.role);
                    self.refusals.store(0, Ordering::Relaxed);
                    self.failing.store(false, Ordering::Relaxed);
                    return Sent::Answered(answer);
                }
                Err(error) => error,
            };
            shared.failed(self.role, &error);
            self.failing.store(true, Ordering::Relaxed);
            if error.kind() == ErrorKind::Stale {
                let tasks = sending.settle.outcomes.len();
                tracing::error!(queue = %self.queue, tasks, %error, "what became of outcomes is \
                    not known; tasks whose outcomes were not written run again");
                shared.owes_nothing(self.role, None);
                return Sent::Stale;
            }
            let refused = is_refused(&error);
            failures =
                if refused { self.refusals.fetch_add(1, Ordering::Relaxed) } else { failures };
            failures = failures.saturating_add(1);
            let pause = backoff(failures, Duration::from_millis(50), Duration::from_secs(2));
            if is_wrong(&error) {
                // It is about what was sent, not about the store.
                shared.owes_nothing(self.role, Some(pause));
            }
            shared.clock.sleep(pause).await;
            if refused {
                return Sent::Refused(error);
            }
        }
    }

    /// Counts what was answered, and lets go of the tasks.
    fn note(&self, shared: &Shared, sending: &Sending, answer: Option<&SettleAnswer>) {
        count(shared, sending, answer);
        // Neighbours are mostly of one claim: the ledger is asked once for each run of them.
        for group in sending.batches.chunk_by(Arc::ptr_eq) {
            shared.ledger.settled(&group[0], group.len());
        }
        shared.held_fell();
        self.unwritten.fetch_sub(sending.batches.len(), Ordering::SeqCst);
        if self.is_free_again() {
            shared.claimer_wake.notify_one();
        }
    }
}

/// Whether the call did nothing and repeating it can never help.
fn is_refused(error: &Error) -> bool {
    is_wrong(error) || (!error.is_retryable() && error.effect() == Effect::None)
}

/// Whether the call itself is wrong, whatever the store's state.
fn is_wrong(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::TooLarge)
}

/// Counts what was answered.
fn count(shared: &Shared, sending: &Sending, answer: Option<&SettleAnswer>) {
    let mut done = 0;
    for (index, settlement) in sending.settle.outcomes.iter().enumerate() {
        match answer.and_then(|answer| answer.settled.get(index)) {
            Some(Settled::LeaseLost) => tell_lost(shared, &sending.settle, settlement),
            Some(_) if matches!(settlement.outcome, Outcome::Ack { .. }) => done += 1,
            Some(_) => add(shared.counters.of(&settlement.outcome), 1),
            None => {}
        }
    }
    add(&shared.counters.done, done);
    let dropped = answer.map_or(0, |answer| answer.dropped);
    if dropped > 0 {
        let queue = sending.settle.queue.clone();
        shared.observers.tell(|| Event::Dropped { queue, tasks: dropped });
    }
}

fn tell_refused(shared: &Shared, settle: &Settle, settlement: &Settlement, error: &Error) {
    let claim = ClaimToken { worker: settle.worker, number: settlement.claim };
    tracing::error!(
        queue = %settle.queue, id = %settlement.id, %claim, outcome = settlement.outcome.verb(),
        %error, "the store refuses the outcome; the task goes back and runs again"
    );
    shared.observers.tell(|| Event::OutcomeRefused {
        queue: settle.queue.clone(),
        id: settlement.id,
        claim,
        message: error.message().to_owned(),
    });
}

fn tell_lost(shared: &Shared, settle: &Settle, settlement: &Settlement) {
    add(&shared.counters.lease_lost, 1);
    let claim = ClaimToken { worker: settle.worker, number: settlement.claim };
    tracing::warn!(
        queue = %settle.queue, id = %settlement.id, %claim, outcome = settlement.outcome.verb(),
        "the task was taken over before its outcome was written; it may run twice"
    );
    shared.observers.tell(|| Event::LeaseLost {
        queue: settle.queue.clone(),
        id: settlement.id,
        claim,
    });
}

#[cfg(test)]
#[path = "settler_tests.rs"]
mod tests;
