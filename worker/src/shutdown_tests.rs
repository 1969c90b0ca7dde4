use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tireless_core::{Clock, Failure, Operation, State};

use crate::events::Event;
use crate::run::{Context, RunPolicy, Verdict};
use crate::summary::Summary;
use crate::testbed::{Bed, Call, SECOND, Trouble, raw};

async fn hangs(_: Context) -> Verdict {
    std::future::pending().await
}

/// Runs a shutdown while time passes, and says how much did.
async fn shut_down(bed: &Bed, pool: crate::RunningPool) -> (Summary, Duration) {
    let began = bed.clock.now();
    let clock = bed.clock.clone();
    let end = tokio::spawn(async move { (pool.shutdown().await, clock.now()) });
    bed.clock.advance_until(120 * SECOND, || end.is_finished()).await;
    let (summary, ended) = end.await.unwrap();
    (summary, ended - began)
}

#[tokio::test]
async fn what_runs_is_waited_for_and_the_rest_given_back_in_order() {
    let bed = Bed::new();
    let clock = bed.clock.clone();
    let quick_then_slow = Arc::new(AtomicUsize::new(0));
    let pool = bed.raw(move |_| {
        let clock = clock.clone();
        let first = quick_then_slow.fetch_add(1, Ordering::SeqCst) < 2;
        async move {
            let length = if first { Duration::from_millis(1) } else { 10 * SECOND };
            clock.sleep(length).await;
            Verdict::Done
        }
    });
    let ids = bed.push(20).await;
    let pool = pool.concurrency(2).start().await.unwrap();
    bed.clock.advance(Duration::from_millis(100)).await;
    let waiting = pool.stats().waiting;
    assert!(waiting > 0, "quick tasks lead to a hoard");
    let (summary, took) = shut_down(&bed, pool).await;
    assert!(took >= 8 * SECOND && took <= 10 * SECOND, "{took:?}");
    assert_eq!((summary.done, summary.released), (4, waiting as u64));
    let told = bed.events().into_iter().filter(|event| matches!(event, Event::Released { .. }));
    assert_eq!(told.count(), waiting);
    assert!(matches!(bed.events().last(), Some(Event::PoolStopped { .. })));
    let counts = bed.counts().await;
    assert_eq!((counts.ready, counts.running, counts.workers), (16, 0, 0));
    let next: Vec<_> =
        bed.raw(hangs).concurrency(16).without_scheduler().start().await.into_iter().collect();
    bed.clock.advance(SECOND).await;
    let started: Vec<_> = bed
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Started { run } => Some((run.id, run.attempt)),
            _ => None,
        })
        .skip(4)
        .collect();
    let expected: Vec<_> = ids[4..].iter().map(|id| (*id, 1)).collect();
    assert_eq!(started, expected, "first out are the oldest, and none was charged");
    drop(next);
}

#[tokio::test]
async fn at_the_deadline_what_still_runs_is_told_then_given_back_uncharged() {
    let bed = Bed::new();
    let told = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&told);
    let pool = bed.raw(move |context: Context| {
        let counted = Arc::clone(&counted);
        async move {
            context.cancellation().cancelled().await;
            if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                return Verdict::Retry(Failure::new("", "was told to stop"));
            }
            std::future::pending().await
        }
    });
    let ids = bed.push(2).await;
    let pool = pool.shutdown_timeout(5 * SECOND).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    let (summary, took) = shut_down(&bed, pool).await;
    assert!(took >= 5 * SECOND && took <= 6 * SECOND, "{took:?}");
    assert_eq!((told.load(Ordering::SeqCst), summary.released), (2, 2));
    for id in ids {
        let task = bed.show(id).await.unwrap();
        assert_eq!((task.state, task.summary.history.attempts), (State::Ready, 0));
    }
}

#[tokio::test]
async fn a_dropped_pool_gives_back_what_it_holds() {
    let bed = Bed::new();
    bed.push(3).await;
    let pool = bed.raw(hangs).concurrency(2).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    assert_eq!(bed.counts().await.running, 2);
    drop(pool);
    bed.clock.advance(30 * SECOND).await;
    let counts = bed.counts().await;
    assert_eq!((counts.ready, counts.running, counts.workers), (3, 0, 0));
}

#[tokio::test]
async fn without_a_store_the_end_still_comes_in_time() {
    let bed = Bed::new();
    bed.push(1).await;
    let clock = bed.clock.clone();
    let pool = bed.raw(move |_| {
        let clock = clock.clone();
        async move {
            clock.sleep(2 * SECOND).await;
            Verdict::Done
        }
    });
    let pool = pool.shutdown_timeout(4 * SECOND).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    bed.spy.go_away(true);
    let (_, took) = shut_down(&bed, pool).await;
    assert!(took <= 5 * SECOND, "{took:?}");
}

#[tokio::test]
async fn where_outcomes_are_denied_the_end_still_comes_in_time() {
    let bed = Bed::new();
    bed.push(2).await;
    let pool = bed.raw(|_| async { Verdict::Done }).shutdown_timeout(4 * SECOND);
    bed.spy.deny_settles(true);
    let pool = pool.start().await.unwrap();
    bed.clock.advance(20 * SECOND).await;
    assert_eq!(pool.stats().held, 2, "they are kept");
    let (summary, took) = shut_down(&bed, pool).await;
    assert!(took <= 5 * SECOND, "{took:?}");
    assert_eq!(summary.done, 0);
    let counts = bed.counts().await;
    assert_eq!((counts.ready, counts.workers), (2, 0), "it signs off, and gives them back");
}

#[tokio::test]
async fn outcomes_that_are_denied_no_more_are_written_while_the_pool_ends() {
    let bed = Bed::new();
    bed.push(2).await;
    let pool = bed.raw(|_| async { Verdict::Done }).start().await.unwrap();
    bed.spy.deny_settles(true);
    bed.clock.advance(20 * SECOND).await;
    let end = tokio::spawn(pool.shutdown());
    bed.clock.advance(SECOND).await;
    bed.spy.deny_settles(false);
    bed.clock.advance_until(60 * SECOND, || end.is_finished()).await;
    assert_eq!(end.await.unwrap().done, 2);
}

#[tokio::test]
async fn nothing_is_claimed_after_the_stop_and_the_last_call_is_the_leave() {
    let bed = Bed::new();
    let pool = bed.raw(hangs).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    bed.spy.forget();
    shut_down(&bed, pool).await;
    bed.push(1).await;
    bed.clock.advance(60 * SECOND).await;
    let calls = bed.spy.calls();
    assert!(!calls.iter().any(|call| matches!(call, Call::Claim(_))), "{calls:?}");
    assert!(matches!(calls.last(), Some(Call::Renew(renew)) if renew.lease.is_zero()));
}

#[tokio::test]
async fn a_second_signal_does_not_throw_away_what_is_done() {
    let bed = Bed::new();
    let pool = bed.raw(|context: Context| async move {
        context.cancellation().cancelled().await;
        Verdict::Done
    });
    let pool = pool.start().await.unwrap();
    let id = bed.push(1).await[0];
    bed.clock.advance(SECOND).await;
    let (hurry, began) = (pool.hurry(), bed.clock.now());
    let end = tokio::spawn(pool.shutdown());
    bed.clock.advance(Duration::from_millis(10)).await;
    hurry.cancel();
    bed.clock.advance_until(60 * SECOND, || end.is_finished()).await;
    assert!(bed.clock.now() - began <= SECOND);
    assert_eq!(end.await.unwrap().done, 1);
    assert!(bed.show(id).await.is_none_or(|task| task.state == State::Done));
}

#[tokio::test]
async fn a_second_signal_leaves_outcomes_a_moment_to_be_written() {
    let bed = Bed::new();
    let clock = bed.clock.clone();
    let pool = bed.raw(move |_| {
        let clock = clock.clone();
        async move {
            clock.sleep(SECOND).await;
            Verdict::Done
        }
    });
    let pool = pool.start().await.unwrap();
    bed.push(1).await;
    bed.clock.advance(Duration::from_millis(500)).await;
    bed.spy.go_away(true);
    bed.clock.advance(SECOND).await;
    let hurry = pool.hurry();
    let end = tokio::spawn(pool.shutdown());
    bed.clock.advance(SECOND).await;
    let began = bed.clock.now();
    hurry.cancel();
    bed.clock.advance_until(60 * SECOND, || end.is_finished()).await;
    assert!(bed.clock.now() - began <= SECOND, "the store is away: it is not waited for");
    let calls = bed.spy.calls().len();
    bed.clock.advance(600 * SECOND).await;
    assert_eq!(bed.spy.calls().len(), calls, "nothing goes on after the end");
}

/// What becomes of a last try that is told to stop and then does this, or is out of time.
async fn told_to_stop(bed: &Bed, timeout: Option<Duration>, panics: bool) -> Summary {
    let mut route = raw(move |context: Context| async move {
        context.cancellation().cancelled().await;
        assert!(!panics, "stopped");
        std::future::pending().await
    });
    route.policy = RunPolicy { retries: 0, timeout, ..RunPolicy::default() };
    let pool = bed.pool().queue("q").route(route).shutdown_timeout(5 * SECOND);
    let id = bed.push(1).await[0];
    let pool = pool.start().await.unwrap();
    bed.clock.advance(SECOND).await;
    let (summary, _) = shut_down(bed, pool).await;
    let task = bed.show(id).await.unwrap();
    assert_eq!((task.state, task.summary.history.attempts), (State::Ready, 0));
    assert_eq!((summary.released, summary.buried), (1, 0));
    summary
}

#[tokio::test]
async fn who_panics_or_is_out_of_time_when_told_to_stop_is_not_charged() {
    let summary = told_to_stop(&Bed::new(), None, true).await;
    assert_eq!((summary.panicked, summary.timed_out), (1, 0));
    // A moment after it was told, and before it is dropped.
    let timeout = Some(6 * SECOND + Duration::from_millis(100));
    let summary = told_to_stop(&Bed::new(), timeout, false).await;
    assert_eq!((summary.panicked, summary.timed_out), (0, 1));
}

#[tokio::test]
async fn a_store_that_is_slow_is_waited_for_until_it_has_seen_the_leave() {
    let bed = Bed::new();
    let pool = bed.raw(|_| async { Verdict::Done }).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    let slow = Trouble::Slow(Duration::from_millis(900));
    bed.spy.trouble(Some((Operation::Renew, slow)));
    let (_, took) = shut_down(&bed, pool).await;
    assert!(took < 2 * SECOND, "{took:?}");
    bed.clock.advance(10 * SECOND).await;
    assert_eq!(bed.counts().await.workers, 0);
}

#[tokio::test]
async fn a_store_that_hangs_costs_two_seconds_at_most() {
    let bed = Bed::new();
    let pool = bed.raw(|_| async { Verdict::Done }).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    bed.spy.trouble(Some((Operation::Renew, Trouble::Hang)));
    let (_, took) = shut_down(&bed, pool).await;
    assert!(took <= 2 * SECOND, "{took:?}");
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_a_slow_leave() {
    let bed = Bed::new();
    let pool = bed.raw(|_| async { Verdict::Done }).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    bed.spy.trouble(Some((Operation::Renew, Trouble::Hang)));
    let hurry = pool.hurry();
    let end = tokio::spawn(pool.shutdown());
    bed.clock.advance(Duration::from_millis(500)).await;
    assert!(!end.is_finished());
    let began = bed.clock.now();
    hurry.cancel();
    bed.clock.advance_until(60 * SECOND, || end.is_finished()).await;
    assert!(bed.clock.now() - began < Duration::from_millis(500));
}
