//! What a backend gives to the suite: the one thing a stranger implements.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tireless_core::{Backend, QueueName, limits};

/// A store under test, and the hands that a test needs beside the broker traits.
///
/// One harness is made for each case. Cases use queue names that were never used before, so
/// harnesses may share a store and run at the same time.
#[async_trait]
pub trait Harness: Send + Sync + 'static {
    /// Gets ready: starts or reaches a store and connects to it.
    ///
    /// # Panics
    /// When there is no store to test. A case that cannot run is a failed one.
    async fn fresh() -> Self
    where
        Self: Sized;

    /// The broker under test.
    fn broker(&self) -> Arc<dyn Backend>;

    /// Another handle on the same store: another connection, where there are connections.
    async fn another(&self) -> Arc<dyn Backend> {
        self.broker()
    }

    /// Lets the store's clock move on by `duration`: a virtual clock is moved, real time is
    /// slept. A little more than asked for is fine.
    async fn advance(&self, duration: Duration);

    /// The shortest time worth waiting for. Cases make everything that is to end last one unit,
    /// and everything that is not to end last long. Real stores keep the default.
    fn unit(&self) -> Duration {
        Duration::from_millis(100)
    }

    /// Puts a raw body into the inbox of a queue, as another program would: past the broker.
    async fn push_plain(&self, queue: &QueueName, body: Bytes);

    /// How many dead tasks, and how many kept ones, a queue of this store holds at most (B12).
    fn cap(&self) -> usize {
        limits::DEAD_KEPT
    }
}

/// How long a whole case may take in real time before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs one case over a new harness, on a runtime of its own.
///
/// # Panics
/// When the case fails or takes longer than two minutes.
pub fn run<H: Harness>(case: impl AsyncFnOnce(&dyn Harness)) {
    drive(Box::pin(async move {
        let harness = H::fresh().await;
        let case: Pin<Box<dyn Future<Output = ()> + '_>> = Box::pin(case(&harness));
        case.await;
    }));
}

/// Apart, and over boxed futures, so that it is compiled once and not for each case.
fn drive(case: Pin<Box<dyn Future<Output = ()> + '_>>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap_or_else(|error| panic!("no runtime for the case: {error}"));
    runtime.block_on(async {
        if tokio::time::timeout(PATIENCE, case).await.is_err() {
            panic!("the case did not end within {} s", PATIENCE.as_secs());
        }
    });
}
