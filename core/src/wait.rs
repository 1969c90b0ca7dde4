//! Wait: an idle worker sleeps until a bell rings (B14), and may leave a claim with the store that is
//! carried out as it does.

use std::time::Duration;

use crate::{Claim, Error, Operation, QueueClaimed, QueueName, Result};

/// One queue to wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitOn {
    /// The queue.
    pub queue: QueueName,
    /// Whether a plain push into its inbox wakes too.
    pub inbox: bool,
}

/// Waits until a bell of one of the queues rings, or the time is up.
///
/// Dropping the wait is safe at any moment; at worst one ring is lost, and with it 5 s. A claim that
/// it carried may then have been carried out, or may be yet: the same claim, sent by itself, tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// What to wait for.
    pub queues: Vec<WaitOn>,
    /// How long at most.
    pub timeout: Duration,
    /// A claim of the same queues, to be carried out as the wait ends: who is idle then has the task
    /// when it hears of it. A broker may leave it out, as Redis does with those of several queues where
    /// more than one command waits.
    pub claim: Option<Claim>,
}

impl Wait {
    /// The claim that is carried.
    ///
    /// # Errors
    /// `InvalidInput` when it names other queues than are waited for.
    pub fn carried(&self) -> Result<Option<&Claim>> {
        let Some(claim) = &self.claim else { return Ok(None) };
        let same = claim.queues.len() == self.queues.len()
            && claim.queues.iter().zip(&self.queues).all(|(from, on)| from.queue == on.queue);
        if same {
            return Ok(Some(claim));
        }
        let message = "a wait carries a claim of the queues that it waits for, in their order";
        Err(Error::invalid(Operation::Wait, message))
    }
}

/// Why a wait ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Woken {
    /// The bell of this queue rang.
    Rang(QueueName),
    /// The time is up.
    TimedOut,
    /// A bell rang or the time is up, and the claim was carried out: what each of its queues gave.
    Claimed(Vec<QueueClaimed>),
}
