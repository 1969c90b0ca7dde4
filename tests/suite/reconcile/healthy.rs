//! Searches of healthy queues: they mend nothing, disturb nobody, and no step holds the server up.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use redis::Value;
use tireless_core::{Mended, NewTask, Outcome, Reconcile, Reentry, State};
use tireless_testkit::Harness;
use tireless_testkit::fixtures::{Actor, Bench, bury, fail, keep, release, release_after, task};
use tireless_tests::{Library, OwnServer, Raw, RedisHarness, RedisRs, key_of, quantile, scaled};

use super::ward::{HOUR, Ward, stranger};

/// One worker that gives its tasks every outcome, until the queue is empty and no more is pushed.
async fn work<L: Library>(harness: &RedisHarness<L>, bench: &Bench<'_>, over: &AtomicBool) {
    let actor = Actor::new(harness.another().await, bench.queue.clone(), HOUR);
    for round in 0.. {
        let held = actor.claim(40).await;
        if held.is_empty() && over.load(Ordering::Relaxed) {
            return;
        }
        let mut outcomes = Vec::new();
        for (at, task) in held.iter().enumerate() {
            let again = task.history.attempts < 3 && (at + round) % 3 > 0;
            let outcome = match at % 6 {
                0 if again => fail(Duration::ZERO),
                1 if again => fail(Duration::from_millis(3)),
                2 if round % 2 == 0 => release(Reentry::Front),
                3 if round % 2 == 0 => release(Reentry::Back),
                4 if round % 2 == 0 => release_after(Duration::from_millis(2)),
                5 => keep(HOUR),
                _ => Outcome::ACK,
            };
            outcomes.push((task.claim, task.id, outcome));
        }
        actor.settle(outcomes).await;
    }
}

async fn a_busy_queue_is_left_alone<L: Library>() {
    let harness = <RedisHarness<L> as Harness>::fresh().await;
    let mut ward = Ward::filled(&harness, 30).await;
    let over = AtomicBool::new(false);
    let (searches, mut mended) = (AtomicUsize::new(0), Mended::default());
    let (first, second) = (work(&harness, &ward.bench, &over), work(&harness, &ward.bench, &over));
    let push = async {
        while searches.load(Ordering::Relaxed) < 10 {
            // As many as two workers keep up with: the queue must not outgrow the searches.
            if ward.bench.counts().await.ready < 3_000 {
                ward.bench.push(40).await;
            }
            tokio::task::yield_now().await;
        }
        let removed = ward.bench.listed(State::Ready).await;
        let removed = &removed[..removed.len().min(500)];
        ward.bench.broker.remove(&ward.bench.queue, removed).await.expect("a removal");
        tokio::time::sleep(Duration::from_millis(200)).await;
        over.store(true, Ordering::Relaxed);
    };
    let search = async {
        while !over.load(Ordering::Relaxed) {
            mended.add(&ward.search().await);
            searches.fetch_add(1, Ordering::Relaxed);
        }
    };
    tokio::join!(first, second, push, search);
    assert_eq!(mended, Mended::default(), "in {searches:?} searches, {}", L::NAME);
    ward.is_sound().await;
    let held = ward.bench.listed(State::Running).await;
    assert_eq!(held.len(), 30, "the holder holds what it held");
}

async fn two_who_search_share_one_search<L: Library>() {
    let harness = <RedisHarness<L> as Harness>::fresh().await;
    let mut ward = Ward::filled(&harness, 2_000).await;
    for _ in 0..50 {
        ward.on("RPOP", "ready", &[]).await;
    }
    let (one, other) = tokio::join!(ward.search(), ward.search());
    // What one of them took over from the other was answered to one of them.
    assert_eq!(one.lost + other.lost, 50, "{one:?} {other:?}");
    ward.is_sound().await;
    // Nothing of a search is left when it has ended.
    assert_eq!(ward.on("EXISTS", "search", &[]).await, Value::Int(0));
    assert_eq!(ward.on("EXISTS", "lost", &[]).await, Value::Int(0));
}

async fn ticks_look_after_the_numbers<L: Library>() {
    let harness = <RedisHarness<L> as Harness>::fresh().await;
    let mut ward = Ward::filled(&harness, 3).await;
    let permission = ward.bench.permission().await;
    let tick = async |ward: &Ward<'_, L>| ward.bench.tick_with(Some(permission)).await.mended;
    // The first one only notes the time. A minute later the first search ever is made.
    assert_eq!(tick(&ward).await, Mended::default());
    let damage = async |ward: &mut Ward<'_, L>| {
        ward.on("RPOP", "ready", &[]).await;
        assert_eq!(tick(ward).await, Mended::default(), "not before its time");
        ward.on("HSET", "queue", &[b"checked", b"1"]).await;
    };
    damage(&mut ward).await;
    assert_eq!(tick(&ward).await.lost, 1);
    assert_eq!(ward.on("HEXISTS", "queue", &[b"searching"]).await, Value::Int(0));
    damage(&mut ward).await;
    assert_eq!(tick(&ward).await.lost, 1);
    // With numbers that add up nothing is searched, so this stays until the day is over.
    ward.on("HSET", "history", &[&stranger(), &[0; 19]]).await;
    ward.on("HSET", "queue", &[b"checked", b"1"]).await;
    assert_eq!(tick(&ward).await, Mended::default());
    ward.on("HSET", "queue", &[b"checked", b"1", b"searched", b"1"]).await;
    assert_eq!(tick(&ward).await.leftovers, 1);
    // A server's clock that was ahead for a moment does not put the next day off.
    ward.on("HSET", "history", &[&stranger(), &[0; 19]]).await;
    ward.on("HSET", "queue", &[b"checked", b"1", b"searched", b"9999999999999"]).await;
    assert_eq!(tick(&ward).await.leftovers, 1);
    // A search that nobody went on with is over, and no tick looks for it any more.
    ward.on("HSET", "queue", &[b"checked", b"1", b"searching", b"1"]).await;
    assert_eq!(tick(&ward).await, Mended::default());
    assert_eq!(ward.on("HEXISTS", "queue", &[b"searching"]).await, Value::Int(0));
    // Without a permission a tick takes care of nothing.
    ward.on("HSET", "queue", &[b"checked", b"1"]).await;
    ward.on("RPOP", "ready", &[]).await;
    assert_eq!(ward.bench.tick().await.mended, Mended::default());
    assert_eq!(ward.search().await.lost, 1);
    ward.is_sound().await;
}

/// A task ends while a search has noted it, and is pushed again under its id, where the search has read
/// already, with so many others behind it.
async fn pushed_again<L: Library>(behind: usize) {
    let harness = <RedisHarness<L> as Harness>::fresh().await;
    let mut ward = Ward::filled(&harness, 1).await;
    ward.bench.push(3_000).await;
    let (broker, queue) = (&ward.bench.broker, &ward.bench.queue);
    broker.reconcile(queue, &Reconcile::BEGIN).await.expect("the begin of a search");
    let on = Reconcile { begin: false, ..Reconcile::BEGIN };
    let words = [&b"ready"[..], b"500"].map(|word| Value::BulkString(word.to_vec()));
    let reads_on = Value::Array(words.to_vec());
    for step in 0.. {
        assert!(step < 1_000, "the search never read its first window");
        if ward.on("HMGET", "search", &[b"stage", b"at"]).await == reads_on {
            break;
        }
        ward.bench.broker.reconcile(&ward.bench.queue, &on).await.expect("a step");
    }
    let held = ward.holder.claim(1).await;
    ward.holder.finish(&held, Outcome::ACK).await;
    let again = NewTask { id: held[0].id, ..task() };
    ward.bench.push_one(again).await;
    ward.bench.push(behind).await;
    let mut mended = Mended::default();
    while {
        let answer = ward.bench.broker.reconcile(&ward.bench.queue, &on).await.expect("a step");
        mended.add(&answer.mended);
        answer.more
    } {}
    assert_eq!(mended, Mended::default(), "with {behind} behind it, {}", L::NAME);
    ward.is_sound().await;
}

async fn an_id_that_is_pushed_again_is_not_lost<L: Library>() {
    for behind in [0, 1_000, 2_500] {
        pushed_again::<L>(behind).await;
    }
}

over_both!(
    a_busy_queue_is_left_alone,
    an_id_that_is_pushed_again_is_not_lost,
    two_who_search_share_one_search,
    ticks_look_after_the_numbers,
);

/// How long the list is; `TIRELESS_SEARCH_TASKS` sets another length, such as 1000000.
fn length() -> usize {
    scaled("TIRELESS_SEARCH_TASKS", 100_000) as usize
}

/// A queue with a long list, from which some ids were taken.
async fn long_list(own: &OwnServer<RedisRs>) -> Bench<'_> {
    let bench = Bench::new(own);
    bench.push(length()).await;
    let mut raw = Raw::connect(&own.server.url()).await;
    let ready = key_of(&own.settings.namespace, &bench.queue, "ready");
    for _ in 0..TAKEN {
        raw.command(&[b"LPOP", ready.as_bytes()]).await;
    }
    bench
}

const TAKEN: u64 = 5;

/// The processor time that the server has used.
async fn used(bench: &Bench<'_>) -> Duration {
    let stats = bench.broker.server().await.expect("what the server tells");
    Duration::from_micros(stats.cpu_us.expect("its processor time"))
}

/// Searches all of it; what was mended, and the server's time for each step.
async fn search(bench: &Bench<'_>) -> (Mended, Vec<Duration>) {
    let (mut mended, mut took) = (Mended::default(), Vec::new());
    let (mut step, mut before) = (Reconcile::BEGIN, used(bench).await);
    loop {
        let answer = bench.broker.reconcile(&bench.queue, &step).await.expect("a step");
        let after = used(bench).await;
        took.push(after.saturating_sub(before));
        before = after;
        mended.add(&answer.mended);
        step.begin = false;
        if !answer.more {
            return (mended, took);
        }
    }
}

/// By the server's processor time, for its watch runs on while the machine does other things. What
/// that does to the processor counts all the same: a step that is long by itself is so each time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_step_of_a_search_of_a_long_list_is_long() {
    let own = OwnServer::<RedisRs>::fresh().await;
    let bench = long_list(&own).await;
    let mut mosts = Vec::new();
    for taken in [TAKEN, 0, 0] {
        let begin = Instant::now();
        let (mended, mut took) = search(&bench).await;
        let (count, all): (_, Duration) = (took.len(), took.iter().sum());
        let (half, most) = (quantile(&mut took, 500), quantile(&mut took, 1_000));
        println!(
            "{} tasks: {count} steps in {:?}, of the server's time {all:?}: {half:?} each, {most:?} at most",
            length(),
            begin.elapsed(),
        );
        assert_eq!((mended.lost, mended.total()), (taken, taken), "{mended:?}");
        mosts.push(most);
    }
    let least = mosts.iter().min().expect("three searches");
    assert!(*least < Duration::from_millis(10), "each search has a long step: {mosts:?}");
}

/// Tasks that come, go and come back meanwhile are not taken for lost ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_list_is_searched_under_load() {
    let own = OwnServer::<RedisRs>::fresh().await;
    let bench = long_list(&own).await;
    let over = AtomicBool::new(false);
    let search = async {
        let (mut mended, mut step) = (Mended::default(), Reconcile::BEGIN);
        loop {
            let answer = bench.broker.reconcile(&bench.queue, &step).await.expect("a step");
            mended.add(&answer.mended);
            step.begin = false;
            if !answer.more {
                over.store(true, Ordering::Relaxed);
                return mended;
            }
        }
    };
    let traffic = async {
        let actor = bench.worker();
        while !over.load(Ordering::Relaxed) {
            bench.push(4).await;
            let held = actor.claim(4).await;
            assert_eq!(held.len(), 4);
            actor.finish(&held[..1], Outcome::ACK).await;
            actor.finish(&held[1..2], release(Reentry::Back)).await;
            actor.finish(&held[2..3], release(Reentry::Front)).await;
            actor.finish(&held[3..], bury()).await;
        }
    };
    let (mended, ()) = tokio::join!(search, traffic);
    assert_eq!((mended.lost, mended.total()), (TAKEN, TAKEN), "{mended:?}");
}
