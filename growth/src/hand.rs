//! The hand: claims and acks over the broker alone, without a pool around it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tireless::broker::{
    CallSequence, Claim, ClaimFrom, ClaimMode, Outcome, Settle, Settled, Settlement,
};
use tireless::{Backend, QueueName, WorkerId};

/// Longer than any curve rests between two claims.
const LEASE: Duration = Duration::from_secs(300);

/// A worker that runs nothing.
#[derive(Debug)]
pub struct Hand {
    broker: Arc<dyn Backend>,
    queue: QueueName,
    worker: WorkerId,
    claims: u64,
    settles: CallSequence,
}

impl Hand {
    /// One for a queue.
    pub fn new(broker: Arc<dyn Backend>, queue: QueueName) -> Self {
        let (worker, settles) = (WorkerId::new(), CallSequence::new());
        Self { broker, queue, worker, claims: 0, settles }
    }

    /// Takes and acks so many tasks, at most so many in one claim and one settle; fewer fit when
    /// they are large.
    ///
    /// # Errors
    /// When the queue does not hold that many.
    pub async fn take(&mut self, tasks: u64, a_call: u64) -> Result<()> {
        let mut left = tasks;
        while left > 0 {
            let taken = self.turn(a_call.min(left)).await?;
            ensure!(taken > 0, "the queue gave out with {left} tasks to be taken");
            left -= taken;
        }
        Ok(())
    }

    async fn turn(&mut self, tasks: u64) -> Result<u64> {
        self.claims += 1;
        let from = ClaimFrom { queue: self.queue.clone(), max: tasks as usize, inbox: false };
        let claim = Claim {
            worker: self.worker,
            number: self.claims,
            lease: LEASE,
            mode: ClaimMode::Shared,
            queues: vec![from],
        };
        let (_, answer) = self.broker.claim(&claim).await.pop().context("no answer to a claim")?;
        let claimed = answer?.tasks;
        if claimed.is_empty() {
            return Ok(0);
        }
        let ack = |task: &tireless::broker::ClaimedTask| Settlement {
            claim: task.claim,
            id: task.id,
            outcome: Outcome::ACK,
        };
        let ticket = self.settles.next();
        let settle = Settle {
            queue: self.queue.clone(),
            worker: self.worker,
            call: ticket.call(),
            outcomes: claimed.iter().map(ack).collect(),
        };
        let settled = self.broker.settle(&settle).await?.settled;
        ensure!(settled.iter().all(|one| *one == Settled::Applied), "an ack was refused");
        Ok(claimed.len() as u64)
    }
}
