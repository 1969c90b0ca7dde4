//! A whole pool that runs what its queue holds, and what it is measured against: one
//! `tokio::spawn` a task. The handler is the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tireless_core::{Broker, Clock};
use tireless_worker::{Context, Data, Headers, WorkerPool};
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

/// The handler that is given all that comes by extraction, and does the same.
async fn count_extracting(_: Greeting, countdown: Data<Countdown>, _: Context, _: Headers) {
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
    let pool = WorkerPool::new(broker).handle(count).handle_raw(QUEUE, count_raw);
    count_down(pool, tasks, clock).await
}

/// The same for typed tasks alone, whose handler also takes context and headers.
///
/// # Panics
/// If the pool does not start.
pub async fn with_extraction(
    broker: impl Broker,
    tasks: usize,
    clock: Option<Arc<dyn Clock>>,
) -> usize {
    count_down(WorkerPool::new(broker).handle(count_extracting), tasks, clock).await
}

async fn count_down(pool: WorkerPool, tasks: usize, clock: Option<Arc<dyn Clock>>) -> usize {
    let countdown = Countdown::from(tasks);
    let mut pool = pool.data_arc(Arc::clone(&countdown));
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

#[cfg(test)]
mod tests {
    use tireless_core::{NewTask, Push};

    use super::*;
    use crate::memory::Memory;
    use crate::{at_once, fixture};

    /// The measured pool is one that a panic does not stop: the bare run has that from tokio.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_panic_takes_nothing_along() {
        async fn odd_ones_panic(body: Bytes, countdown: Data<Countdown>) {
            countdown.one_less();
            assert!(body[0].is_multiple_of(2), "odd");
        }

        let broker = Memory::default().into_broker();
        let envelope = |number: u8| tireless_core::Envelope::raw(vec![number]).encode();
        let tasks = (0..100).map(|number| NewTask::new(envelope(number).expect("an envelope")));
        let push = Push { tasks: tasks.collect(), ..fixture::push(1, &Bytes::new(), 0, 0) };
        at_once(broker.push(&push)).expect("a push");
        let countdown = Countdown::from(100);
        let pool = WorkerPool::new(broker).data_arc(Arc::clone(&countdown));
        let pool = pool.handle_raw(QUEUE, odd_ones_panic).start().await.expect("a start");
        countdown.over.notified().await;
        let summary = pool.shutdown().await;
        assert_eq!((summary.done, summary.failed), (50, 50));
    }
}
