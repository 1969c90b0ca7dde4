use std::sync::Arc;
use std::time::Duration;

use tireless_core::limits::LONGEST_LEASE;
use tireless_core::{Broker, Claim, ClaimFrom, ClaimMode, ErrorKind, State, When, WorkerId};

use super::RequeueScheduler;
use crate::testbed::{Bed, SECOND, queue, raw_task};

#[tokio::test]
async fn alone_it_makes_ready_what_falls_due_and_says_how_much() {
    let bed = Bed::new();
    let mut task = raw_task();
    task.when = When::After(3 * SECOND);
    let id = bed.push_to(&bed.queue, vec![task]).await[0];
    let scheduler =
        RequeueScheduler::new(bed.spy.clone()).queue("q").clock(Arc::new(bed.clock.clone()));
    let clock = bed.clock.clone();
    let run = tokio::spawn(scheduler.run_until(async move {
        tireless_core::Clock::sleep(&clock, 60 * SECOND).await;
    }));
    bed.clock.advance(3 * SECOND).await;
    bed.clock.advance(SECOND / 10).await;
    assert_eq!(bed.show(id).await.unwrap().state, State::Ready);
    bed.clock.advance(60 * SECOND).await;
    assert_eq!(run.await.unwrap().unwrap().promoted, 1);
}

#[tokio::test]
async fn what_is_due_in_one_queue_is_ready_at_once_beside_one_that_fails() {
    let bed = Bed::new();
    let (broken, quiet) = (queue("broken"), queue("quiet"));
    bed.spy.dark.set(broken.clone(), Duration::ZERO);
    let due = |_| {
        let mut task = raw_task();
        task.when = When::After(SECOND);
        task
    };
    bed.push_to(&bed.queue, (0..5_000).map(due).collect()).await;
    let scheduler = RequeueScheduler::new(bed.spy.clone()).clock(Arc::new(bed.clock.clone()));
    let scheduler = scheduler.queue("q").queue("broken").queue("quiet");
    let run = tokio::spawn(scheduler.run_until(std::future::pending()));
    bed.clock.advance(SECOND + SECOND / 10).await;
    assert_eq!(bed.counts().await.ready, 5_000);
    let ticks = [&bed.queue, &broken, &quiet].map(|queue| bed.spy.ticks_of(queue));
    assert!(ticks[0] >= 11, "{ticks:?}");
    assert_eq!(ticks[1..], [1, 1]);
    run.abort();
}

/// A worker that dies with a task.
async fn die(bed: &Bed, lease: Duration) {
    bed.push(1).await;
    let from = ClaimFrom { queue: bed.queue.clone(), max: 1, inbox: false };
    let (worker, mode) = (WorkerId::new(), ClaimMode::Shared);
    let claim = Claim { worker, number: 1, lease, mode, queues: vec![from] };
    bed.spy.claim(&claim).await;
    assert_eq!(bed.counts().await.running, 1);
}

#[tokio::test]
async fn the_dead_are_cared_for_beside_a_queue_whose_server_does_not_answer() {
    // Also for longer than a row of ticks may be interrupted.
    for takes in [0, 1, 2, 3, 5, 15] {
        let bed = Bed::new();
        let scheduler = RequeueScheduler::new(bed.spy.clone()).clock(Arc::new(bed.clock.clone()));
        let scheduler = scheduler.queue("q").queue("dark");
        let run = tokio::spawn(scheduler.run_until(std::future::pending()));
        die(&bed, 90 * SECOND).await;
        bed.clock.advance(30 * SECOND).await;
        bed.spy.dark.set(queue("dark"), takes * SECOND);
        bed.clock.advance(60 * SECOND).await;
        assert_eq!(bed.counts().await.running, 1);
        bed.clock.advance(5 * SECOND).await;
        assert_eq!(bed.counts().await.ready, 1, "within a beat, where ticks take {takes} s");
        run.abort();
    }
}

#[tokio::test]
async fn a_queue_that_does_not_answer_is_asked_once_at_a_time_and_holds_up_no_round() {
    let bed = Bed::new();
    let dark = queue("dark");
    bed.spy.dark.set(dark.clone(), 15 * SECOND);
    let scheduler = RequeueScheduler::new(bed.spy.clone()).clock(Arc::new(bed.clock.clone()));
    let scheduler = scheduler.queue("q").queue("dark");
    let run = tokio::spawn(scheduler.run_until(std::future::pending()));
    bed.clock.advance(16 * SECOND).await;
    bed.spy.forget();
    bed.clock.advance(150 * SECOND).await;
    let ticks = [&bed.queue, &dark].map(|queue| bed.spy.ticks_of(queue));
    assert!((33..=41).contains(&ticks[0]), "{ticks:?}");
    assert!((7..=10).contains(&ticks[1]), "{ticks:?}");
    run.abort();
}

#[tokio::test]
async fn it_says_what_it_lacks() {
    let bed = Bed::new();
    let serving = || RequeueScheduler::new(bed.spy.clone()).queue("q");
    let wrong = [
        (RequeueScheduler::new(bed.spy.clone()), "queue"),
        (RequeueScheduler::new(bed.spy.clone()).queue("a b"), "a b"),
        (serving().beat(Duration::ZERO), "beat"),
        (serving().beat(LONGEST_LEASE / 2 + Duration::from_nanos(1)), "beat"),
        (serving().beat(Duration::MAX), "150s"),
        (serving().bury_after_crashes(0), "crashes"),
    ];
    for (scheduler, word) in wrong {
        let error = scheduler.run_until(async {}).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.message().contains(word), "{error} has no {word:?}");
    }
    serving().beat(LONGEST_LEASE / 2).run_until(async {}).await.unwrap();
}
