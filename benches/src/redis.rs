//! The Redis broker over a [`CannedClient`]: building requests, the words of their commands, and
//! reading answers.

use tireless_core::{Broker, Claim, ClaimedTask, History, Push, Settle};
use tireless_redis_broker::reply::Reply;
use tireless_redis_broker::{RedisBroker, Settings};

use crate::canned::{self, CannedClient};
use crate::{at_once, fixture};

/// A Redis broker whose scripts all give one answer.
#[derive(Debug)]
pub struct Redis(RedisBroker<CannedClient>);

impl Redis {
    /// One that gives this answer.
    ///
    /// # Panics
    /// Never: the client answers like a server that is fit.
    pub fn answering(script: Reply) -> Self {
        let client = CannedClient::answering(script);
        Self(at_once(RedisBroker::new(client, Settings::default())).expect("a broker"))
    }

    /// One that gives these tasks to every claim.
    pub fn giving(tasks: &[ClaimedTask]) -> Self {
        Self::answering(canned::claimed(tasks))
    }

    /// Claims; how many tasks came.
    ///
    /// # Panics
    /// If it is refused, or the answer cannot be read.
    pub fn claim(&self, claim: &Claim) -> usize {
        let (_, answer) = at_once(self.0.claim(claim)).pop().expect("one queue's answer");
        answer.expect("a claim").tasks.len()
    }

    /// Pushes.
    ///
    /// # Panics
    /// If it is refused, or the answer cannot be read.
    pub fn push(&self, push: &Push) -> usize {
        at_once(self.0.push(push)).expect("a push").len()
    }

    /// Settles.
    ///
    /// # Panics
    /// If it is refused, or the answer cannot be read.
    pub fn settle(&self, settle: &Settle) -> usize {
        at_once(self.0.settle(settle)).expect("a settle").settled.len()
    }
}

/// Tasks as a claim gives them.
pub fn tasks(count: usize) -> Vec<ClaimedTask> {
    let envelope = fixture::envelope();
    let task = |number| ClaimedTask {
        id: fixture::id(number),
        claim: 1,
        envelope: envelope.clone(),
        history: History::default(),
    };
    (0..count).map(task).collect()
}
