//! A run: what a handler is given and what it answers.

mod for_test;

use std::fmt::Debug;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tireless_core::{
    ClaimToken, Clock, Envelope, Failure, OwnId, QueueName, Reentry, TaskId, TypeName,
};
use tokio_util::sync::CancellationToken;

pub use for_test::TestContext;

use crate::retry::Backoff;

/// What became of a run, as its handler sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Done.
    Done,
    /// Failed; to be tried again while attempts are left.
    Retry(Failure),
    /// Failed for good.
    Bury(Failure),
    /// To be run again after a delay, uncharged.
    Snooze(Duration),
    /// Given back, uncharged and at once, to an end of those that wait. For what this process cannot
    /// run now. Of a run that was told to stop, and in a pool that stops, it keeps its place, whatever
    /// is said here. Else its slot rests for a second: a handler that gives all back takes one task a
    /// slot and second. To the front it comes first again, also here: one task would keep all slots
    /// resting, so that is for what is about to stop its pool.
    Release(Reentry),
    /// The body cannot be decoded: buried with the reason and its raw bytes (B9).
    Undecodable(Failure),
}

/// Runs tasks of one type. Typed handlers are made into this by extraction.
pub trait Handle: Send + Sync + 'static {
    /// Runs one task. The future is dropped when its timeout ends it; a panic is a failure.
    fn run(&self, envelope: Envelope, context: Context) -> BoxFuture<'static, Verdict>;

    /// How long after its timeout the future is dropped. For what ends its runs by itself when their
    /// time is up, and needs a while for it; whatever it answers then is its verdict.
    fn grace(&self) -> Duration {
        Duration::ZERO
    }
}

/// How tasks of one type are run and retried, unless the task itself says otherwise.
#[derive(Clone, Debug)]
pub struct RunPolicy {
    /// Tries after the first one.
    pub retries: u32,
    /// How long one run may take; `None` for as long as it has to.
    pub timeout: Option<Duration>,
    /// How long a failed task waits.
    pub backoff: Backoff,
}

impl Default for RunPolicy {
    /// Ten retries, no timeout, exponential backoff.
    fn default() -> Self {
        Self { retries: 10, timeout: None, backoff: Backoff::default() }
    }
}

/// A handler and which tasks it is for.
#[derive(Clone)]
pub struct Route {
    /// The type; `None` takes raw tasks (and, where the pool is told so, the inbox).
    pub task_type: Option<TypeName>,
    /// The queue whose tasks the handler expects, which the pool then serves.
    pub queue: Option<QueueName>,
    /// How its tasks are run and retried.
    pub policy: RunPolicy,
    /// The handler.
    pub handle: Arc<dyn Handle>,
}

impl Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Route")
            .field("task_type", &self.task_type)
            .field("queue", &self.queue)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// What a handler can know about its run. Cheap to clone. The pool makes it; a test that calls a
/// handler by hand makes one by [`for_test`](Self::for_test).
#[derive(Clone, Debug)]
pub struct Context(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    facts: Facts,
    /// Made when first asked for: most handlers never look.
    cancellation: OnceLock<CancellationToken>,
}

/// The facts of a run; the pool makes them.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) queue: QueueName,
    pub(crate) id: TaskId,
    pub(crate) own_id: Option<OwnId>,
    pub(crate) claim: ClaimToken,
    pub(crate) attempt: u32,
    pub(crate) retries: u32,
    /// Fires for all runs of the claim; each run gets a child of its own.
    pub(crate) cancellation: CancellationToken,
    /// When the run's timeout ends it, by the clock's monotonic time.
    pub(crate) deadline: Option<Duration>,
    /// Reads until when the lease of this run lasts, by the clock's monotonic time.
    pub(crate) lease_until: Arc<std::sync::atomic::AtomicU64>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Context {
    pub(crate) fn new(facts: Facts) -> Self {
        Self(Arc::new(Inner { facts, cancellation: OnceLock::new() }))
    }

    /// The queue the task came from.
    pub fn queue(&self) -> &QueueName {
        &self.0.facts.queue
    }

    /// The task's id. Stable over all attempts: the key for idempotent effects. Only a body of an
    /// adopted list has another id at each attempt: there the key is the body, or what it holds.
    pub fn id(&self) -> TaskId {
        self.0.facts.id
    }

    /// The producer's own id of the task.
    pub fn own_id(&self) -> Option<&OwnId> {
        self.0.facts.own_id.as_ref()
    }

    /// Under what the task is held; with the id it names this run.
    pub fn claim(&self) -> ClaimToken {
        self.0.facts.claim
    }

    /// Which attempt this is; the first is 1.
    pub fn attempt(&self) -> u32 {
        self.0.facts.attempt
    }

    /// Whether a failure now would be the last.
    pub fn is_last_attempt(&self) -> bool {
        self.0.facts.attempt > self.0.facts.retries
    }

    /// Fires when the run should stop: its lease has ended, or the pool's shutdown deadline has.
    pub fn cancellation(&self) -> &CancellationToken {
        self.0.cancellation.get_or_init(|| self.0.facts.cancellation.child_token())
    }

    /// Time until the run's timeout; `None` if it has none.
    pub fn time_left(&self) -> Option<Duration> {
        self.0
            .facts
            .deadline
            .map(|deadline| deadline.saturating_sub(self.0.facts.clock.monotonic()))
    }

    /// Time for which the lease is sure to last without another heartbeat.
    pub fn lease_left(&self) -> Duration {
        let until = self.0.facts.lease_until.load(std::sync::atomic::Ordering::Relaxed);
        Duration::from_millis(until).saturating_sub(self.0.facts.clock.monotonic())
    }
}
