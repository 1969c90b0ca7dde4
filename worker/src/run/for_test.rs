//! A context without a pool, for tests that call a handler by hand.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tireless_core::{ClaimToken, Clock, OwnId, QueueName, Result, TaskId, WorkerId};
use tokio_util::sync::CancellationToken;

use super::{Context, Facts, RunPolicy};
use crate::clock::TokioClock;

impl Context {
    /// A context for a test that calls a handler by hand: the first attempt of a new task of the
    /// queue `default`, with ten retries, no timeout and a lease of 15 s, unless told otherwise.
    ///
    /// Its [`cancellation`](Self::cancellation) is the test's to fire.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tireless_worker::{Context, TaskResult};
    ///
    /// async fn export(context: Context) -> TaskResult {
    ///     if context.is_last_attempt() {
    ///         return Ok(());
    ///     }
    ///     context.cancellation().cancelled().await;
    ///     Err("told to stop".into())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let last = Context::for_test().attempt(4).retries(3).build();
    /// assert!(export(last).await.is_ok());
    ///
    /// let first = Context::for_test().queue("reports").timeout(Duration::from_secs(30)).build();
    /// first.cancellation().cancel();
    /// assert!(export(first).await.is_err());
    /// # }
    /// ```
    pub fn for_test() -> TestContext {
        TestContext {
            queue: checked(QueueName::new("default")),
            id: TaskId::new(),
            own_id: None,
            attempt: 1,
            retries: RunPolicy::default().retries,
            timeout: None,
            lease: Duration::from_secs(15),
            clock: Arc::new(TokioClock),
        }
    }
}

/// A [`Context`] that a test puts together; see [`Context::for_test`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct TestContext {
    queue: QueueName,
    id: TaskId,
    own_id: Option<OwnId>,
    attempt: u32,
    retries: u32,
    timeout: Option<Duration>,
    lease: Duration,
    clock: Arc<dyn Clock>,
}

impl TestContext {
    /// The queue the task came from.
    ///
    /// # Panics
    /// For what is no name of a queue.
    #[track_caller]
    pub fn queue(mut self, name: impl AsRef<str>) -> Self {
        self.queue = checked(QueueName::new(name));
        self
    }

    /// The task's id: that of a second context is the same task's, in another attempt.
    pub fn id(mut self, id: TaskId) -> Self {
        self.id = id;
        self
    }

    /// The producer's own id of the task.
    ///
    /// # Panics
    /// For what is no own id.
    #[track_caller]
    pub fn own_id(mut self, id: impl AsRef<[u8]>) -> Self {
        self.own_id = Some(checked(OwnId::new(id)));
        self
    }

    /// Which attempt it is; the first is 1.
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// Tries after the first one.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The run's timeout, which begins when the context is built. Nothing ends the handler by it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long the lease lasts from when the context is built. Nothing renews it, and its end does
    /// not fire the cancellation.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Takes time from this clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The context.
    pub fn build(self) -> Context {
        let now = self.clock.monotonic();
        let lease_until = now.saturating_add(self.lease).as_millis();
        Context::new(Facts {
            queue: self.queue,
            id: self.id,
            own_id: self.own_id,
            claim: ClaimToken { worker: WorkerId::new(), number: 1 },
            attempt: self.attempt,
            retries: self.retries,
            cancellation: CancellationToken::new(),
            deadline: self.timeout.map(|timeout| now.saturating_add(timeout)),
            lease_until: Arc::new(AtomicU64::new(u64::try_from(lease_until).unwrap_or(u64::MAX))),
            clock: self.clock,
        })
    }
}

/// A test that says nonsense is to end where it says it.
#[track_caller]
fn checked<T>(name: Result<T>) -> T {
    name.unwrap_or_else(|error| panic!("{error}"))
}

#[cfg(test)]
#[path = "for_test_tests.rs"]
mod tests;
