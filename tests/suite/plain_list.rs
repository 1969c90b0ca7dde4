//! Programs that only know lists and sets: a queue takes its tasks from their list and shows what
//! failed in their set. Also the plain inbox of a queue of our own.
//!
//! The tests here push with plain commands. Those in `redis_py` do it with the program in
//! `examples/plain-list`, as it is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use redis::Value;
use tireless::{Backoff, Context, RunPolicy, RunningPool, TaskResult};
use tireless_core::QueueName;
use tireless_redis_broker::{Adoption, Settings};
use tireless_testkit::server::shared_url;
use tireless_tests::{Library, Pace, Raw, Site, eventually, fresh_namespace, quantile};

use crate::WORKER;
use by_hand::*;

mod by_hand;
mod redis_py;

const SOON: Duration = Duration::from_secs(60);

/// An adopted list that no other test uses, and a hand for it.
struct Plain {
    site: Site,
    url: String,
    list: Bytes,
    failed_set: Bytes,
    hand: Raw,
}

impl Plain {
    async fn open<L: Library>(sweep_every: Duration) -> Self {
        Self::at::<L>(shared_url().expect("a server"), sweep_every).await
    }

    async fn at<L: Library>(url: String, sweep_every: Duration) -> Self {
        let namespace = fresh_namespace();
        let list = Bytes::from(format!("task_queue-{namespace}"));
        // In one slot with the list, as a Cluster asks for.
        let failed_set = Bytes::from(format!("{{task_queue-{namespace}}}-fled_task"));
        let adoption = Adoption { list: list.clone(), failed_set: failed_set.clone(), sweep_every };
        let mut settings = Settings::of(namespace);
        settings.adopted.insert(QueueName::new("plain").expect("a legal name"), adoption);
        let site = Site::open::<L>(WORKER, &url, settings).await;
        let hand = Raw::connect(&url).await;
        Self { site, url, list, failed_set, hand }
    }

    async fn lpush(&self, body: &[u8]) {
        self.hand.clone().command(&[b"LPUSH", &self.list, body]).await;
    }

    /// `SMEMBERS`, sorted.
    async fn failed(&self) -> Vec<Vec<u8>> {
        match self.hand.clone().command(&[b"SMEMBERS", &self.failed_set]).await {
            Value::Array(members) | Value::Set(members) => {
                let mut members: Vec<_> = members.into_iter().map(bytes_of).collect();
                members.sort();
                members
            }
            other => panic!("{other:?}"),
        }
    }

    async fn is_done(&self, tasks: u64) -> bool {
        let counts = self.site.counts().await;
        counts.done == tasks && counts.ready + counts.running + counts.failed + counts.inbox == 0
    }
}

fn bytes_of(value: Value) -> Vec<u8> {
    match value {
        Value::BulkString(bytes) => bytes,
        other => panic!("{other:?}"),
    }
}

/// The attempts of each run, by body.
#[derive(Clone, Debug, Default)]
struct Runs(Arc<Mutex<HashMap<Bytes, Vec<u32>>>>);

impl Runs {
    fn of(&self, body: &[u8]) -> Vec<u32> {
        self.0.lock().expect("runs").get(body).cloned().unwrap_or_default()
    }

    fn bodies(&self) -> Vec<Bytes> {
        let mut bodies: Vec<_> = self.0.lock().expect("runs").keys().cloned().collect();
        bodies.sort();
        bodies
    }

    /// A pool that notes its runs; bodies that begin with `bad` fail at their first attempt, those that
    /// begin with `worse` at each.
    async fn pool(&self, plain: &Plain, retry_in: Duration) -> RunningPool {
        let runs = self.clone();
        let run = move |body: Bytes, context: Context| {
            let bad = body.starts_with(b"bad") && context.attempt() == 1;
            let bad = bad || body.starts_with(b"worse");
            runs.0.lock().expect("runs").entry(body).or_default().push(context.attempt());
            std::future::ready(if bad { Err("not today".into()) } else { TaskResult::Ok(()) })
        };
        let backoff = Backoff::fixed(retry_in);
        let policy = RunPolicy { backoff, ..RunPolicy::default() };
        let pool = plain.site.pool(5, Pace::FAST).handle_raw_with(&plain.site.queue, policy, run);
        pool.start().await.expect("a pool")
    }
}

async fn bodies_arrive_exactly<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    let mut bodies: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"[]".to_vec(),
        b"{\"n\": 9007199254740993}".to_vec(),
        (0..=255).collect(),
        vec![0; 100_000],
        b"\x01\x00\x00\x00".to_vec(),
    ];
    let runs = Runs::default();
    let pool = runs.pool(&plain, Duration::from_secs(1)).await;
    for body in &bodies {
        plain.lpush(body).await;
    }
    eventually("done", SOON, async || plain.is_done(bodies.len() as u64).await).await;
    bodies.sort();
    assert_eq!(runs.bodies(), bodies);
    pool.shutdown().await;
}

async fn failed_bodies_are_seen_and_return<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    let runs = Runs::default();
    let pool = runs.pool(&plain, Duration::from_secs(3)).await;
    for body in ["bad 1", "bad 2", "good"] {
        plain.lpush(body.as_bytes()).await;
    }
    let both: Vec<Vec<u8>> = vec![b"bad 1".into(), b"bad 2".into()];
    eventually("seen by SMEMBERS", SOON, async || plain.failed().await == both).await;
    eventually("done", SOON, async || plain.is_done(3).await).await;
    assert_eq!(runs.of(b"bad 1"), [1, 2], "the attempts are found again by the body");
    assert_eq!((runs.of(b"bad 2"), runs.of(b"good")), (vec![1, 2], vec![1]));
    assert!(plain.failed().await.is_empty());
    // A body that was done is a new task when it comes again.
    plain.lpush(b"bad 1").await;
    eventually("done again", SOON, async || plain.is_done(4).await).await;
    assert_eq!(runs.of(b"bad 1"), [1, 2, 1, 2]);
    pool.shutdown().await;
}

async fn a_member_taken_by_others_does_not_return<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    let runs = Runs::default();
    let pool = runs.pool(&plain, Duration::from_secs(3)).await;
    plain.lpush(b"bad").await;
    eventually("seen", SOON, async || !plain.failed().await.is_empty()).await;
    plain.hand.clone().command(&[b"SREM", &plain.failed_set, b"bad"]).await;
    eventually("let go", SOON, async || plain.site.counts().await.failed == 0).await;
    plain.lpush(b"good").await;
    eventually("the next one done", SOON, async || plain.is_done(1).await).await;
    assert_eq!(runs.of(b"bad"), [1]);
    pool.shutdown().await;
}

async fn a_member_put_there_by_others_is_taken_up<L: Library>() {
    let plain = Plain::open::<L>(Duration::from_secs(1)).await;
    let runs = Runs::default();
    let pool = runs.pool(&plain, Duration::from_secs(1)).await;
    plain.hand.clone().command(&[b"SADD", &plain.failed_set, b"foreign 1", b"foreign 2"]).await;
    eventually("done", SOON, async || plain.is_done(2).await).await;
    assert_eq!(runs.bodies(), ["foreign 1", "foreign 2"]);
    assert!(plain.failed().await.is_empty());
    pool.shutdown().await;
}

async fn a_worker_killed_between_pop_and_finish_loses_nothing<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    for task in 0..30 {
        plain.lpush(format!("{task} sleep 2000").as_bytes()).await;
    }
    let mut victim = plain.site.worker(20, Pace::FAST);
    eventually("begun", SOON, async || plain.site.log().started.len() >= 20).await;
    victim.kill();
    let _other = plain.site.worker(30, Pace::FAST);
    eventually("done", SOON, async || plain.is_done(30).await).await;
    assert_eq!(plain.site.log().done.len(), 30);
}

async fn an_idle_worker_picks_up_a_plain_push<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    let late = Arc::new(Mutex::new(Vec::new()));
    let pool = late_pool(plain.site.pool(5, Pace::DEFAULT), &plain.site.queue, &late).await;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        plain.lpush(format!("{}", now().as_secs_f64()).as_bytes()).await;
    }
    eventually("picked up", SOON, async || late.lock().expect("samples").len() == 20).await;
    check_late(L::NAME, &late);
    pool.shutdown().await;
}

/// A pool whose bodies say when they were pushed.
async fn late_pool(
    pool: tireless::WorkerPool,
    queue: &QueueName,
    late: &Arc<Mutex<Vec<Duration>>>,
) -> RunningPool {
    let samples = late.clone();
    let run = move |body: Bytes| {
        let pushed: f64 = String::from_utf8_lossy(&body).parse().expect("a time");
        let passed = now().saturating_sub(Duration::from_secs_f64(pushed));
        samples.lock().expect("samples").push(passed);
        std::future::ready(())
    };
    pool.queue(queue).inbox(true).handle_raw(queue, run).start().await.expect("a pool")
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970")
}

fn check_late(who: &str, late: &Mutex<Vec<Duration>>) {
    let mut late = late.lock().expect("samples");
    let (half, most) = (quantile(&mut late, 500), quantile(&mut late, 990));
    println!("{who}: a plain push was picked up after {half:?} at the median, {most:?} at most");
    assert!(half < Duration::from_secs(1), "{half:?} at the median");
}

crate::over_both!(
    bodies_arrive_exactly,
    failed_bodies_are_seen_and_return,
    a_member_taken_by_others_does_not_return,
    a_member_put_there_by_others_is_taken_up,
    a_worker_killed_between_pop_and_finish_loses_nothing,
    an_idle_worker_picks_up_a_plain_push,
    attempts_of_a_body_that_others_took_end,
    a_raw_task_with_an_own_id_keeps_it,
    large_bodies_come_back_a_few_at_a_time,
    large_bodies_are_requeued_and_purged_a_few_at_a_time,
    large_bodies_that_are_named_are_requeued_a_few_at_a_time,
    a_clock_that_was_set_back_ends_no_sweep,
    a_suspect_taken_from_the_list_rings,
    a_body_that_a_loop_moved_comes_back_once,
    large_bodies_of_others_are_swept_a_few_at_a_time,
    a_body_of_others_folds_into_none_of_ours,
    a_lost_record_of_who_waits_multiplies_nothing,
    a_sweep_reads_no_more_than_it_moves,
    small_bodies_of_others_are_swept_in_few_ticks,
);
