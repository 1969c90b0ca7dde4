//! A harness whose broker stands behind a wrapper.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tireless_core::{Backend, QueueName};

use crate::{FaultyBroker, Harness};

/// Something that is put around a broker.
pub trait Wrapper: Send + Sync + 'static {
    /// The wrapped broker.
    fn over(inner: Arc<dyn Backend>) -> Arc<dyn Backend>;
}

impl Wrapper for FaultyBroker {
    fn over(inner: Arc<dyn Backend>) -> Arc<dyn Backend> {
        Arc::new(Self::new(inner))
    }
}

/// The harness `H` with the wrapper `W` around its broker: run the suite over it to see whether
/// the wrapper keeps the contract.
pub struct Over<W, H> {
    harness: H,
    broker: Arc<dyn Backend>,
    wrapper: PhantomData<W>,
}

impl<W, H> fmt::Debug for Over<W, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Over").field("broker", &self.broker).finish_non_exhaustive()
    }
}

#[async_trait]
impl<W: Wrapper, H: Harness> Harness for Over<W, H> {
    async fn fresh() -> Self {
        let harness = H::fresh().await;
        let broker = W::over(harness.broker());
        Self { harness, broker, wrapper: PhantomData }
    }

    fn broker(&self) -> Arc<dyn Backend> {
        self.broker.clone()
    }

    async fn advance(&self, duration: Duration) {
        self.harness.advance(duration).await;
    }

    fn unit(&self) -> Duration {
        self.harness.unit()
    }

    async fn push_plain(&self, queue: &QueueName, body: Bytes) {
        self.harness.push_plain(queue, body).await;
    }

    fn cap(&self) -> usize {
        self.harness.cap()
    }
}
