//! Traffic: producers that push until told to stop, pools that run what comes, and the sum of both
//! at the end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tireless::{Durability, Producer, RunningPool};
use tireless_core::{Backend, Namespace, QueueName};
use tireless_redis_broker::Settings;

use crate::{Library, Pace, eventually, fresh_namespace, small_cap};

/// How long traffic may take to come to its end.
const SOON: Duration = Duration::from_secs(60);

type Runs = Arc<Mutex<HashMap<Bytes, usize>>>;

/// Traffic over some queues.
#[derive(Debug)]
pub struct Traffic {
    /// The queues.
    pub queues: Vec<QueueName>,
    namespace: Namespace,
    broker: Arc<dyn Backend>,
    pools: Vec<RunningPool>,
    runs: Runs,
    over: Arc<AtomicBool>,
    producers: Vec<tokio::task::JoinHandle<Vec<Bytes>>>,
}

/// What traffic came to.
#[derive(Debug)]
pub struct Sum {
    /// How many tasks were accepted.
    pub accepted: usize,
    /// Those that were accepted and never run.
    pub lost: Vec<Bytes>,
    /// How many runs there were beyond the first of each task.
    pub excess: usize,
    /// How many crashes were charged: tasks reclaimed from workers.
    pub reclaimed: u64,
}

impl Sum {
    /// Those of a queue that were accepted and never run.
    pub fn lost_of(&self, queue: &str) -> Vec<&Bytes> {
        let prefix = format!("{queue}-");
        self.lost.iter().filter(|body| body.starts_with(prefix.as_bytes())).collect()
    }
}

impl Traffic {
    /// Two pools on all of these queues, and a producer for each queue whose pushes are to be as
    /// sure as this. Returns when all of it flows.
    pub async fn start<L: Library>(url: &str, queues: &[&str], durability: Durability) -> Self {
        let streams: Vec<_> = queues.iter().map(|queue| (*queue, durability)).collect();
        Self::of_streams::<L>(url, &streams).await
    }

    /// The same, with a choice of its own for each queue.
    pub async fn of_streams<L: Library>(url: &str, streams: &[(&str, Durability)]) -> Self {
        let settings = small_cap(fresh_namespace());
        let queues: Vec<QueueName> =
            streams.iter().map(|(name, _)| QueueName::new(*name).expect("a legal name")).collect();
        let (runs, over) = (Runs::default(), Arc::new(AtomicBool::new(false)));
        let mut traffic = Self {
            broker: connect::<L>(url, &settings).await,
            queues,
            namespace: settings.namespace.clone(),
            pools: Vec::new(),
            runs,
            over,
            producers: Vec::new(),
        };
        for _ in 0..2 {
            let pool = traffic.pool(connect::<L>(url, &settings).await);
            traffic.pools.push(pool.start().await.expect("a pool"));
        }
        for (queue, (_, durability)) in traffic.queues.clone().into_iter().zip(streams) {
            let producer = Producer::new(connect::<L>(url, &settings).await)
                .patience(Duration::from_millis(500))
                .durability(*durability);
            let pushing = push_until(producer, queue, traffic.over.clone());
            traffic.producers.push(tokio::spawn(pushing));
        }
        traffic.goes_on(SOON).await;
        traffic
    }

    fn pool(&self, broker: Arc<dyn Backend>) -> tireless::WorkerPool {
        let pool = tireless::WorkerPool::new(broker).concurrency(16);
        let pool = pool.lease(Pace::FAST.lease).beat(Pace::FAST.beat);
        self.queues.iter().fold(pool, |pool, queue| {
            let runs = self.runs.clone();
            pool.handle_raw(queue, move |body: Bytes| {
                *runs.lock().expect("runs").entry(body).or_default() += 1;
                tokio::time::sleep(Duration::from_millis(3))
            })
        })
    }

    /// How many tasks of each queue have begun.
    fn begun(&self) -> Vec<usize> {
        let runs = self.runs.lock().expect("runs");
        let of = |queue: &QueueName| {
            let prefix = format!("{queue}-");
            runs.keys().filter(|body| body.starts_with(prefix.as_bytes())).count()
        };
        self.queues.iter().map(of).collect()
    }

    /// A key in the slot of a queue.
    pub fn tag(&self, queue: &str) -> String {
        format!("{{{}/{queue}/0}}", self.namespace)
    }

    /// Puts so many tasks by in a queue, for long after the end: what a slot has to take along.
    pub async fn put_by(&self, queue: &str, tasks: u64) {
        let later = Duration::from_secs(24 * 3600);
        let bodies = (0..tasks).map(|_| Bytes::from_static(&[b'x'; 100]));
        let producer = Producer::new(self.broker.clone());
        producer.push_all_raw(queue, bodies).after(later).await.expect("tasks put by");
    }

    /// Waits until 30 more tasks of each queue have begun; how long that took.
    pub async fn goes_on(&self, limit: Duration) -> Duration {
        self.goes_on_in(&self.queues.iter().map(QueueName::as_str).collect::<Vec<_>>(), limit).await
    }

    /// The same, of these queues only.
    pub async fn goes_on_in(&self, queues: &[&str], limit: Duration) -> Duration {
        let begin = Instant::now();
        let before = self.begun();
        let more = async || {
            let of_each = self.queues.iter().zip(self.begun()).zip(&before);
            let mut asked = of_each.filter(|((queue, _), _)| queues.contains(&queue.as_str()));
            asked.all(|((_, now), then)| now >= then + 30)
        };
        eventually("more tasks of each queue run", limit, more).await;
        begin.elapsed()
    }

    /// Stops pushing, drains the queues, and sums up.
    pub async fn end(self) -> Sum {
        self.over.store(true, Ordering::Relaxed);
        let mut accepted = Vec::new();
        for producer in self.producers {
            accepted.extend(producer.await.expect("a producer"));
        }
        for queue in &self.queues {
            let drained = async || match self.broker.counts(queue).await {
                Ok(counts) => counts.ready + counts.running + counts.failed + counts.suspects == 0,
                Err(_) => false,
            };
            eventually("drained", SOON, drained).await;
        }
        let mut reclaimed = 0;
        for pool in self.pools {
            reclaimed += pool.shutdown().await.reclaimed;
        }
        let runs = self.runs.lock().expect("runs");
        let lost = accepted.iter().filter(|body| !runs.contains_key(*body)).cloned().collect();
        let excess = runs.values().map(|times| times - 1).sum();
        Sum { accepted: accepted.len(), lost, excess, reclaimed }
    }
}

async fn connect<L: Library>(url: &str, settings: &Settings) -> Arc<dyn Backend> {
    let broker = L::connect(url, settings.clone()).await;
    broker.unwrap_or_else(|error| panic!("{}: {error}", L::NAME))
}

/// Pushes small batches until told to stop, and returns what was accepted. A push that was not
/// answered, or not surely enough, is sent again until it is (B3).
async fn push_until(producer: Producer, queue: QueueName, over: Arc<AtomicBool>) -> Vec<Bytes> {
    let mut accepted = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let first = accepted.len();
        let bodies: Vec<Bytes> =
            (first..first + 3).map(|task| format!("{queue}-{task}").into()).collect();
        let mut batch = producer.push_all_raw(&queue, bodies.clone()).prepare().expect("a batch");
        while let Err(error) = batch.send().await {
            assert!(error.is_retryable(), "{error}");
        }
        accepted.extend(bodies);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    accepted
}
