//! A memory broker that others get in before and after, and that loses answers when told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tireless_backend_memory::MemoryBroker;
use tireless_core::{
    Broker, Claim, Claimed, Counts, Inspect, Operation, Push, Pushed, Renew, Renewed, Result,
    Settle, SettleAnswer, Tick, Ticked, Wait, Woken,
};

use super::{a_while, draw};
use crate::testbed::{Bed, outage};

/// Counts are std's: what a broker does is one step.
#[derive(Clone, Debug)]
pub(super) struct Restless {
    inner: MemoryBroker,
    /// So many answers may yet be lost.
    losses: Arc<AtomicUsize>,
}

impl Restless {
    /// Over the broker of a bed, past its notes.
    pub(super) fn over(bed: &Bed, losses: usize) -> Self {
        Self { inner: bed.spy.inner.clone(), losses: Arc::new(AtomicUsize::new(losses)) }
    }

    /// Whether this answer is lost.
    fn loses(&self) -> bool {
        let left = self.losses.load(Ordering::SeqCst);
        let loses = left > 0 && draw(2) == 0;
        if loses {
            self.losses.store(left - 1, Ordering::SeqCst);
        }
        loses
    }
}

#[async_trait]
impl Broker for Restless {
    async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
        a_while().await;
        self.inner.push(push).await
    }

    async fn claim(&self, claim: &Claim) -> Claimed {
        a_while().await;
        let mut answer = self.inner.claim(claim).await;
        a_while().await;
        if self.loses() {
            answer.iter_mut().for_each(|(_, given)| *given = Err(outage(Operation::Claim)));
        }
        answer
    }

    async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
        a_while().await;
        let answer = self.inner.settle(settle).await;
        a_while().await;
        if self.loses() { Err(outage(Operation::Settle)) } else { answer }
    }

    async fn renew(&self, renew: &Renew) -> Renewed {
        a_while().await;
        let answer = self.inner.renew(renew).await;
        a_while().await;
        answer
    }

    async fn wait(&self, wait: &Wait) -> Result<Woken> {
        a_while().await;
        let answer = self.inner.wait(wait).await;
        a_while().await;
        if wait.claim.is_some() && self.loses() { Err(outage(Operation::Wait)) } else { answer }
    }

    async fn tick(&self, tick: &Tick) -> Ticked {
        a_while().await;
        self.inner.tick(tick).await
    }
}

/// What the store holds of a queue.
pub(super) async fn counts(bed: &Bed) -> Counts {
    bed.spy.inner.counts(&bed.queue).await.expect("the memory broker answers")
}
