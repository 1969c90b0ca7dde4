//! The harness of the memory broker: each case has a broker and a virtual clock of its own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tireless_backend_memory::MemoryBroker;
use tireless_core::{Backend, QueueName};
use tireless_testkit::{Harness, VirtualClock};

/// Dead and kept tasks that a queue holds here at most: few, so that the cap is soon reached.
const CAP: usize = 2_000;

/// A memory broker whose time a test moves.
pub(crate) struct Memory {
    pub(crate) clock: VirtualClock,
    pub(crate) broker: MemoryBroker,
}

#[async_trait]
impl Harness for Memory {
    async fn fresh() -> Self {
        let clock = VirtualClock::new();
        let broker = MemoryBroker::new(Arc::new(clock.clone())).with_dead_kept(CAP);
        Self { clock, broker }
    }

    fn broker(&self) -> Arc<dyn Backend> {
        Arc::new(self.broker.clone())
    }

    async fn advance(&self, duration: Duration) {
        self.clock.advance(duration).await;
    }

    async fn push_plain(&self, queue: &QueueName, body: Bytes) {
        self.broker.push_plain(queue, body);
    }

    fn cap(&self) -> usize {
        CAP
    }
}
