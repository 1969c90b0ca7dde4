use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::runtime::Runtime;
use tracing::span::{Attributes, Id, Record};

use crate::events::Event;
use crate::pool::WorkerPool;
use crate::run::Verdict;
use crate::running::RunningPool;
use crate::testbed::{Bed, Call, raw};

type Told = Arc<Mutex<Vec<Event>>>;

/// A pool that goes by real time, and what it tells.
fn pool(bed: &Bed) -> (WorkerPool, Told) {
    let told = Told::default();
    let noted = Arc::clone(&told);
    let pool = WorkerPool::new(bed.spy.clone()).queue("q");
    (pool.observe(move |event| noted.lock().unwrap().push(event.clone())), told)
}

/// Waits until something that fits was told, for a while at most.
fn is_told(told: &Told, within: Duration, fits: impl Fn(&Event) -> bool) -> bool {
    let patience = Instant::now() + within;
    while !told.lock().unwrap().iter().any(&fits) {
        if Instant::now() > patience {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

#[test]
fn dropped_on_a_plain_thread_it_ends_in_good_order() {
    let bed = Bed::new();
    bed.push(1).now_or_never().unwrap();
    let (pool, told) = pool(&bed);
    let pool = pool.route(raw(|_| async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        Verdict::Done
    }));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let pool = runtime.block_on(pool.start()).unwrap();
    let while_it_runs = Duration::from_secs(30);
    assert!(is_told(&told, while_it_runs, |event| matches!(event, Event::Started { .. })));
    std::thread::spawn(move || drop(pool)).join().unwrap();
    let ended =
        |event: &Event| matches!(event, Event::PoolStopped { summary, .. } if summary.done == 1);
    assert!(is_told(&told, while_it_runs, ended), "{told:?}");
}

/// Holds up whoever logs that a pool has started until a task has, or for a moment.
struct SlowLog(Told);

impl tracing::Subscriber for SlowLog {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().ends_with("running")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        let moment = Duration::from_millis(500);
        is_told(&self.0, moment, |event| matches!(event, Event::Started { .. }));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn that_it_has_started_is_told_before_any_task_has() {
    let bed = Bed::new();
    bed.push(1).now_or_never().unwrap();
    let (pool, told) = pool(&bed);
    let pool = pool.route(raw(|_| async { Verdict::Done }));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let slow = tracing::subscriber::set_default(SlowLog(Arc::clone(&told)));
    let pool = runtime.block_on(pool.start()).unwrap();
    drop(slow);
    let done = |event: &Event| matches!(event, Event::Done { .. });
    assert!(is_told(&told, Duration::from_secs(30), done));
    assert!(matches!(told.lock().unwrap()[0], Event::PoolStarted { .. }), "{told:?}");
    runtime.block_on(pool.shutdown());
}

/// Starts a pool whose heartbeats come quickly.
fn beating(bed: &Bed, runtime: &Runtime) -> RunningPool {
    let pool = WorkerPool::new(bed.spy.clone())
        .queue("q")
        .route(raw(|_| async { Verdict::Done }))
        .lease(Duration::from_millis(200))
        .beat(Duration::from_millis(10));
    runtime.block_on(pool.start()).unwrap()
}

/// Whether the heartbeats end with the runtime.
fn end_with(bed: &Bed, runtime: Runtime) -> bool {
    let beats = || bed.spy.calls().iter().filter(|call| matches!(call, Call::Renew(_))).count();
    let patience = Instant::now() + Duration::from_secs(30);
    while beats() < 3 && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(beats() >= 3);
    drop(runtime);
    // One that was under way may still end.
    std::thread::sleep(Duration::from_millis(100));
    let after = beats();
    std::thread::sleep(Duration::from_millis(200));
    beats() == after
}

#[test]
fn no_heartbeat_outlives_the_runtime_of_its_pool() {
    let (bed, runtime) = (Bed::new(), Runtime::new().unwrap());
    let pool = beating(&bed, &runtime);
    runtime.spawn(async move {
        let _pool = pool;
        std::future::pending::<()>().await;
    });
    assert!(end_with(&bed, runtime));
}

#[test]
fn none_does_either_while_somebody_holds_the_pool_outside_of_it() {
    let (bed, runtime) = (Bed::new(), Runtime::new().unwrap());
    let pool = beating(&bed, &runtime);
    assert!(end_with(&bed, runtime));
    assert!(!pool.health().is_ready());
    drop(pool);
}

#[test]
fn its_shutdown_ends_also_when_nobody_drives_its_runtime() {
    let bed = Bed::new();
    bed.push(3).now_or_never().unwrap();
    let (pool, _) = pool(&bed);
    let pool = pool.route(raw(|_| std::future::pending())).concurrency(2);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let pool = runtime.block_on(pool.shutdown_timeout(Duration::ZERO).start()).unwrap();
    runtime.block_on(async {
        while pool.stats().running < 2 {
            tokio::task::yield_now().await;
        }
    });
    let mut end = Box::pin(pool.shutdown());
    let patience = Instant::now() + Duration::from_secs(30);
    while (&mut end).now_or_never().is_none() {
        assert!(Instant::now() < patience, "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
    let counts = bed.counts().now_or_never().unwrap();
    assert_eq!((counts.ready, counts.running, counts.workers), (3, 0, 0), "all is given back");
    drop(runtime);
}

#[test]
fn its_shutdown_may_be_awaited_on_any_executor() {
    let (bed, runtime) = (Bed::new(), Runtime::new().unwrap());
    let pool = beating(&bed, &runtime);
    bed.push(1).now_or_never().unwrap();
    let patience = Instant::now() + Duration::from_secs(30);
    while pool.stats().summary.done < 1 && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut end = Box::pin(pool.shutdown());
    let mut summary = None;
    while summary.is_none() && Instant::now() < patience {
        summary = (&mut end).now_or_never();
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(summary.map(|summary| summary.done), Some(1));
    assert_eq!(bed.counts().now_or_never().unwrap().workers, 0, "it has signed off");
}
