//! The settler of one queue: writes outcomes in batches, and keeps them until the store answers.
//!
//! Group commit: while one call is under way the next one gathers; when idle, an outcome goes at
//! once. What is kept is bounded by what the worker holds, and the claimer stops when that is too
//! much.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tireless_core::limits::TASKS_PER_CALL;
use tireless_core::{
    CallSequence, CallTicket, ClaimToken, ErrorKind, Outcome, QueueName, Result, Settle,
    SettleAnswer, Settled, Settlement, TaskId,
};
use tokio::sync::{Notify, oneshot};

use crate::events::Event;
use crate::health::Role;
use crate::ledger::Batch;
use crate::random::backoff;
use crate::shared::Shared;
use crate::summary::add;

/// Bytes of failures that one call carries at most: well below the bound of a call.
const FAILURE_BYTES: usize = 2 * 1024 * 1024;

/// A task whose outcome is known here but not yet in the store.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) id: TaskId,
    pub(crate) batch: Arc<Batch>,
    pub(crate) outcome: Outcome,
    /// Dropped once the store has answered, for a slot that waits for that.
    pub(crate) settled: Option<oneshot::Sender<()>>,
}

/// A call that may have to be repeated.
#[derive(Debug)]
struct Sending {
    /// Keeps the number in use until the call is answered.
    _ticket: CallTicket,
    settle: Settle,
    batches: Vec<Arc<Batch>>,
    _settled: Vec<oneshot::Sender<()>>,
}

/// Writes the outcomes of one queue.
#[derive(Debug)]
pub(crate) struct Settler {
    queue: QueueName,
    calls: CallSequence,
    pending: Mutex<Vec<Finished>>,
    /// Survives a restart of the loop, so that the same call is repeated.
    sending: Mutex<Option<Arc<Sending>>>,
    wake: Notify,
    closing: AtomicBool,
}

impl Settler {
    pub(crate) fn new(queue: QueueName) -> Self {
        Self {
            queue,
            calls: CallSequence::new(),
            pending: Mutex::default(),
            sending: Mutex::default(),
            wake: Notify::new(),
            closing: AtomicBool::new(false),
        }
    }

    fn pending(&self) -> MutexGuard<'_, Vec<Finished>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sending(&self) -> MutexGuard<'_, Option<Arc<Sending>>> {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an outcome to be written.
    pub(crate) fn push(&self, finished: Finished) {
        finished.batch.finished();
        let mut pending = self.pending();
        pending.push(finished);
        let first = pending.len() == 1;
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

    /// Writes until closed and empty.
    pub(crate) async fn run(&self, shared: &Shared) -> Result<()> {
        loop {
            let kept = self.sending().clone();
            let sending = match kept {
                Some(sending) => sending,
                None => match self.gather(shared).await {
                    Some(sending) => sending,
                    None => return Ok(()),
                },
            };
            let answer = self.send(shared, &sending).await;
            *self.sending() = None;
            note(shared, &sending, answer.as_ref());
        }
    }

    /// Waits for outcomes and makes a call of them; `None` when closed.
    async fn gather(&self, shared: &Shared) -> Option<Arc<Sending>> {
        loop {
            // Slots that are about to finish come first: their outcomes go with this call.
            tokio::task::yield_now().await;
            let taken = take(&mut self.pending());
            if !taken.is_empty() {
                let sending = Arc::new(self.call(shared, taken));
                *self.sending() = Some(Arc::clone(&sending));
                return Some(sending);
            }
            if self.closing.load(Ordering::Acquire) {
                return None;
            }
            self.wake.notified().await;
        }
    }

    fn call(&self, shared: &Shared, taken: Vec<Finished>) -> Sending {
        let ticket = self.calls.next();
        let mut batches = Vec::with_capacity(taken.len());
        let mut outcomes = Vec::with_capacity(taken.len());
        let mut waiting = Vec::new();
        for Finished { id, batch, outcome, settled } in taken {
            outcomes.push(Settlement { claim: batch.number, id, outcome });
            batches.push(batch);
            waiting.extend(settled);
        }
        let settle = Settle {
            queue: self.queue.clone(),
            worker: shared.worker,
            call: ticket.call(),
            outcomes,
        };
        Sending { _ticket: ticket, settle, batches, _settled: waiting }
    }

    /// Sends the same call until the store answers; `None` if it never will.
    async fn send(&self, shared: &Shared, sending: &Sending) -> Option<SettleAnswer> {
        let mut failures = 0;
        loop {
            let error = match shared.broker.settle(&sending.settle).await {
                Ok(answer) => {
                    shared.succeeded(Role::Settler);
                    return Some(answer);
                }
                Err(error) => error,
            };
            shared.failed(Role::Settler, &error);
            if is_hopeless(error.kind()) {
                let tasks = sending.settle.outcomes.len();
                tracing::error!(queue = %self.queue, tasks, %error, "outcomes cannot be written; \
                    their tasks go back and run again");
                return None;
            }
            failures += 1;
            let pause = backoff(failures, Duration::from_millis(50), Duration::from_secs(2));
            shared.clock.sleep(pause).await;
        }
    }
}

/// Whether repeating the same call can never help.
fn is_hopeless(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::InvalidInput | ErrorKind::TooLarge | ErrorKind::Stale)
}

/// Takes out what fits into one call.
fn take(pending: &mut Vec<Finished>) -> Vec<Finished> {
    let mut bytes = 0;
    let fits = pending.iter().take(TASKS_PER_CALL).take_while(|finished| {
        bytes += match &finished.outcome {
            Outcome::Fail { failure, .. } | Outcome::Bury { failure, .. } => failure.text().len(),
            _ => 0,
        };
        bytes <= FAILURE_BYTES
    });
    let fits = fits.count();
    if fits == pending.len() {
        return std::mem::replace(pending, Vec::with_capacity(fits.min(TASKS_PER_CALL)));
    }
    pending.drain(..fits).collect()
}

/// Counts what was answered, and lets go of the tasks.
fn note(shared: &Shared, sending: &Sending, answer: Option<&SettleAnswer>) {
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
    // Neighbours are mostly of one claim: the ledger is asked once for each run of them.
    for group in sending.batches.chunk_by(Arc::ptr_eq) {
        shared.ledger.settled(&group[0], group.len());
    }
    shared.held_fell();
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
