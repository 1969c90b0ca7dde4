//! Malformed entries of every kind, written straight into Redis: nothing panics, nothing stops the
//! good tasks, and whatever has bytes is seen, by a handler or by an operator.
//!
//! `TIRELESS_HOSTILE_ENTRIES` sets how many there are.

mod entries; // what is written
mod large; // bodies that are huge or deep

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tireless::prelude::*;
use tireless::{Event, RunningPool};
use tireless_core::{
    Backend, Envelope, List, Mended, QueueName, Reconcile, State, TaskId, TaskSummary,
};
use tireless_redis_broker::Settings;
use tireless_testkit::server::shared_url;
use tireless_tests::{Library, Pace, Raw, Site, eventually, fresh_namespace, key_of, scaled};

use entries::Entries;

fn count() -> usize {
    scaled("TIRELESS_HOSTILE_ENTRIES", 3_000) as usize
}

/// What handlers have seen, and when they ran good tasks.
#[derive(Debug, Default)]
struct Seen {
    marks: HashSet<Bytes>,
    ids: HashSet<TaskId>,
    good: Vec<(Bytes, Instant)>,
    /// Loops of the pool that were started again.
    restarts: Vec<String>,
}

const GOOD: &[u8] = b"good ";

impl Seen {
    fn run(&mut self, body: Bytes, id: TaskId) {
        if body.starts_with(GOOD) {
            self.good.push((body, Instant::now()));
        } else {
            self.marks.insert(mark(&body));
            self.ids.insert(id);
        }
    }

    /// The longest time without a good task.
    fn gap(&self, begin: Instant) -> Duration {
        let times = self.good.iter().map(|(_, at)| *at);
        let before = std::iter::once(begin).chain(times.clone());
        times.zip(before).map(|(at, before)| at - before).max().unwrap_or_default()
    }
}

/// The last bytes of every entry, of which there is no second one.
fn mark(bytes: &Bytes) -> Bytes {
    bytes.slice(bytes.len().saturating_sub(entries::MARK)..)
}

/// A pool that takes whatever it is given.
async fn pool(site: &Site, seen: &Arc<Mutex<Seen>>) -> RunningPool {
    let (runs, restarts) = (seen.clone(), seen.clone());
    let pool = site.pool(32, Pace::FAST).queue(&site.queue).inbox(true).any_type(true);
    let pool = pool.bury_unknown_after(Duration::from_millis(1));
    let pool = pool.handle_raw(site.queue.as_str(), move |body: Bytes, context: Context| {
        runs.lock().expect("what was seen").run(body, context.id());
        async { TaskResult::Ok(()) }
    });
    let pool = pool.observe(move |event| {
        if let Event::LoopRestarted { name, reason } = event {
            let mut seen = restarts.lock().expect("what was seen");
            seen.restarts.push(format!("{name}: {reason}"));
        }
    });
    pool.start().await.expect("a pool")
}

async fn they_stop_no_good_task_and_are_all_seen<L: Library>() {
    let url = shared_url().expect("a server");
    let mut settings = Settings::of(fresh_namespace());
    settings.dead_kept = 10 * count();
    let namespace = settings.namespace.clone();
    let site = Site::open::<L>(crate::WORKER, &url, settings).await;
    let key = |part: &str| key_of(&namespace, &site.queue, part);
    let mut entries = Entries::new(Raw::connect(&url).await, key);
    let mut good = 0;
    for _ in 0..count().div_ceil(450) {
        entries.write(450).await;
        site.push((good..good + 50).map(|number| format!("good {number}"))).await;
        good += 50;
    }
    entries.write_dead_worker().await;

    let (seen, begin) = (Arc::new(Mutex::new(Seen::default())), Instant::now());
    let pool = pool(&site, &seen).await;
    let limit = Duration::from_secs(120) + Duration::from_millis(count() as u64);
    // Counts that were written past the broker are wrong: the keys are asked. What no live process
    // can read waits for another one, until it is buried.
    let took = eventually("everything was looked at", limit, async || entries.are_through().await);
    let took = took.await;
    let summary = pool.shutdown().await;
    assert_eq!(summary.panicked, 0, "{summary:?}");
    let shown = marks_of(&*site.broker, &site.queue).await;
    check(&entries, &shown, &seen.lock().expect("what was seen"), good);

    let gap = seen.lock().expect("what was seen").gap(begin);
    println!("{} entries over {}: {took:?}, {gap:?} at most without a good task", count(), L::NAME);
    // The promise is a second; a busy machine has its own pauses.
    assert!(gap < Duration::from_secs(10), "no good task for {gap:?}");
    is_mended_in_two_searches(&*site.broker, &site.queue).await;
}

/// Each entry was run or can be listed, and each good task was run once.
fn check<K>(entries: &Entries<K>, shown: &HashSet<Bytes>, seen: &Seen, good: usize) {
    assert_eq!(seen.restarts, [""; 0]);
    let is_seen = |mark: &Bytes| {
        let run = entries.ids.get(mark).is_some_and(|id| seen.ids.contains(id));
        run || seen.marks.contains(mark) || shown.contains(mark)
    };
    let unseen: Vec<_> = entries.marks.iter().filter(|mark| !is_seen(mark)).collect();
    assert!(unseen.is_empty(), "{} were dropped, such as {:?}", unseen.len(), unseen[0]);
    let distinct: HashSet<_> = seen.good.iter().map(|(body, _)| body).collect();
    assert_eq!((seen.good.len(), distinct.len()), (good, good), "each good task once");
}

/// All that an operator can list of a state, page by page.
async fn listed(broker: &dyn Backend, queue: &QueueName, state: State) -> Vec<TaskSummary> {
    let (mut tasks, mut next) = (Vec::new(), Some(0));
    while let Some(cursor) = next {
        let list = List { queue: queue.clone(), state, cursor, limit: 1_000 };
        let page = broker.list(&list).await.expect("a page");
        tasks.extend(page.tasks);
        next = page.next;
    }
    tasks
}

/// The marks of all that an operator can list.
async fn marks_of(broker: &dyn Backend, queue: &QueueName) -> HashSet<Bytes> {
    let mut marks = HashSet::new();
    // What waited for another process may be due again, and was given back by the pool that ended.
    for state in [State::Dead, State::Scheduled, State::Failed, State::Ready] {
        let tasks = listed(broker, queue, state).await;
        marks.extend(tasks.iter().map(|task| mark(&task.envelope)));
    }
    marks
}

async fn is_mended_in_two_searches(broker: &dyn Backend, queue: &QueueName) {
    for round in 0..3 {
        let (mut step, mut mended) = (Reconcile::BEGIN, Mended::default());
        loop {
            let answer = broker.reconcile(queue, &step).await.expect("a step");
            mended.add(&answer.mended);
            step = Reconcile::GO_ON;
            if !answer.more {
                break;
            }
        }
        assert!(round < 2 || mended == Mended::default(), "{mended:?}");
    }
}

over_both!(they_stop_no_good_task_and_are_all_seen);

/// The envelope of a raw task.
fn raw_envelope(body: &[u8]) -> Bytes {
    Envelope::raw(Bytes::copy_from_slice(body)).encode().expect("an envelope")
}
