//! One call of a settler: sent until the store answers, or refuses it for good.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tireless_core::{
    ClaimToken, Effect, Error, ErrorKind, Operation, Outcome, Result, Settle, SettleAnswer,
    Settled, Settlement,
};

use super::Settler;
use crate::events::Event;
use crate::outbox::SettleCall;
use crate::quiet::{log, quietly};
use crate::random::backoff;
use crate::shared::Shared;
use crate::summary::add;

/// How a call ended.
enum Sent {
    Answered(SettleAnswer),
    /// It was overtaken by its own repeat, or refused when an earlier copy may have been carried
    /// out: what became of it is not told.
    Stale,
    /// It certainly did nothing, and never will.
    Refused(Error),
}

impl Settler {
    /// Sends a call until that is over, and notes what came of it.
    pub(super) async fn carry(&self, shared: &Shared, sending: Arc<SettleCall>) {
        let sent = self.send(shared, &sending).await;
        // What was refused and let go keeps nobody from being written.
        *self.failing_since() = None;
        self.sending().retain(|other| !Arc::ptr_eq(other, &sending));
        match sent {
            Sent::Answered(answer) => self.note(shared, &sending, Some(&answer)),
            Sent::Stale => self.note(shared, &sending, None),
            Sent::Refused(error) => self.refused(shared, sending, &error),
        }
    }

    /// Cuts a call in halves, or lets go of what stands alone.
    fn refused(&self, shared: &Shared, sending: Arc<SettleCall>, error: &Error) {
        // Nobody else has it: it was taken out of where restarts find it.
        let Some(sending) = Arc::into_inner(sending) else { return };
        if sending.settle.outcomes.len() > 1 {
            let mut first = sending.into_finished();
            let second = first.split_off(first.len() / 2);
            self.pending().parts.extend([second, first]);
            return;
        }
        if let [settlement] = &sending.settle.outcomes[..] {
            quietly(|| tell_refused(shared, &sending.settle, settlement, error));
        }
        self.note(shared, &sending, None);
    }

    /// Sends the same call until the store answers, or refuses it for good.
    async fn send(&self, shared: &Shared, sending: &SettleCall) -> Sent {
        let mut failures = 0;
        loop {
            shared.asks(self.role);
            let error = match send_copy(shared, sending).await {
                Ok(answer) => {
                    shared.succeeded(self.role);
                    self.refusals.store(0, Ordering::Relaxed);
                    return Sent::Answered(answer);
                }
                Err(error) => error,
            };
            shared.failed(self.role, &error);
            self.failing_since().get_or_insert(shared.clock.monotonic());
            if error.kind() == ErrorKind::Stale {
                return self.end_unknown(shared, sending, &error);
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
            if refused && sending.is_in_doubt() {
                return self.end_unknown(shared, sending, &error);
            }
            if refused {
                return Sent::Refused(error);
            }
        }
    }

    /// Ends a call of which a copy may have been carried out, and none will be any more.
    fn end_unknown(&self, shared: &Shared, sending: &SettleCall, error: &Error) -> Sent {
        let tasks = sending.settle.outcomes.len();
        log!(error, queue = %self.queue, tasks, %error, "what became of outcomes is not known; \
            tasks whose outcomes were not written run again");
        shared.owes_nothing(self.role, None);
        Sent::Stale
    }

    /// Counts what was answered, and lets go of the tasks.
    fn note(&self, shared: &Shared, sending: &SettleCall, answer: Option<&SettleAnswer>) {
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

/// Sends a call once. Whoever drops this half way leaves the call in doubt.
async fn send_copy(shared: &Shared, sending: &SettleCall) -> Result<SettleAnswer> {
    let doubted = sending.doubt();
    let answer = shared.broker.settle(&sending.settle).await;
    if !doubted && answer.as_ref().is_err_and(|error| error.effect() == Effect::None) {
        sending.trust();
    }
    answer
}

/// Whether the call did nothing and repeating it can never help.
fn is_refused(error: &Error) -> bool {
    let passes = error.is_retryable() || is_no_admittance(error);
    is_wrong(error) || (!passes && error.effect() == Effect::None)
}

/// Whether the store let nobody in, or not for this: a password that was changed, rights that are
/// being set. Nothing is wrong with the call, and what tasks have done is not to be thrown away.
fn is_no_admittance(error: &Error) -> bool {
    error.kind() == ErrorKind::Denied || error.operation() == Operation::Connect
}

/// Whether the call itself is wrong, whatever the store's state.
fn is_wrong(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::TooLarge)
        && !is_no_admittance(error)
}

/// Counts what was answered.
fn count(shared: &Shared, sending: &SettleCall, answer: Option<&SettleAnswer>) {
    let mut done = 0;
    for (index, settlement) in sending.settle.outcomes.iter().enumerate() {
        match answer.and_then(|answer| answer.settled.get(index)) {
            Some(Settled::LeaseLost) => {
                add(&shared.counters.lease_lost, 1);
                quietly(|| tell_lost(shared, &sending.settle, settlement));
            }
            Some(_) if matches!(settlement.outcome, Outcome::Ack { .. }) => done += 1,
            Some(_) => add(shared.counters.of(&settlement.outcome), 1),
            None => {}
        }
    }
    add(&shared.counters.done, done);
    let dropped = answer.map_or(0, |answer| answer.dropped);
    if dropped > 0 {
        let queue = sending.settle.queue.clone();
        quietly(|| shared.observers.tell(|| Event::Dropped { queue, tasks: dropped }));
    }
}

fn tell_refused(shared: &Shared, settle: &Settle, settlement: &Settlement, error: &Error) {
    let claim = ClaimToken { worker: settle.worker, number: settlement.claim };
    log!(
        error, queue = %settle.queue, id = %settlement.id, %claim,
        outcome = settlement.outcome.verb(), %error, "the store refuses the outcome; the task goes back and runs again"
    );
    shared.observers.tell(|| Event::OutcomeRefused {
        queue: settle.queue.clone(),
        id: settlement.id,
        claim,
        message: error.message().to_owned(),
    });
}

fn tell_lost(shared: &Shared, settle: &Settle, settlement: &Settlement) {
    let claim = ClaimToken { worker: settle.worker, number: settlement.claim };
    log!(
        warn, queue = %settle.queue, id = %settlement.id, %claim,
        outcome = settlement.outcome.verb(),
        "the task was taken over before its outcome was written; it may run twice"
    );
    shared.observers.tell(|| Event::LeaseLost {
        queue: settle.queue.clone(),
        id: settlement.id,
        claim,
    });
}
