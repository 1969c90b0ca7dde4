//! What a settler has still to write, and how it becomes calls.
//!
//! Outcomes of one claim go together if they can: a whole claim of plain acks is one comparison in
//! the store, a part of one is work for each id.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tireless_core::limits::TASKS_PER_CALL;
use tireless_core::{CallTicket, Outcome, Settle, Settlement, TaskId};
use tokio::sync::oneshot;

use crate::ledger::Batch;
use crate::sync::AtomicBool;

/// Bytes of failures that one call carries at most: well below the bound of a call.
const FAILURE_BYTES: usize = 2 * 1024 * 1024;

/// So many outcomes are worth a call beside others that are under way.
pub(crate) const OUTCOMES_WORTH_A_CALL: usize = 256;

/// A task whose outcome is known here but not yet in the store.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) id: TaskId,
    pub(crate) batch: Arc<Batch>,
    /// Which one of its batch it is.
    pub(crate) place: usize,
    pub(crate) outcome: Outcome,
    /// Dropped once the store has answered, for a slot that waits for that.
    pub(crate) settled: Option<oneshot::Sender<()>>,
}

/// A call that may have to be repeated.
#[derive(Debug)]
pub(crate) struct SettleCall {
    /// Keeps the number in use until the call is answered.
    pub(crate) _ticket: CallTicket,
    pub(crate) settle: Settle,
    pub(crate) batches: Vec<Arc<Batch>>,
    places: Vec<usize>,
    settled: Vec<Option<oneshot::Sender<()>>>,
    /// A copy is under way, or ended without a word of what it did.
    in_doubt: AtomicBool,
}

#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub(crate) finished: Vec<Finished>,
    /// So many of the first have let others go before them: they go next.
    passed: usize,
    /// Parts of refused calls; the last one is next, and all come before the others.
    pub(crate) parts: Vec<Vec<Finished>>,
    /// Nobody writes any more.
    pub(crate) ended: bool,
}

impl SettleCall {
    /// A call of these outcomes; `settle` is without them.
    pub(crate) fn new(ticket: CallTicket, mut settle: Settle, taken: Vec<Finished>) -> Self {
        let mut batches = Vec::with_capacity(taken.len());
        let mut places = Vec::with_capacity(taken.len());
        let mut waiting = Vec::with_capacity(taken.len());
        settle.outcomes.reserve(taken.len());
        for Finished { id, batch, place, outcome, settled } in taken {
            settle.outcomes.push(Settlement { claim: batch.number, id, outcome });
            batches.push(batch);
            places.push(place);
            waiting.push(settled);
        }
        let in_doubt = AtomicBool::new(false);
        Self { _ticket: ticket, settle, batches, places, settled: waiting, in_doubt }
    }

    /// A copy is sent. Whether an earlier one may have been carried out.
    pub(crate) fn doubt(&self) -> bool {
        self.in_doubt.swap(true, Ordering::Relaxed)
    }

    /// No copy has been carried out.
    pub(crate) fn trust(&self) {
        self.in_doubt.store(false, Ordering::Relaxed);
    }

    /// Whether a copy may have been carried out.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.in_doubt.load(Ordering::Relaxed)
    }

    /// Takes the call apart.
    pub(crate) fn into_finished(self) -> Vec<Finished> {
        let with = self.settle.outcomes.into_iter().zip(self.batches);
        let with = with.zip(self.places).zip(self.settled);
        let finished = |(((settlement, batch), place), settled): (((Settlement, _), _), _)| {
            Finished { id: settlement.id, batch, place, outcome: settlement.outcome, settled }
        };
        with.map(finished).collect()
    }
}

impl Pending {
    /// Nobody writes any more.
    pub(crate) fn ended() -> Self {
        Self { ended: true, ..Self::default() }
    }

    /// What the next call carries. Beside others under way only plain acks go: in what order tasks
    /// come back is decided by the order of calls.
    pub(crate) fn next(&mut self, beside: bool) -> Vec<Finished> {
        let worth = !beside || self.finished.len() >= OUTCOMES_WORTH_A_CALL;
        if !self.parts.is_empty() || !worth {
            return if beside { Vec::new() } else { self.parts.pop().unwrap_or_default() };
        }
        let first = &self.finished[..self.finished.len().min(TASKS_PER_CALL)];
        if first.iter().all(|finished| finished.outcome == Outcome::ACK) {
            return self.next_acks(beside);
        }
        if beside { Vec::new() } else { self.next_in_order() }
    }

    /// Takes out acks, of whole claims if there are any: the others let them go before once.
    fn next_acks(&mut self, beside: bool) -> Vec<Finished> {
        let count = self.finished.len().min(TASKS_PER_CALL);
        let passed = self.passed;
        let is_next = |(at, finished): (usize, &Finished)| at < passed || finished.batch.is_whole();
        let next = self.finished[..count].iter().enumerate().filter(|of| is_next(*of)).count();
        if beside && next < OUTCOMES_WORTH_A_CALL {
            return Vec::new();
        }
        let mut acks = if next == 0 || next == self.finished.len() {
            self.passed = 0;
            self.take(count)
        } else {
            let rest = self.finished.split_off(count);
            let (acks, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.finished)
                .into_iter()
                .enumerate()
                .partition(|(at, finished)| is_next((*at, finished)));
            self.finished = others.into_iter().map(|(_, finished)| finished).collect();
            self.passed = self.finished.len();
            self.finished.extend(rest);
            acks.into_iter().map(|(_, finished)| finished).collect()
        };
        // As they were claimed: only then is a whole claim seen as one.
        acks.sort_by_key(|finished| (finished.batch.number, finished.place));
        acks
    }

    /// Takes out what fits into one call.
    fn next_in_order(&mut self) -> Vec<Finished> {
        let mut bytes = 0;
        let fits = self.finished.iter().take(TASKS_PER_CALL).take_while(|finished| {
            bytes += match &finished.outcome {
                Outcome::Fail { failure, .. } | Outcome::Bury { failure, .. } => {
                    failure.text().len()
                }
                _ => 0,
            };
            bytes <= FAILURE_BYTES
        });
        let fits = fits.count();
        self.passed = self.passed.saturating_sub(fits);
        self.take(fits)
    }

    fn take(&mut self, count: usize) -> Vec<Finished> {
        if count == self.finished.len() {
            return std::mem::replace(&mut self.finished, Vec::with_capacity(count));
        }
        self.finished.drain(..count).collect()
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
