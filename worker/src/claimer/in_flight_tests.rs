use std::sync::atomic::Ordering;

use tireless_core::Clock;

use super::*;
use crate::run::Verdict;
use crate::testbed::{Bed, BrokenLog, SECOND, shared_over};

/// A pool of so many slots far from its store, whose tasks take this long each and end like this.
async fn far(bed: &Bed, slots: usize, each: Duration, end: fn() -> Verdict) -> crate::RunningPool {
    bed.spy.answers_take(Duration::from_millis(5));
    let clock = bed.clock.clone();
    let pool = bed.raw(move |_| {
        let clock = clock.clone();
        async move {
            clock.sleep(each).await;
            end()
        }
    });
    pool.concurrency(slots).start().await.unwrap()
}

#[tokio::test]
async fn claims_and_acks_go_side_by_side_while_tasks_are_quick() {
    let bed = Bed::new();
    bed.push(20_000).await;
    let pool = far(&bed, 100, Duration::from_micros(200), || Verdict::Done).await;
    bed.clock.advance(SECOND).await;
    assert_eq!(pool.stats().summary.done, 20_000);
    let (claims, settles) = (bed.spy.most_claims(), bed.spy.most_settles());
    assert!((2..=8).contains(&claims), "{claims} claims in flight");
    assert!((2..=4).contains(&settles), "{settles} settles in flight");
    drop(pool);
}

#[tokio::test]
async fn other_outcomes_are_written_by_one_call_after_the_other() {
    let bed = Bed::new();
    bed.push(5_000).await;
    let snooze = || Verdict::Snooze(3600 * SECOND);
    let pool = far(&bed, 100, Duration::from_micros(200), snooze).await;
    bed.clock.advance(SECOND).await;
    assert_eq!((pool.stats().summary.snoozed, bed.spy.most_settles()), (5_000, 1));
    drop(pool);
}

#[tokio::test]
async fn no_more_are_kept_ready_than_was_said() {
    let bed = Bed::new();
    bed.push(20_000).await;
    let pool = far(&bed, 100, Duration::from_millis(1), || Verdict::Done).await;
    bed.spy.answers_take(Duration::from_micros(400));
    let mut most = 0;
    while pool.stats().summary.done < 20_000 {
        bed.clock.advance(Duration::from_micros(100)).await;
        most = most.max(pool.stats().running + pool.stats().waiting);
    }
    assert!((600..=1100).contains(&most), "{most} at a time");
    drop(pool);
}

#[tokio::test]
async fn one_claim_at_a_time_is_enough_while_tasks_are_slow() {
    let bed = Bed::new();
    bed.push(1000).await;
    let pool = far(&bed, 10, Duration::from_millis(150), || Verdict::Done).await;
    bed.clock.advance(30 * SECOND).await;
    assert_eq!((pool.stats().summary.done, bed.spy.most_claims()), (1000, 1));
    drop(pool);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_until_it_comes_whatever_becomes_of_the_copies() {
    let bed = Bed::new();
    bed.push(5).await;
    bed.spy.lose_claims.store(1, Ordering::SeqCst);
    bed.spy.unsent_claims.store(2, Ordering::SeqCst);
    let pool = bed.raw(|_| async { Verdict::Done }).start().await.unwrap();
    // Long before the second heartbeat, which gives back what is not named.
    bed.clock.advance(3 * SECOND).await;
    assert_eq!(pool.stats().summary.done, 5);
    let claims = bed.spy.claims();
    assert!(claims[..4].iter().all(|claim| claim.number == claims[0].number), "{claims:?}");
    drop(pool);
}

#[tokio::test]
async fn a_copy_of_a_claim_moves_no_lease_and_so_no_belief_in_it() {
    let bed = Bed::new();
    bed.push(1).await;
    let left = Arc::new(std::sync::Mutex::new(Duration::ZERO));
    bed.spy.mute(true);
    let noted = Arc::clone(&left);
    bed.spy.lose_claims.store(1, Ordering::SeqCst);
    bed.spy.unsent_claims.store(5, Ordering::SeqCst);
    let pool = bed.raw(move |context: crate::run::Context| {
        *noted.lock().unwrap() = context.lease_left();
        async { Verdict::Done }
    });
    let pool = pool.start().await.unwrap();
    bed.clock.advance_until(30 * SECOND, || pool.stats().summary.done == 1).await;
    let since = bed.clock.monotonic();
    assert!(since >= SECOND, "several copies: {since:?}");
    let left = *left.lock().unwrap();
    assert!(left > 10 * SECOND, "{left:?}: the heartbeats' still counts");
    assert!(left <= 15 * SECOND - SECOND / 2, "{left:?} after {since:?}");
    drop(pool);
}

#[tokio::test]
async fn a_stop_gives_back_what_claims_in_flight_take() {
    let bed = Bed::new();
    bed.push(20_000).await;
    let pool = far(&bed, 100, Duration::from_micros(200), || Verdict::Done).await;
    bed.clock.advance_until(SECOND, || bed.spy.most_claims() > 1).await;
    let stopped = tokio::spawn(pool.shutdown());
    bed.clock.advance(2 * SECOND).await;
    let summary = stopped.await.unwrap();
    let counts = bed.counts().await;
    assert_eq!((counts.running, summary.lease_lost), (0, 0));
    assert_eq!((counts.ready + summary.done, counts.done), (20_000, summary.done));
}

#[tokio::test]
async fn a_log_that_panics_over_one_queue_keeps_nothing_that_another_gave() {
    let _log = BrokenLog::set("health");
    let bed = Bed::new();
    let shared = Arc::new(shared_over(bed.spy.clone(), Arc::new(bed.clock.clone()), 2));
    bed.push(3).await;
    let number = shared.ledger.begin([0, 1]);
    let wanted = vec![(0, 3), (1, 3)];
    let mut answers = ask(&shared, number, Sending::First, &wanted, ClaimMode::Shared).await;
    answers[1].2 = Err(crate::testbed::outage(tireless_core::Operation::Claim));
    let landed = Landed { number, sending: Sending::First, tasks: 6, took: SECOND, answers };
    assert!(land(&shared, landed), "they run");
    assert_eq!(shared.dispatch.load().total(), 3);
}
