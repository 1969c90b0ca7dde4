//! What a settler has still to write, and how it becomes calls.

use std::sync::Arc;

use tireless_core::limits::TASKS_PER_CALL;
use tireless_core::{CallTicket, Outcome, Settle, Settlement, TaskId};
use tokio::sync::oneshot;

use crate::ledger::Batch;

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
pub(crate) struct Sending {
    /// Keeps the number in use until the call is answered.
    pub(crate) _ticket: CallTicket,
    pub(crate) settle: Settle,
    pub(crate) batches: Vec<Arc<Batch>>,
    pub(crate) settled: Vec<Option<oneshot::Sender<()>>>,
}

#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub(crate) finished: Vec<Finished>,
    /// Parts of refused calls; the last one is next, and all come before the others.
    pub(crate) parts: Vec<Vec<Finished>>,
    /// Nobody writes any more.
    pub(crate) ended: bool,
}

impl Sending {
    /// Takes the call apart.
    pub(crate) fn into_finished(self) -> Vec<Finished> {
        let with = self.settle.outcomes.into_iter().zip(self.batches).zip(self.settled);
        let finished = |((settlement, batch), settled): ((Settlement, _), _)| Finished {
            id: settlement.id,
            batch,
            outcome: settlement.outcome,
            settled,
        };
        with.map(finished).collect()
    }
}

impl Pending {
    /// What the next call carries.
    pub(crate) fn next(&mut self) -> Vec<Finished> {
        self.parts.pop().unwrap_or_else(|| take(&mut self.finished))
    }
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
