//! Traffic: producers that push until told to stop, pools that run what comes, and the sum of both
//! at the end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tireless::{Durability, Producer, RunningPool};
use tireless_core::{Backend, Namespace, QueueName};
use tireless_redis_broker::Settings;

use crate::{Library, Pace, fresh_namespace, small_cap};

/// How long traffic may take to come to its end.
const SOON: Duration = Duration::from_secs(60);

/// The runs of one queue's tasks.
#[derive(Debug, Default)]
struct Runs {
    /// How often each task was run.
    times: Mutex<HashMap<Bytes, usize>>,
    /// How many tasks have begun. It is asked for many times a second: to count them under the lock
    /// each time would hold up all handlers, the longer the more tasks there were.
    begun: AtomicUsize,
}

impl Runs {
    fn note(&self, body: Bytes) {
        let mut all = self.times.lock().expect("runs");
        let times = all.entry(body).or_default();
        *times += 1;
        if *times == 1 {
            self.begun.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn begun(&self) -> usize {
        self.begun.load(Ordering::Relaxed)
    }
}

/// Traffic over some queues.
#[derive(Debug)]
pub struct Traffic {
    /// The queues.
    pub queues: Vec<QueueName>,
    namespace: Namespace,
    broker: Arc<dyn Backend>,
    pools: Vec<RunningPool>,
    /// Of each queue.
    runs: Vec<Arc<Runs>>,
    over: Arc<AtomicBool>,
    producers: Vec<tokio::task::JoinHandle<Vec<Bytes>>>,
    put_by: HashMap<QueueName, u64>,
}

/// What goes into one queue.
#[derive(Clone, Copy, Debug)]
pub struct Stream<'a> {
    /// The queue.
    pub queue: &'a str,
    /// How sure its pushes are to be.
    pub durability: Durability,
    /// How long its tasks wait before they are due.
    pub after: Duration,
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
    /// Whether nothing was left to do.
    pub drained: bool,
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
    pub async fn start<L: Library>(
        url: &str,
        queues: &[&'static str],
        durability: Durability,
    ) -> Self {
        let stream = |queue: &&'static str| Stream { queue, durability, after: Duration::ZERO };
        Self::of_streams::<L>(url, &queues.iter().map(stream).collect::<Vec<_>>()).await
    }

    /// The same, with a choice of its own for each queue.
    pub async fn of_streams<L: Library>(url: &str, streams: &[Stream<'_>]) -> Self {
        let settings = small_cap(fresh_namespace());
        let name = |stream: &Stream<'_>| QueueName::new(stream.queue).expect("a legal name");
        let queues: Vec<QueueName> = streams.iter().map(name).collect();
        let over = Arc::new(AtomicBool::new(false));
        let mut traffic = Self {
            broker: connect::<L>(url, &settings).await,
            runs: queues.iter().map(|_| Arc::default()).collect(),
            queues,
            namespace: settings.namespace.clone(),
            pools: Vec::new(),
            over,
            producers: Vec::new(),
            put_by: HashMap::new(),
        };
        for _ in 0..2 {
            let pool = traffic.pool(connect::<L>(url, &settings).await);
            traffic.pools.push(pool.start().await.expect("a pool"));
        }
        for (queue, stream) in traffic.queues.clone().into_iter().zip(streams) {
            let producer = Producer::new(connect::<L>(url, &settings).await)
                .patience(Duration::from_millis(500))
                .durability(stream.durability);
            let pushing = push_until(producer, queue, stream.after, traffic.over.clone());
            traffic.producers.push(tokio::spawn(pushing));
        }
        traffic.goes_on(SOON).await;
        traffic
    }

    fn pool(&self, broker: Arc<dyn Backend>) -> tireless::WorkerPool {
        let pool = tireless::WorkerPool::new(broker).concurrency(16);
        let pool = pool.lease(Pace::FAST.lease).beat(Pace::FAST.beat);
        self.queues.iter().zip(&self.runs).fold(pool, |pool, (queue, runs)| {
            let runs = runs.clone();
            pool.handle_raw(queue, move |body: Bytes| {
                runs.note(body);
                tokio::time::sleep(Duration::from_millis(3))
            })
        })
    }

    /// How many tasks of each queue have begun.
    fn begun(&self) -> Vec<usize> {
        self.runs.iter().map(|runs| runs.begun()).collect()
    }

    /// A key in the slot of a queue.
    pub fn tag(&self, queue: &str) -> String {
        format!("{{{}/{queue}/0}}", self.namespace)
    }

    /// Puts so many tasks by in a queue, for long after the end: what a slot has to take along.
    pub async fn put_by(&mut self, queue: &str, tasks: u64) {
        let later = Duration::from_secs(24 * 3600);
        let bodies = (0..tasks).map(|_| Bytes::from_static(&[b'x'; 100]));
        let producer = Producer::new(self.broker.clone());
        producer.push_all_raw(queue, bodies).after(later).await.expect("tasks put by");
        *self.put_by.entry(queue.parse().expect("a legal name")).or_default() += tasks;
    }

    /// Waits until 30 more tasks of each queue have begun; how long that took.
    pub async fn goes_on(&self, limit: Duration) -> Duration {
        self.goes_on_in(&self.queues.iter().map(QueueName::as_str).collect::<Vec<_>>(), limit).await
    }

    /// The same, of these queues only.
    pub async fn goes_on_in(&self, queues: &[&str], limit: Duration) -> Duration {
        let went_on = self.try_to_go_on(queues, limit).await;
        went_on.unwrap_or_else(|still| panic!("not within {limit:?}: more tasks of {still:?} run"))
    }

    /// The same; gives the queues that stood still, if any did until the limit.
    pub async fn try_to_go_on(
        &self,
        queues: &[&str],
        limit: Duration,
    ) -> Result<Duration, Vec<QueueName>> {
        let begin = Instant::now();
        let before = self.begun();
        loop {
            let of_each = self.queues.iter().zip(self.begun()).zip(&before);
            let asked = of_each.filter(|((queue, _), _)| queues.contains(&queue.as_str()));
            let still = asked.filter(|((_, now), then)| *now < *then + 30);
            let still: Vec<_> = still.map(|((queue, _), _)| queue.clone()).collect();
            if still.is_empty() {
                return Ok(begin.elapsed());
            }
            if begin.elapsed() > limit {
                return Err(still);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops pushing, drains the queues, and sums up.
    ///
    /// Panics when they are not drained within a minute.
    pub async fn end(self) -> Sum {
        let sum = self.end_within(SOON).await;
        assert!(sum.drained, "not drained within {SOON:?}");
        sum
    }

    /// The same, and sums up after this time at the latest.
    pub async fn end_within(mut self, limit: Duration) -> Sum {
        self.over.store(true, Ordering::Relaxed);
        let mut accepted = Vec::new();
        for producer in std::mem::take(&mut self.producers) {
            accepted.extend(producer.await.expect("a producer"));
        }
        let begin = Instant::now();
        let mut drained = self.is_drained().await;
        while !drained && begin.elapsed() < limit {
            tokio::time::sleep(Duration::from_millis(20)).await;
            drained = self.is_drained().await;
        }
        let mut reclaimed = 0;
        for pool in self.pools {
            reclaimed += pool.shutdown().await.reclaimed;
        }
        // A body names its queue, so no two queues have one in common.
        let mut times = HashMap::new();
        for runs in &self.runs {
            times.extend(std::mem::take(&mut *runs.times.lock().expect("runs")));
        }
        let lost = accepted.iter().filter(|body| !times.contains_key(*body)).cloned().collect();
        let excess = times.values().map(|times| times - 1).sum();
        Sum { accepted: accepted.len(), lost, excess, reclaimed, drained }
    }

    async fn is_drained(&self) -> bool {
        for queue in &self.queues {
            let Ok(counts) = self.broker.counts(queue).await else { return false };
            let put_by = self.put_by.get(queue).copied().unwrap_or_default();
            let later = counts.scheduled.saturating_sub(put_by);
            if counts.ready + counts.running + counts.failed + counts.suspects + later > 0 {
                return false;
            }
        }
        true
    }
}

async fn connect<L: Library>(url: &str, settings: &Settings) -> Arc<dyn Backend> {
    let broker = L::connect(url, settings.clone()).await;
    broker.unwrap_or_else(|error| panic!("{}: {error}", L::NAME))
}

/// Pushes small batches until told to stop, and returns what was accepted. A push that was not
/// answered, or not surely enough, is sent again until it is (B3).
async fn push_until(
    producer: Producer,
    queue: QueueName,
    after: Duration,
    over: Arc<AtomicBool>,
) -> Vec<Bytes> {
    let mut accepted = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let first = accepted.len();
        let bodies: Vec<Bytes> =
            (first..first + 3).map(|task| format!("{queue}-{task}").into()).collect();
        let push = producer.push_all_raw(&queue, bodies.clone()).after(after);
        let mut batch = push.prepare().expect("a batch");
        while let Err(error) = batch.send().await {
            assert!(error.is_retryable(), "{error}");
        }
        accepted.extend(bodies);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    accepted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_runs_again_has_begun_once() {
        let runs = Runs::default();
        for body in ["a-0", "a-1", "a-0"] {
            runs.note(body.into());
        }
        assert_eq!(runs.begun(), 2);
    }
}
