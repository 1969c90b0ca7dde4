//! A whole pool that runs what its queue holds, and what it is measured against: one
//! `tokio::spawn` a task. The handler is the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tireless_core::{Broker, Clock};
use tireless_worker::{Data, WorkerPool};
use tokio::sync::Notify;

use crate::fixture::QUEUE;
use crate::greeting::Greeting;

/// Counts runs down to the last one.
#[derive(Debug)]
pub struct Countdown {
    left: AtomicUsize,
    over: Notify,
}

impl Countdown {
    /// From a number of runs.
    pub fn from(runs: usize) -> Arc<Self> {
        Arc::new(Self { left: AtomicUsize::new(runs), over: Notify::new() })
    }

    fn one_less(&self) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.over.notify_one();
        }
    }
}

/// The handler of typed tasks: it does nothing but count.
async fn count(_: Greeting, countdown: Data<Countdown>) {
    countdown.one_less();
}

/// The handler of raw tasks, which does the same.
async fn count_raw(_: Bytes, countdown: Data<Countdown>) {
    countdown.one_less();
}

/// Runs this many tasks, typed or raw, through a pool over the broker that holds them, from its
/// start to when the last outcome is written; how many are done. Time is real without a clock.
///
/// # Panics
/// If the pool does not start.
pub async fn through_pool(
    broker: impl Broker,
    tasks: usize,
    clock: Option<Arc<dyn Clock>>,
) -> usize {
    let countdown = Countdown::from(tasks);
    let pool = WorkerPool::new(broker).data_arc(Arc::clone(&countdown));
    let mut pool = pool.handle(count).handle_raw(QUEUE, count_raw);
    if let Some(clock) = clock {
        pool = pool.clock(clock);
    }
    let pool = pool.start().await.expect("a start");
    countdown.over.notified().await;
    usize::try_from(pool.shutdown().await.done).unwrap_or(usize::MAX)
}

/// Runs raw tasks with a spawn each, until the last one has run. Like the pool, tokio contains
/// panics.
pub async fn by_spawn(tasks: Vec<Bytes>) {
    let countdown = Countdown::from(tasks.len());
    for task in tasks {
        tokio::spawn(count_raw(task, Data::from(Arc::clone(&countdown))));
    }
    countdown.over.notified().await;
}
