use std::sync::{Arc, Mutex};
use std::time::Duration;

use tireless_core::{Admin, Clock, Inspect, Operation};

use super::alone::tests::crash_in;
use crate::run::{Context, Verdict};
use crate::running::RunningPool;
use crate::testbed::{Bed, SECOND, Trouble, queue, raw_task};

const MS: Duration = Duration::from_millis(1);

/// When runs of the queue `q` began.
pub(super) type Began = Arc<Mutex<Vec<Duration>>>;

/// A pool of four slots for `q` and `q1`, whose runs of `q` take this long; `q1` goes dark once it is
/// known.
async fn half_dark(bed: &Bed, run: Duration, takes: Duration) -> (RunningPool, Began) {
    let began = Began::default();
    let (noted, clock) = (Arc::clone(&began), bed.clock.clone());
    let pool = bed.raw(move |context: Context| {
        let (noted, clock) = (Arc::clone(&noted), clock.clone());
        async move {
            if context.queue().as_str() == "q" {
                noted.lock().unwrap().push(clock.monotonic());
                clock.sleep(run).await;
            }
            Verdict::Done
        }
    });
    let pool = pool.queue_weighted("q1", 1).concurrency(4).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    bed.spy.dark.set(queue("q1"), takes);
    (pool, began)
}

#[tokio::test]
async fn beside_a_dark_queue_the_others_are_as_fast_as_without_it() {
    for run in [50 * MS, 200 * MS, SECOND] {
        for takes in [MS, 300 * MS, 2 * SECOND, 5 * SECOND] {
            let bed = Bed::new();
            let (pool, _) = half_dark(&bed, run, takes).await;
            bed.push(20_000).await;
            bed.clock.advance(20 * SECOND).await;
            let before = pool.stats().summary.done;
            bed.clock.advance(60 * SECOND).await;
            let done = u128::from(pool.stats().summary.done - before);
            let possible = 4 * (60 * SECOND).as_millis() / run.as_millis();
            assert!(done * 100 >= possible * 97, "{done} of {possible}: {run:?}, {takes:?}");
            drop(pool);
        }
    }
}

/// How long tasks wait that come one by one while nothing runs: the median, and the longest.
pub(super) async fn pick_ups(bed: &Bed, began: &Began) -> (Duration, Duration) {
    bed.clock.advance(20 * SECOND).await;
    began.lock().unwrap().clear();
    let mut waited = Vec::new();
    for nth in 0..60 {
        bed.clock.advance(2300 * MS).await;
        let pushed = bed.clock.monotonic();
        bed.push(1).await;
        bed.clock.advance_until(60 * SECOND, || began.lock().unwrap().len() > nth).await;
        waited.push(began.lock().unwrap()[nth] - pushed);
    }
    waited.sort_unstable();
    (waited[30], waited[59])
}

#[tokio::test]
async fn an_idle_pool_picks_up_at_once_beside_a_dark_queue_and_asks_it_once_a_second() {
    let bed = Bed::new();
    let (pool, began) = half_dark(&bed, 100 * MS, 5 * SECOND).await;
    let (median, longest) = pick_ups(&bed, &began).await;
    assert!(longest <= 50 * MS, "{median:?}, at most {longest:?}");
    bed.spy.dark.set(queue("q1"), Duration::ZERO);
    bed.clock.advance(10 * SECOND).await;
    bed.spy.forget();
    bed.clock.advance(60 * SECOND).await;
    let claims = bed.spy.claims().len();
    assert!((60..=135).contains(&claims), "{claims} claims in a minute");
    drop(pool);
}

#[tokio::test]
async fn a_suspect_in_the_dark_keeps_nobody_waiting() {
    for (takes, is_busy) in [(2, true), (5, true), (5, false)] {
        let (bed, q1) = (Bed::new(), queue("q1"));
        // While a long task runs the suspect is known and waits for its turn.
        let long = bed.push(1).await[0];
        let (began, clock) = (Began::default(), bed.clock.clone());
        let noted = Arc::clone(&began);
        let pool = bed.raw(move |context: Context| {
            let (noted, clock) = (Arc::clone(&noted), clock.clone());
            async move {
                noted.lock().unwrap().push(clock.monotonic());
                let is_long = context.id() == long;
                clock.sleep(if is_long { 9 * SECOND } else { 100 * MS }).await;
                Verdict::Done
            }
        });
        bed.push_to(&q1, vec![raw_task()]).await;
        crash_in(&bed, &q1, 1).await;
        crash_in(&bed, &q1, 1).await;
        let pool = pool.queue_weighted("q1", 1).concurrency(4).start().await.unwrap();
        bed.clock.advance(SECOND).await;
        bed.spy.dark.set(q1, takes * SECOND);
        bed.clock.advance(30 * SECOND).await;
        if is_busy {
            bed.push(5_000).await;
            bed.clock.advance(5 * SECOND).await;
            let before = pool.stats().summary.done;
            bed.clock.advance(60 * SECOND).await;
            let done = pool.stats().summary.done - before;
            assert!(done >= 2330, "{done} of 2400 beside a server that takes {takes} s");
        } else {
            let (median, longest) = pick_ups(&bed, &began).await;
            assert!(longest <= 50 * MS, "{median:?}, at most {longest:?}");
        }
        drop(pool);
    }
}

#[tokio::test]
async fn a_suspect_of_a_healthy_queue_waits_for_no_dark_one() {
    // What the last claim took of the dark one is waited for at first.
    for second in 20..26 {
        let bed = Bed::new();
        bed.push(1).await;
        crash_in(&bed, &bed.queue, 1).await;
        crash_in(&bed, &bed.queue, 1).await;
        bed.spy.inner.pause(&bed.queue).await.unwrap();
        let (pool, began) = half_dark(&bed, 100 * MS, 5 * SECOND).await;
        bed.clock.advance(second * SECOND).await;
        let resumed = bed.clock.monotonic();
        bed.spy.inner.resume(&bed.queue).await.unwrap();
        bed.clock.advance(20 * SECOND).await;
        assert_eq!(pool.stats().summary.done, 1);
        let waited = began.lock().unwrap()[0] - resumed;
        assert!(waited <= 50 * MS, "{waited:?}");
        drop(pool);
    }
}

#[tokio::test]
async fn a_store_that_is_wholly_away_is_asked_by_one_claim_at_a_time() {
    let bed = Bed::new();
    let mut pool = bed.raw(|_| async { Verdict::Done });
    for nth in 1..8 {
        pool = pool.queue_weighted(format!("q{nth}"), 1);
    }
    let pool = pool.start().await.unwrap();
    bed.clock.advance(SECOND).await;
    bed.spy.go_away(true);
    bed.spy.trouble(Some((Operation::Claim, Trouble::Slow(2 * SECOND))));
    bed.clock.advance(20 * SECOND).await;
    bed.spy.forget();
    bed.clock.advance(60 * SECOND).await;
    let claims = bed.spy.claims();
    assert!((15..=30).contains(&claims.len()), "{} in a minute, of two seconds each", claims.len());
    bed.spy.go_away(false);
    bed.spy.trouble(None);
    bed.push(100).await;
    bed.clock.advance(4 * SECOND).await;
    assert_eq!(pool.stats().summary.done, 100);
    drop(pool);
}

#[tokio::test]
async fn once_a_dark_server_is_back_its_tasks_run() {
    let (bed, q1) = (Bed::new(), queue("q1"));
    let (pool, _) = half_dark(&bed, 200 * MS, 5 * SECOND).await;
    bed.push(500).await;
    bed.push_to(&q1, (0..100).map(|_| raw_task()).collect()).await;
    bed.clock.advance(30 * SECOND).await;
    assert_eq!(bed.spy.inner.counts(&q1).await.unwrap().done, 0);
    bed.spy.dark.set(queue("another"), Duration::ZERO);
    bed.clock.advance(30 * SECOND).await;
    assert_eq!(bed.spy.inner.counts(&q1).await.unwrap().done, 100);
    drop(pool);
}
