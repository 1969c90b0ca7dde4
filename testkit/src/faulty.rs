//! A broker with faults on demand: lost replies, refusals, delays and late copies.

mod plan;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tireless_core::{
    Backend, Claim, Claimed, Clock, Effect, Error, ErrorKind, Moved, Operation, PerQueue, Purged,
    Push, Pushed, QueueName, Removed, Renew, Renewed, Result, Selection, Settle, SettleAnswer,
    State, TaskId, Tick, Ticked, Wait, Woken,
};

pub use plan::{Fault, Faults, Odds};

use crate::layer::{Layer, Layered, wait_then_claim};

/// A broker over another one, whose calls go wrong as its [`Faults`] say. With no fault planned
/// it keeps the whole contract.
///
/// Faults concern what changes something: push, claim, settle, renew, tick and the operator's
/// calls. Reads and waits pass through; what a wait carries is a claim like others.
pub type FaultyBroker = Layered<FaultyLayer>;

impl FaultyBroker {
    /// A broker without faults so far; plan some with [`faults`](Self::faults).
    pub fn new(inner: Arc<dyn Backend>) -> Self {
        Layered(FaultyLayer { inner, faults: Faults::default(), clock: None })
    }

    /// The same broker, whose delays are slept by this clock instead of tokio's.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.0.clock = Some(clock);
        self
    }

    /// What is to go wrong. The handle stays connected to this broker.
    pub fn faults(&self) -> Faults {
        self.0.faults.clone()
    }

    /// Lets the copies that were held back arrive now, in the order they were made.
    pub async fn deliver_late_copies(&self) {
        for copy in self.0.faults.take_late() {
            copy.send(&self.0.inner).await;
        }
    }
}

/// The layer that a [`FaultyBroker`] is made of.
pub struct FaultyLayer {
    inner: Arc<dyn Backend>,
    faults: Faults,
    clock: Option<Arc<dyn Clock>>,
}

impl fmt::Debug for FaultyLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyLayer").field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// A request that was copied on its way, to arrive once more later.
#[derive(Clone, Debug)]
pub(crate) enum Copy {
    Push(Push),
    Claim(Claim),
    Settle(Settle),
    Renew(Renew),
    Tick(Tick),
}

impl Copy {
    async fn send(self, broker: &Arc<dyn Backend>) {
        match self {
            Self::Push(push) => drop(broker.push(&push).await),
            Self::Claim(claim) => drop(broker.claim(&claim).await),
            Self::Settle(settle) => drop(broker.settle(&settle).await),
            Self::Renew(renew) => drop(broker.renew(&renew).await),
            Self::Tick(tick) => drop(broker.tick(&tick).await),
        }
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl FaultyLayer {
    /// One call with its fault. `copy` is what may arrive once more later; `failed` makes an
    /// answer of an error.
    async fn carry<'a, T>(
        &'a self,
        operation: Operation,
        copy: Option<Copy>,
        call: impl Fn() -> Answer<'a, T> + Send,
        failed: impl Fn(&dyn Fn() -> Error) -> T + Send,
    ) -> T {
        match self.faults.next(operation) {
            None => call().await,
            Some(Fault::Refuse) => failed(&|| refused(operation)),
            Some(Fault::LoseReply) => {
                call().await;
                failed(&|| lost(operation))
            }
            Some(Fault::Delay(time)) => {
                self.sleep(time).await;
                call().await
            }
            Some(Fault::Repeat) => {
                let answer = call().await;
                call().await;
                answer
            }
            Some(Fault::CopyLater) => {
                self.faults.hold_late(copy);
                call().await
            }
        }
    }

    async fn sleep(&self, time: Duration) {
        match &self.clock {
            Some(clock) => clock.sleep(time).await,
            None => tokio::time::sleep(time).await,
        }
    }
}

fn refused(operation: Operation) -> Error {
    Error::new(ErrorKind::Unavailable, operation, "refused on purpose by a faulty broker")
}

fn lost(operation: Operation) -> Error {
    let message = "the reply was lost on purpose by a faulty broker; send the same call again";
    Error::new(ErrorKind::Timeout, operation, message).with_effect(Effect::Maybe)
}

/// The same error for each queue of a call.
fn each<'q, T>(
    queues: impl Iterator<Item = &'q QueueName>,
    error: &dyn Fn() -> Error,
) -> PerQueue<T> {
    queues.map(|queue| (queue.clone(), Err(error()))).collect()
}

#[async_trait]
impl Layer for FaultyLayer {
    fn inner(&self) -> &Arc<dyn Backend> {
        &self.inner
    }

    async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
        let copy = Some(Copy::Push(push.clone()));
        self.carry(Operation::Push, copy, || self.inner.push(push), |e| Err(e())).await
    }

    async fn claim(&self, claim: &Claim) -> Claimed {
        let copy = Some(Copy::Claim(claim.clone()));
        let queues = || claim.queues.iter().map(|from| &from.queue);
        let call = || self.inner.claim(claim);
        self.carry(Operation::Claim, copy, call, |e| each(queues(), e)).await
    }

    /// What a wait carries goes wrong as other claims do.
    async fn wait(&self, wait: &Wait) -> Result<Woken> {
        wait_then_claim(self, wait).await
    }

    async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
        let copy = Some(Copy::Settle(settle.clone()));
        self.carry(Operation::Settle, copy, || self.inner.settle(settle), |e| Err(e())).await
    }

    async fn renew(&self, renew: &Renew) -> Renewed {
        let copy = Some(Copy::Renew(renew.clone()));
        let queues = || renew.held.iter().map(|held| &held.queue);
        let call = || self.inner.renew(renew);
        self.carry(Operation::Renew, copy, call, |e| each(queues(), e)).await
    }

    async fn tick(&self, tick: &Tick) -> Ticked {
        let copy = Some(Copy::Tick(tick.clone()));
        let call = || self.inner.tick(tick);
        self.carry(Operation::Tick, copy, call, |e| each(tick.queues.iter(), e)).await
    }

    async fn requeue(&self, queue: &QueueName, selection: &Selection) -> Result<Moved> {
        let call = || self.inner.requeue(queue, selection);
        self.carry(Operation::Requeue, None, call, |e| Err(e())).await
    }

    async fn remove(&self, queue: &QueueName, ids: &[TaskId]) -> Result<Vec<Removed>> {
        self.carry(Operation::Remove, None, || self.inner.remove(queue, ids), |e| Err(e())).await
    }

    async fn purge(&self, queue: &QueueName, state: State, limit: usize) -> Result<Purged> {
        let call = || self.inner.purge(queue, state, limit);
        self.carry(Operation::Purge, None, call, |e| Err(e())).await
    }

    async fn pause(&self, queue: &QueueName) -> Result<()> {
        self.carry(Operation::Pause, None, || self.inner.pause(queue), |e| Err(e())).await
    }

    async fn resume(&self, queue: &QueueName) -> Result<()> {
        self.carry(Operation::Resume, None, || self.inner.resume(queue), |e| Err(e())).await
    }

    async fn discard(&self, queue: &QueueName) -> Result<bool> {
        self.carry(Operation::Discard, None, || self.inner.discard(queue), |e| Err(e())).await
    }
}

#[cfg(test)]
#[path = "faulty_tests.rs"]
mod tests;
