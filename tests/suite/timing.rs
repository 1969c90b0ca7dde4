//! When things happen. What is promised is stricter and measured by benchmarks; here the bounds
//! leave room for a machine that is busy with other tests.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tireless::Producer;
use tireless_testkit::server::shared_url;
use tireless_tests::{Library, Pace, Site, eventually, fresh_namespace, quantile, small_cap};

use crate::WORKER;

const SOON: Duration = Duration::from_secs(60);

async fn site<L: Library>() -> Site {
    let url = shared_url().expect("a server");
    Site::open::<L>(WORKER, &url, small_cap(fresh_namespace())).await
}

async fn a_delayed_task_starts_on_time<L: Library>() {
    const DELAY: Duration = Duration::from_millis(500);
    const TASKS: usize = 100;
    let site = site::<L>().await;
    let begun = Arc::new(Mutex::new(vec![None; TASKS]));
    let seen = begun.clone();
    let run = move |body: Bytes| {
        let now = Instant::now();
        let task: usize = String::from_utf8_lossy(&body).parse().expect("a number");
        assert!(seen.lock().expect("starts")[task].replace(now).is_none(), "run twice");
        std::future::ready(())
    };
    let pool = site.pool(8, Pace::DEFAULT).handle_raw(&site.queue, run);
    let pool = pool.start().await.expect("a pool");
    let producer = Producer::new(site.connect::<L>().await);
    let mut sent = Vec::with_capacity(TASKS);
    for task in 0..TASKS {
        let before = Instant::now();
        producer.push_raw(&site.queue, task.to_string()).after(DELAY).await.expect("a push");
        sent.push((before, Instant::now()));
        tokio::time::sleep(Duration::from_millis(37)).await;
    }
    eventually("all run", SOON, async || site.counts().await.done == TASKS as u64).await;
    let begun = begun.lock().expect("starts").clone();
    let begun = begun.into_iter().map(|start| start.expect("a start"));
    let mut late = Vec::with_capacity(TASKS);
    for ((before, after), start) in sent.into_iter().zip(begun) {
        assert!(start - before >= DELAY, "too early: after {:?}", start - before);
        late.push(start.saturating_duration_since(after));
    }
    let (half, most) = (quantile(&mut late, 500), quantile(&mut late, 990));
    println!("{}: 500 ms became {half:?} at the median, {most:?} at p99", L::NAME);
    assert!(half < Duration::from_millis(700), "{half:?} at the median");
    pool.shutdown().await;
}

async fn idle_pools_share_a_batch<L: Library>() {
    let site = site::<L>().await;
    let mut pools = Vec::new();
    for _ in 0..10 {
        let pool = tireless::WorkerPool::new(site.connect::<L>().await).concurrency(10);
        let run = |_: Bytes| tokio::time::sleep(Duration::from_millis(100));
        pools.push(pool.handle_raw(&site.queue, run).start().await.expect("a pool"));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begin = Instant::now();
    site.push((0..1_000).map(|task| task.to_string())).await;
    eventually("all done", SOON, async || site.counts().await.done == 1_000).await;
    let took = begin.elapsed();
    println!("{}: 1,000 tasks of 100 ms over 10 pools of 10 slots took {took:?}", L::NAME);
    assert!(took < Duration::from_secs(4), "{took:?}");
    for pool in pools {
        pool.shutdown().await;
    }
}

async fn sigterm_under_load_loses_and_repeats_nothing<L: Library>() {
    const TASKS: usize = 3_000;
    let site = site::<L>().await;
    site.push((0..TASKS).map(|task| format!("{task} sleep 20"))).await;
    let mut slowest = Duration::ZERO;
    for _ in 0..5 {
        let before = site.log().done.len();
        let worker = site.worker(16, Pace::DEFAULT);
        let enough = async || site.log().done.len() >= before + 100;
        eventually("under load", SOON, enough).await;
        // The default shutdown timeout and a second, though the tasks are short.
        slowest = slowest.max(worker.shut_down(Duration::from_secs(26)).await);
        let counts = site.counts().await;
        assert_eq!((counts.running, counts.workers), (0, 0), "all given back");
        assert!(counts.ready > 0, "still under load");
    }
    println!("{}: the slowest of five shutdowns took {slowest:?}", L::NAME);
    let worker = site.worker(64, Pace::DEFAULT);
    eventually("all done", SOON, async || site.counts().await.done == TASKS as u64).await;
    worker.shut_down(SOON).await;
    let log = site.log();
    assert_eq!((log.started.len(), log.done.len()), (TASKS, TASKS));
    let again: Vec<_> = log.started.iter().filter(|(_, times)| **times > 1).collect();
    assert!(again.is_empty(), "started more than once: {again:?}");
}

async fn weights_share_the_starts<L: Library>() {
    const STARTS: usize = 10_000;
    let site = site::<L>().await;
    let producer = Producer::new(site.broker.clone());
    for (queue, tasks) in [("heavy", 11_000), ("light", 6_000)] {
        let bodies = (0..tasks).map(|_| queue);
        producer.push_all_raw(queue, bodies).await.expect("a push");
    }
    let starts = Arc::new(Mutex::new(Vec::with_capacity(17_000)));
    let run = |starts: &Arc<Mutex<Vec<bool>>>| {
        let starts = starts.clone();
        move |body: Bytes| {
            starts.lock().expect("starts").push(body == "heavy");
            std::future::ready(())
        }
    };
    let pool = tireless::WorkerPool::new(site.connect::<L>().await)
        .concurrency(64)
        .queue_weighted("heavy", 3)
        .queue_weighted("light", 1)
        .handle_raw("heavy", run(&starts))
        .handle_raw("light", run(&starts));
    let pool = pool.start().await.expect("a pool");
    let enough = async || starts.lock().expect("starts").len() >= STARTS;
    eventually("10,000 starts", SOON, enough).await;
    pool.shutdown().await;
    let starts = starts.lock().expect("starts");
    let heavy = starts[..STARTS].iter().filter(|heavy| **heavy).count();
    println!("{}: {heavy} of the first 10,000 starts had three of four parts", L::NAME);
    assert!((7_200..=7_800).contains(&heavy), "{heavy} of 10,000");
}

crate::over_both!(
    a_delayed_task_starts_on_time,
    idle_pools_share_a_batch,
    sigterm_under_load_loses_and_repeats_nothing,
    weights_share_the_starts,
);
