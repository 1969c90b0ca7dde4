//! The memory broker, but with pushes that take a turn of the runtime. One that answers at once never
//! has two of them under way on one thread, and no push would share a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tireless_backend_memory::MemoryBroker;
use tireless_core::{
    Broker, Claim, Claimed, Push, Pushed, Renew, Renewed, Result, Settle, SettleAnswer, Tick,
    Ticked, Wait, Woken,
};

use crate::still_clock::StillClock;

/// See the module's words.
#[derive(Debug)]
pub struct LateBroker {
    broker: MemoryBroker,
    pushes: AtomicUsize,
}

impl Default for LateBroker {
    fn default() -> Self {
        let broker = MemoryBroker::new(Arc::new(StillClock));
        Self { broker, pushes: AtomicUsize::new(0) }
    }
}

impl LateBroker {
    /// How many calls of `push` came.
    pub fn pushes(&self) -> usize {
        self.pushes.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Broker for LateBroker {
    async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
        self.pushes.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        self.broker.push(push).await
    }

    async fn claim(&self, claim: &Claim) -> Claimed {
        self.broker.claim(claim).await
    }

    async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
        self.broker.settle(settle).await
    }

    async fn renew(&self, renew: &Renew) -> Renewed {
        self.broker.renew(renew).await
    }

    async fn wait(&self, wait: &Wait) -> Result<Woken> {
        self.broker.wait(wait).await
    }

    async fn tick(&self, tick: &Tick) -> Ticked {
        self.broker.tick(tick).await
    }
}
