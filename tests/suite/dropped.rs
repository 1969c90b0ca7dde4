//! B10 above the brokers: pushes of a producer, and the start and the shutdown of a pool, dropped
//! at each of their polls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tireless::{MemoryBroker, Producer, TokioClock, WorkerPool};
use tireless_core::{Backend, Counts, QueueName};
use tireless_testkit::fixtures::at_every_poll;
use tireless_testkit::server::shared_url;
use tireless_tests::{Fred, Library, RedisRs, eventually, fresh_namespace, small_cap};

const SOON: Duration = Duration::from_secs(60);

/// Makes a test of each function over each kind of broker.
macro_rules! over_each {
    ($($test:ident),+ $(,)?) => { $(
        mod $test {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn over_memory() {
                super::$test(super::memory()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn over_redis_rs() {
                super::$test(super::redis::<super::RedisRs>().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn over_fred() {
                super::$test(super::redis::<super::Fred>().await).await;
            }
        }
    )+ };
}

fn memory() -> Arc<dyn Backend> {
    Arc::new(MemoryBroker::new(Arc::new(TokioClock)))
}

async fn redis<L: Library>() -> Arc<dyn Backend> {
    let url = shared_url().expect("a server");
    L::connect(&url, small_cap(fresh_namespace())).await.expect("a connection")
}

fn queue() -> QueueName {
    "q".parse().expect("a legal name")
}

async fn counts(broker: &Arc<dyn Backend>) -> Counts {
    broker.counts(&queue()).await.expect("counts")
}

/// How often each body was run.
type Runs = Arc<Mutex<HashMap<Bytes, usize>>>;

/// A pool whose handlers take a moment.
fn pool(broker: &Arc<dyn Backend>, runs: &Runs) -> WorkerPool {
    let runs = runs.clone();
    let run = move |body: Bytes| {
        *runs.lock().expect("runs").entry(body).or_default() += 1;
        tokio::time::sleep(Duration::from_millis(20))
    };
    let pool = WorkerPool::new(broker.clone()).concurrency(4).handle_raw("q", run);
    // A start that was dropped leaves a lease, which is to end soon.
    pool.lease(Duration::from_secs(2)).beat(Duration::from_millis(500))
}

/// Runs all that is there; each task once.
async fn drain(broker: &Arc<dyn Backend>, runs: &Runs) {
    let pool = pool(broker, runs).start().await.expect("a pool");
    let drained = async || {
        let Counts { ready, running, scheduled, failed, .. } = counts(broker).await;
        ready + running + scheduled + failed == 0
    };
    eventually("drained", SOON, drained).await;
    pool.shutdown().await;
    let counts = counts(broker).await;
    assert_eq!((counts.done, counts.dead), (counts.pushed, 0));
    let runs = runs.lock().expect("runs");
    assert_eq!(runs.len() as u64, counts.pushed);
    assert!(runs.values().all(|times| *times == 1), "{runs:?}");
}

async fn a_dropped_push_of_a_producer_makes_one_task_or_none(broker: Arc<dyn Backend>) {
    let producer = Producer::new(broker.clone());
    let mut number = 0;
    let mut body = || {
        number += 1;
        number.to_string()
    };
    let (mut certain, mut likely) = (0, 0);
    at_every_poll(async |drop| {
        // Prepared, it is sent again; a plain one is given up.
        let push = producer.push_raw("q", body()).own_id(body()).prepare().expect("a push");
        let mut ended = drop.half_way(push.send()).await.is_some();
        let receipt = push.send().await.expect("an answer");
        assert_eq!((receipt.id, receipt.existed), (push.id(), false), "{drop:?}");
        let bodies = [body(), body(), body()];
        let mut batch = producer.push_all_raw("q", bodies).prepare().expect("a batch");
        ended &= drop.half_way(batch.send()).await.is_some();
        let receipts = batch.send().await.expect("answers");
        assert!(receipts.len() == 3 && receipts.iter().all(|one| !one.existed), "{drop:?}");
        certain += 4;
        ended &= drop.half_way(producer.push_raw("q", body()).into_future()).await.is_some();
        likely += 1;
        ended
    })
    .await;
    // What was given up is on its way or not at all.
    counts(&broker).await;
    let pushed = counts(&broker).await.pushed;
    assert!((certain..=certain + likely).contains(&pushed), "{pushed}: {certain}, {likely}");
    drain(&broker, &Runs::default()).await;
}

async fn a_dropped_shutdown_goes_on(broker: Arc<dyn Backend>) {
    let (producer, runs) = (Producer::new(broker.clone()), Runs::default());
    let mut round = 0;
    at_every_poll(async |drop| {
        round += 1;
        let bodies: Vec<_> = (0..30).map(|task| format!("{round}/{task}")).collect();
        producer.push_all_raw("q", bodies).await.expect("a push");
        let pool = pool(&broker, &runs).start().await.expect("a pool");
        let some_run = async || counts(&broker).await.running > 0;
        eventually("some run", SOON, some_run).await;
        let ended = drop.half_way(pool.shutdown()).await.is_some();
        let left = async || {
            let counts = counts(&broker).await;
            counts.running == 0 && counts.workers == 0
        };
        eventually("it has left with nothing in its hands", SOON, left).await;
        let counts = counts(&broker).await;
        assert_eq!(counts.ready + counts.done, counts.pushed, "{drop:?}");
        ended
    })
    .await;
    drain(&broker, &runs).await;
}

async fn a_dropped_start_keeps_nothing(broker: Arc<dyn Backend>) {
    let (producer, runs) = (Producer::new(broker.clone()), Runs::default());
    producer.push_all_raw("q", (0..30).map(|task| task.to_string())).await.expect("a push");
    at_every_poll(async |drop| match drop.half_way(pool(&broker, &runs).start()).await {
        Some(pool) => {
            pool.expect("a pool").shutdown().await;
            true
        }
        None => false,
    })
    .await;
    let counts = counts(&broker).await;
    assert_eq!((counts.running, counts.ready + counts.done), (0, 30));
    drain(&broker, &runs).await;
}

over_each!(
    a_dropped_push_of_a_producer_makes_one_task_or_none,
    a_dropped_shutdown_goes_on,
    a_dropped_start_keeps_nothing,
);
