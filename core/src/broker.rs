//! The broker: six operations that move tasks, and the same store over connections of its own.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    Admin, Claim, Claimed, Inspect, Push, Pushed, Renew, Renewed, Result, Settle, SettleAnswer,
    Tick, Ticked, Wait, Woken, Yardstick,
};

/// Moves tasks between the lists and sets of queues.
///
/// # Contract
/// `docs/contract.md` numbers what a broker promises, B1 to B17. For every operation here:
/// - It is one atomic step a queue, and a failed one changes nothing (B1, B2).
/// - It may be dropped at any await, and the same request may be sent again (B3, B4, B5, B10).
/// - Time is the store's (B6), work is bounded (B7), bodies are opaque (B9).
///
/// # Wrappers
/// A wrapper is a broker too and passes the same conformance suite.
#[async_trait]
pub trait Broker: Debug + Send + Sync + 'static {
    /// Accepts tasks into one queue; one answer a task, in order. Rings the bell when something
    /// became ready, or due earlier than anything before it (B14).
    ///
    /// # Errors
    /// `TooLarge` over the bounds of a call, `OutOfMemory` at the store's limit, `Stale` for a
    /// copy of a call that was given up; the effect says whether it may have been carried out.
    async fn push(&self, push: &Push) -> Result<Vec<Pushed>>;

    /// Takes tasks from one or more queues and records them under the claim's token, promoting
    /// what is due first. Answers per queue, in order; errors are per queue too (B15).
    async fn claim(&self, claim: &Claim) -> Claimed;

    /// Writes what became of held tasks; refuses those that the claim does not hold (B5).
    ///
    /// # Errors
    /// `TooLarge` over the bounds of a call, or what kept the store from answering.
    async fn settle(&self, settle: &Settle) -> Result<SettleAnswer>;

    /// Extends the lease of a worker and gives back what it does not know it holds (B4). Answers
    /// per queue, in order.
    async fn renew(&self, renew: &Renew) -> Renewed;

    /// Waits until a bell rings or the time is up, and may carry out the claim that the wait carries
    /// (B14). Promises nothing about connections.
    ///
    /// # Errors
    /// What kept the store from answering; `InvalidInput` for a wait for no queue, and for a claim of
    /// other queues than are waited for. A caller that polls by itself meanwhile, and sends what was
    /// carried again, loses nothing.
    async fn wait(&self, wait: &Wait) -> Result<Woken>;

    /// Promotes, requeues and, when permitted, reclaims: one bounded step a queue. A permitted tick
    /// also looks now and then whether the queue's numbers add up, and mends it if not (B17).
    /// Answers per queue, in order.
    async fn tick(&self, tick: &Tick) -> Ticked;

    /// The same store over connections of their own, which live on the runtime that this is called on;
    /// `None` for a broker that has none, or a wrapper that is to see every call.
    ///
    /// A worker's heartbeat asks for it: handlers that block the threads of their runtime also stop the
    /// connections that live there, and no lease is to end by that.
    fn apart(&self) -> Option<Arc<dyn Broker>> {
        None
    }
}

#[cfg(feature = "mocks")]
impl Debug for MockBroker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MockBroker")
    }
}

#[cfg(feature = "mocks")]
mockall::mock! {
    /// A broker whose answers a test writes.
    pub Broker {}

    #[async_trait]
    impl Broker for Broker {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>>;
        async fn claim(&self, claim: &Claim) -> Claimed;
        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer>;
        async fn renew(&self, renew: &Renew) -> Renewed;
        async fn wait(&self, wait: &Wait) -> Result<Woken>;
        async fn tick(&self, tick: &Tick) -> Ticked;
    }
}

#[async_trait]
impl<T: Broker + ?Sized> Broker for Arc<T> {
    async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
        (**self).push(push).await
    }

    async fn claim(&self, claim: &Claim) -> Claimed {
        (**self).claim(claim).await
    }

    async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
        (**self).settle(settle).await
    }

    async fn renew(&self, renew: &Renew) -> Renewed {
        (**self).renew(renew).await
    }

    async fn wait(&self, wait: &Wait) -> Result<Woken> {
        (**self).wait(wait).await
    }

    async fn tick(&self, tick: &Tick) -> Ticked {
        (**self).tick(tick).await
    }

    fn apart(&self) -> Option<Arc<dyn Broker>> {
        (**self).apart()
    }
}

/// All traits of a backend: what a program that connects by URL gets.
pub trait Backend: Broker + Inspect + Admin + Yardstick {}

impl<T: Broker + Inspect + Admin + Yardstick> Backend for T {}
