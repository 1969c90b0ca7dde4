//! Redis dies or stands still under load: pools go on by themselves, nothing accepted is lost, and
//! nobody is blamed for it (B16).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tireless::{Event, Producer, RunningPool};
use tireless_core::State;
use tireless_testkit::server::TestServer;
use tireless_tests::{Library, Pace, Site, eventually, fresh_namespace, small_cap};
use tokio::sync::Notify;

use crate::WORKER;

const SOON: Duration = Duration::from_secs(60);

/// Tasks that run all through the outage.
const HELD: usize = 20;

/// A server whose data survive it, and pools, producer and handlers at work on it.
struct Load {
    server: TestServer,
    site: Site,
    pools: Vec<RunningPool>,
    runs: Arc<Mutex<HashMap<Bytes, usize>>>,
    reclaimed: Arc<AtomicU64>,
    release: Arc<Notify>,
    over: Arc<AtomicBool>,
    producer: tokio::task::JoinHandle<Vec<Bytes>>,
}

impl Load {
    async fn start<L: Library>() -> Self {
        let server = TestServer::builder().append_only().with_args(["--appendfsync", "always"]);
        let server = server.start().expect("a server");
        let site = Site::open::<L>(WORKER, &server.url(), small_cap(fresh_namespace())).await;
        let runs = Arc::new(Mutex::new(HashMap::<Bytes, usize>::new()));
        let (release, reclaimed) = (Arc::new(Notify::new()), Arc::new(AtomicU64::new(0)));
        let over = Arc::new(AtomicBool::new(false));
        site.push((0..HELD).map(|task| format!("held-{task}"))).await;
        let mut pools = Vec::new();
        for _ in 0..2 {
            let (runs, release) = (runs.clone(), release.clone());
            let run = move |body: Bytes| {
                let (runs, release) = (runs.clone(), release.clone());
                async move {
                    *runs.lock().expect("runs").entry(body.clone()).or_default() += 1;
                    if body.starts_with(b"held") {
                        release.notified().await;
                    } else {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                }
            };
            let counted = reclaimed.clone();
            let observe = move |event: &Event| {
                if let Event::Reclaimed { tasks, .. } = event {
                    counted.fetch_add(*tasks, Ordering::Relaxed);
                }
            };
            let pool = tireless::WorkerPool::new(site.connect::<L>().await);
            let pool = pool.concurrency(32).lease(Pace::FAST.lease).beat(Pace::FAST.beat);
            let pool = pool.handle_raw(&site.queue, run).observe(observe);
            pools.push(pool.start().await.expect("a pool"));
        }
        let pushing = push_until(site.connect::<L>().await, site.queue.to_string(), over.clone());
        let producer = tokio::spawn(pushing);
        let load = Self { server, site, pools, runs, reclaimed, release, over, producer };
        load.goes_on().await;
        load
    }

    /// How many tasks have begun so far.
    fn begun(&self) -> usize {
        self.runs.lock().expect("runs").len()
    }

    /// Waits until the held tasks run and others are done beside them.
    async fn goes_on(&self) {
        let before = self.begun();
        eventually("more tasks run", SOON, async || self.begun() > before + HELD + 100).await;
    }

    /// Checks that nothing was lost, and nothing live was reclaimed.
    async fn end(self, name: &str) {
        self.goes_on().await;
        // Some beats, in which a wrong verdict would be spoken.
        tokio::time::sleep(Pace::FAST.lease + Pace::FAST.beat * 3).await;
        let running = self.site.list(State::Running).await;
        assert!(running.len() >= HELD, "the held tasks still run: {}", running.len());
        let charged = running.iter().filter(|task| task.history.crashes > 0).count();
        assert_eq!(charged, 0, "crashes charged to tasks that run");
        self.over.store(true, Ordering::Relaxed);
        let accepted = self.producer.await.expect("the producer");
        let done = async || {
            self.release.notify_waiters();
            let counts = self.site.counts().await;
            counts.ready + counts.running + counts.failed == 0
        };
        eventually("all done", SOON, done).await;
        let runs = self.runs.lock().expect("runs").clone();
        let lost: Vec<&Bytes> = accepted.iter().filter(|body| !runs.contains_key(*body)).collect();
        assert!(lost.is_empty(), "accepted and lost: {lost:?}");
        let again = runs.values().filter(|times| **times > 1).count();
        println!("{name}: {} accepted, {again} run more than once", accepted.len());
        assert_eq!(again, 0, "run more than once");
        assert_eq!(self.reclaimed.load(Ordering::Relaxed), 0, "reclaimed from the living");
        let counts = self.site.counts().await;
        assert_eq!((counts.dead, counts.dropped), (0, 0));
        assert_eq!(counts.done, runs.len() as u64);
        for pool in self.pools {
            let summary = pool.shutdown().await;
            assert_eq!((summary.reclaimed, summary.lease_lost), (0, 0));
        }
    }
}

/// Pushes small batches until told to stop, and returns what was accepted. A push that was not
/// answered in time is sent again until it is (B3).
async fn push_until(
    broker: Arc<dyn tireless_core::Backend>,
    queue: String,
    over: Arc<AtomicBool>,
) -> Vec<Bytes> {
    let producer = Producer::new(broker).patience(Duration::from_millis(500));
    let mut accepted = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let bodies: Vec<Bytes> =
            (0..5).map(|task| format!("task-{}", accepted.len() + task).into()).collect();
        let mut batch = producer.push_all_raw(&queue, bodies.clone()).prepare().expect("a batch");
        while let Err(error) = batch.send().await {
            assert!(error.is_retryable(), "{error}");
        }
        accepted.extend(bodies);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    accepted
}

async fn killed_and_restarted<L: Library>() {
    let mut load = Load::start::<L>().await;
    for _ in 0..2 {
        load.server.kill();
        // Longer than a lease: all of them have ended when the server is back.
        tokio::time::sleep(Pace::FAST.lease + Duration::from_secs(1)).await;
        load.server.restart().expect("a restart");
        load.goes_on().await;
    }
    load.end(L::NAME).await;
}

async fn frozen<L: Library>() {
    let load = Load::start::<L>().await;
    load.server.stop().expect("a stop");
    tokio::time::sleep(Duration::from_secs(5)).await;
    load.server.cont().expect("a continuation");
    load.end(L::NAME).await;
}

crate::over_both!(killed_and_restarted, frozen);
