//! Settle: what became of held tasks; what is not held under the named claim is refused (B5).

use tireless_core::{
    Operation, Outcome, Reentry, ReleaseReason, Result, Settle, SettleAnswer, Settled, Settlement,
    StoreTime, TaskId,
};

use crate::queue::Queue;
use crate::task::Place;

/// What one batch has done so far.
#[derive(Debug, Default)]
struct Batch {
    /// Tasks to be made ready at the end, so that those of one batch keep their order.
    ready: Vec<(TaskId, Reentry)>,
    dropped: u64,
}

impl Queue {
    /// Applies a batch of outcomes, or gives the first answer to a repeated one.
    ///
    /// # Errors
    /// `Stale` for a copy of a call that was given up.
    pub(crate) fn settle(&mut self, settle: &Settle, now: StoreTime) -> Result<SettleAnswer> {
        let known = self.settles.look(Operation::Settle, settle.worker, settle.call, now)?;
        if let Some(answer) = known {
            return Ok(answer);
        }
        let due = self.earliest_due();
        let mut batch = Batch::default();
        let mut answer = SettleAnswer::default();
        for settlement in &settle.outcomes {
            let holds = self.holds(settle, settlement);
            answer.settled.push(if holds { Settled::Applied } else { Settled::LeaseLost });
            if holds {
                self.detach(settlement.id);
                self.apply(settlement.id, &settlement.outcome, now, &mut batch);
            }
        }
        self.rings |= !batch.ready.is_empty();
        self.enter_all(&batch.ready);
        self.ring_if_due_earlier(due);
        answer.dropped = batch.dropped;
        self.settles.keep(settle.worker, settle.call, now, answer.clone());
        Ok(answer)
    }

    /// Whether the worker holds the task under that claim. The claim is asked, not the task: a
    /// task that was settled earlier in the batch may not stand anywhere yet.
    fn holds(&self, settle: &Settle, settlement: &Settlement) -> bool {
        let Some(task) = self.tasks.get(&settlement.id) else { return false };
        let Place::Running(run) = task.place else { return false };
        let claim = self.holders.claim(settle.worker, settlement.claim);
        claim.is_some_and(|claim| claim.holds(run.position, settlement.id))
    }

    fn apply(&mut self, id: TaskId, outcome: &Outcome, now: StoreTime, batch: &mut Batch) {
        match outcome {
            Outcome::Ack { keep } => batch.dropped += self.finish(id, *keep, now),
            Outcome::Fail { failure, retry_in, reentry } => {
                self.charge(id, failure.clone(), now);
                self.remember_end(id, *reentry);
                self.await_retry(id, now.after(*retry_in));
            }
            Outcome::Release { after, reason, reentry } => {
                self.count_return(id, *reason, now);
                if after.is_zero() {
                    batch.ready.push((id, *reentry));
                } else {
                    self.remember_end(id, *reentry);
                    self.schedule(id, now.after(*after));
                }
            }
            Outcome::Bury { reason, failure } => {
                batch.dropped += self.bury(id, *reason, failure, now);
            }
            Outcome::Snooze { delay } => self.schedule(id, now.after(*delay)),
            // `supports` lets no other outcome come here; a task must be somewhere all the same.
            _ => batch.ready.push((id, Reentry::Front)),
        }
    }

    fn remember_end(&mut self, id: TaskId, end: Reentry) {
        if end == Reentry::Front
            && let Some(task) = self.tasks.get_mut(&id)
        {
            task.history_mut().enters_front = true;
        }
    }

    fn count_return(&mut self, id: TaskId, reason: ReleaseReason, now: StoreTime) {
        if reason != ReleaseReason::Unknown {
            return;
        }
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let history = task.history_mut();
        if history.returns == 0 {
            history.returned_since = now;
        }
        history.returns = history.returns.saturating_add(1);
    }
}

/// Whether this program knows the outcome.
pub(crate) fn supports(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Ack { .. }
            | Outcome::Fail { .. }
            | Outcome::Release { .. }
            | Outcome::Bury { .. }
            | Outcome::Snooze { .. }
    )
}

#[cfg(test)]
#[path = "settle_tests.rs"]
mod tests;
