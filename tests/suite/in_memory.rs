//! What is promised of worker processes, kept by the broker in memory: pools on runtimes of their own
//! stand for processes. `TIRELESS_KILLS` sets how many of them end without a word,
//! `TIRELESS_SHUTDOWNS` how many in good order, `TIRELESS_DUE` how many tasks are due at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use tireless::{MemoryBroker, Producer, RunningPool, Summary, TokioClock, WorkerPool};
use tireless_core::{Backend, Counts, QueueName};
use tireless_tests::{Pace, eventually, quantile, scaled};
use tokio::runtime::Runtime;

const SOON: Duration = Duration::from_secs(120);

const SLOTS: usize = 8;

/// A queue in memory, and how often each of its tasks has begun and was done.
struct Site {
    broker: Arc<dyn Backend>,
    queue: QueueName,
    begun: Arc<Vec<AtomicU32>>,
    done: Arc<Vec<AtomicU32>>,
}

/// A pool, and the runtime that is its process.
struct Process {
    runtime: Runtime,
    pool: RunningPool,
    begun: Arc<AtomicU32>,
}

impl Site {
    fn with_tasks(tasks: u64) -> Self {
        let none = || Arc::new((0..tasks).map(|_| AtomicU32::new(0)).collect());
        let queue = "q".parse().expect("a legal name");
        let broker = Arc::new(MemoryBroker::new(Arc::new(TokioClock)));
        Self { broker, queue, begun: none(), done: none() }
    }

    async fn push(&self, tasks: impl IntoIterator<Item = u64>) {
        let bodies = tasks.into_iter().map(|task| Bytes::from(task.to_string()));
        let producer = Producer::new(self.broker.clone());
        producer.push_all_raw(&self.queue, bodies).await.expect("a push");
    }

    /// A process whose tasks take this long, and which waits this long for them when it is to end.
    async fn process(&self, each: Duration, shutdown: Duration) -> Process {
        let (begun, done) = (self.begun.clone(), self.done.clone());
        let mine = Arc::new(AtomicU32::new(0));
        let counted = mine.clone();
        let run = move |body: Bytes| {
            let task: usize = String::from_utf8_lossy(&body).parse().expect("a number");
            begun[task].fetch_add(1, Ordering::SeqCst);
            counted.fetch_add(1, Ordering::SeqCst);
            let done = done.clone();
            async move {
                tokio::time::sleep(each).await;
                done[task].fetch_add(1, Ordering::SeqCst);
            }
        };
        let pool = WorkerPool::new(self.broker.clone()).concurrency(SLOTS);
        let pool = pool.lease(Pace::FAST.lease).beat(Pace::FAST.beat).shutdown_timeout(shutdown);
        let pool = pool.handle_raw(&self.queue, run);
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().expect("a runtime");
        let pool = runtime.spawn(pool.start()).await.expect("no panic").expect("a pool");
        Process { runtime, pool, begun: mine }
    }

    async fn counts(&self) -> Counts {
        self.broker.counts(&self.queue).await.expect("counts")
    }

    async fn drained(&self) {
        let drained = async || {
            let Counts { ready, running, scheduled, failed, .. } = self.counts().await;
            ready + running + scheduled + failed == 0
        };
        eventually("drained", SOON, drained).await;
    }

    /// Runs beyond the first of each task. Panics unless each was done and nothing is left.
    async fn extra(&self) -> u32 {
        let of = |all: &[AtomicU32]| {
            all.iter().map(|times| times.load(Ordering::SeqCst)).collect::<Vec<_>>()
        };
        let undone = of(&self.done).iter().filter(|times| **times == 0).count();
        assert_eq!(undone, 0, "lost");
        let counts = self.counts().await;
        assert_eq!((counts.dead, counts.kept), (0, 0), "{counts:?}");
        of(&self.begun).iter().map(|times| times - 1).sum()
    }
}

impl Process {
    /// Ends it without a word. Tells how many runs were cut, or were not known to be stored.
    async fn kill(self) -> u32 {
        let Self { runtime, pool, begun } = self;
        tokio::task::spawn_blocking(move || {
            runtime.shutdown_timeout(Duration::from_secs(10));
            let stored = u32::try_from(pool.stats().summary.done).expect("few");
            // Outside of every runtime, so that nothing is given back.
            std::thread::spawn(move || drop(pool)).join().expect("no panic");
            begun.load(Ordering::SeqCst) - stored
        })
        .await
        .expect("no panic")
    }

    async fn shut_down(self) -> Summary {
        let Self { runtime, pool, .. } = self;
        let summary = runtime.spawn(pool.shutdown()).await.expect("no panic");
        runtime.shutdown_background();
        summary
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pools_that_vanish_lose_nothing_and_repeat_what_they_ran() {
    const EACH: Duration = Duration::from_millis(10);
    let kills = scaled("TIRELESS_KILLS", 8);
    let tasks = 600 * kills;
    let site = Site::with_tasks(tasks);
    let mut processes = Vec::new();
    for _ in 0..4 {
        processes.push(site.process(EACH, Duration::from_secs(25)).await);
    }
    let mut in_flight = 0;
    for kill in 0..kills {
        site.push(kill * 600..(kill + 1) * 600).await;
        tokio::time::sleep(Duration::from_millis(40 + 37 * kill % 160)).await;
        let next = site.process(EACH, Duration::from_secs(25)).await;
        let victim = usize::try_from(kill).expect("few") % processes.len();
        in_flight += std::mem::replace(&mut processes[victim], next).kill().await;
    }
    site.drained().await;
    let extra = site.extra().await;
    println!("memory: {kills} kills, {tasks} tasks, {extra} extra runs, {in_flight} in flight");
    assert!(in_flight > 0 && extra <= in_flight, "{extra} extra runs, {in_flight} in flight");
    for process in processes {
        process.shut_down().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pools_that_shut_down_under_load_lose_and_repeat_nothing() {
    let shutdowns = scaled("TIRELESS_SHUTDOWNS", 8);
    let site = Site::with_tasks(200 * shutdowns);
    let each = Duration::from_millis(20);
    let mut process = site.process(each, Duration::from_secs(25)).await;
    for shutdown in 0..shutdowns {
        site.push(shutdown * 200..(shutdown + 1) * 200).await;
        tokio::time::sleep(Duration::from_millis(30 + 13 * shutdown % 50)).await;
        let next = site.process(each, Duration::from_secs(25)).await;
        let summary = std::mem::replace(&mut process, next).shut_down().await;
        assert_eq!((summary.lease_lost, summary.reclaimed), (0, 0));
    }
    site.drained().await;
    assert_eq!(site.extra().await, 0, "runs beyond the first");
    process.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_cut_by_a_shutdown_is_given_back_at_once_and_uncharged() {
    let tasks = SLOTS as u64;
    let site = Site::with_tasks(tasks);
    let slow = site.process(Duration::from_secs(600), Duration::from_millis(50)).await;
    site.push(0..tasks).await;
    let begun = |task: &AtomicU32| task.load(Ordering::SeqCst) == 1;
    eventually("begun", SOON, async || site.begun.iter().all(begun)).await;
    slow.shut_down().await;
    assert_eq!(site.counts().await.ready, tasks);
    let quick = site.process(Duration::ZERO, Duration::from_secs(25)).await;
    site.drained().await;
    assert_eq!(site.extra().await, u32::try_from(tasks).expect("few"));
    let summary = quick.shut_down().await;
    assert_eq!((summary.done, summary.reclaimed, summary.failed), (tasks, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_are_due_at_once_are_each_run_once_and_hold_up_nobody() {
    let tasks = scaled("TIRELESS_DUE", 20_000);
    let site = Site::with_tasks(tasks);
    let bodies = (0..tasks).map(|task| Bytes::from(task.to_string()));
    let producer = Producer::new(site.broker.clone());
    let at = SystemTime::now()
        + Duration::from_secs(3)
        + Duration::from_micros(40) * u32::try_from(tasks).expect("few");
    producer.push_all_raw(&site.queue, bodies).at(at).await.expect("a push");
    let process = site.process(Duration::ZERO, Duration::from_secs(25)).await;
    assert_eq!(site.counts().await.scheduled, tasks, "all before they are due");
    tokio::time::sleep(at.duration_since(SystemTime::now()).unwrap_or_default()).await;
    let mut looks = Vec::new();
    let moved = async || {
        let begin = Instant::now();
        let done = site.counts().await.done;
        looks.push(begin.elapsed());
        done == tasks
    };
    let took = eventually("done", SOON + Duration::from_millis(tasks), moved).await;
    assert_eq!(site.extra().await, 0, "runs beyond the first");
    let p99 = quantile(&mut looks, 990);
    println!(
        "memory: {tasks} due at once were done in {took:?}, a look meanwhile took {p99:?} (p99)"
    );
    process.shut_down().await;
}
