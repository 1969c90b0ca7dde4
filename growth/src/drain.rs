//! The drain: a whole pool with a handler that does nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::Result;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tireless::{
    Backend, Context, Envelope, Handle, QueueName, Route, RunPolicy, Verdict, WorkerPool,
};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::gauge::{Gauge, Spent};

/// Slots of a pool that drains.
const SLOTS: usize = 100;

/// Does nothing, and tells when it did it often enough.
struct Nothing {
    left: Arc<AtomicU64>,
    ended: Arc<Notify>,
}

impl Handle for Nothing {
    fn run(&self, _: Envelope, _: Context) -> BoxFuture<'static, Verdict> {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.ended.notify_one();
        }
        std::future::ready(Verdict::Done).boxed()
    }
}

/// What a drain of queues that hold so many tasks takes, a task: from the start of the pool to its
/// end, when the last outcome is written.
///
/// # Errors
/// When the pool does not start or the server does not answer.
pub async fn drain(
    broker: Arc<dyn Backend>,
    gauge: &Gauge,
    queues: &[QueueName],
    tasks: u64,
) -> Result<Spent> {
    let (left, ended) = (Arc::new(AtomicU64::new(tasks)), Arc::new(Notify::new()));
    let pool = pool(broker, queues, Nothing { left, ended: ended.clone() }).concurrency(SLOTS);
    let mark = gauge.mark().await?;
    pool.run_until(async { ended.notified().await }).await?;
    Ok(gauge.since(mark).await?.per(tasks))
}

/// A pool that gives all tasks of some queues to one handler.
pub fn pool(broker: Arc<dyn Backend>, queues: &[QueueName], handle: impl Handle) -> WorkerPool {
    let pool = WorkerPool::new(broker);
    let pool = queues.iter().fold(pool, |pool, queue| pool.queue_weighted(queue, 1));
    let policy = RunPolicy::default();
    pool.route(Route { task_type: None, queue: None, policy, handle: Arc::new(handle) })
}

/// Tells when it is run.
struct Telling(UnboundedSender<Instant>);

impl Handle for Telling {
    fn run(&self, _: Envelope, _: Context) -> BoxFuture<'static, Verdict> {
        // Whoever does not listen any more wants no more.
        let _ = self.0.send(Instant::now());
        std::future::ready(Verdict::Done).boxed()
    }
}

/// A pool that has nothing to do yet, and tells when each task starts.
pub fn idle_pool(
    broker: Arc<dyn Backend>,
    queues: &[QueueName],
) -> (WorkerPool, UnboundedReceiver<Instant>) {
    let (sender, starts) = unbounded_channel();
    (pool(broker, queues, Telling(sender)), starts)
}
