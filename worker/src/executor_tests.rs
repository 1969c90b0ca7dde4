use tireless_core::{ClaimedTask, Clock, History, StoreTime};
use tireless_testkit::VirtualClock;

use super::*;
use crate::events::Event;
use crate::retry::Backoff;
use crate::testbed::{Bed, BrokenLog, SECOND, raw, raw_task, shared_over};

fn job(shared: &Shared) -> Job {
    let number = shared.ledger.begin([0]);
    let batch = shared.ledger.answered(number, 0, 1, StoreTime::default());
    let task = raw_task();
    let history = History::default();
    Job {
        task: ClaimedTask { id: task.id, claim: number, envelope: task.envelope, history },
        batch,
        place: 0,
    }
}

#[tokio::test]
async fn nothing_begins_under_a_lease_that_has_ended() {
    let clock = VirtualClock::new();
    let broker = tireless_core::MockBroker::new();
    let shared = Arc::new(shared_over(broker, Arc::new(clock.clone()), 1));
    shared.lease_extended(0, clock.monotonic());
    assert_eq!(execute(&shared, &job(&shared)).await, Outcome::ACK);
    clock.advance(shared.settings.lease).await;
    assert_eq!(execute(&shared, &job(&shared)).await, Outcome::RELEASE);
}

#[tokio::test]
async fn a_backoff_that_panics_is_told_and_counted() {
    let bed = Bed::new();
    let mut route = raw(|_| async { Verdict::Retry(Failure::new("", "x")) });
    route.policy.backoff = Backoff::custom(|_| panic!("no idea"));
    let pool = bed.pool().queue("q").route(route).start().await.unwrap();
    bed.push(1).await;
    bed.clock.advance(SECOND).await;
    let failed = |event: &Event| match event {
        Event::Failed { failure, .. } => Some(failure.text().to_owned()),
        _ => None,
    };
    let failures: Vec<_> = bed.events().iter().filter_map(failed).collect();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(failures[0].contains("no idea"), "{failures:?}");
    assert_eq!(pool.stats().summary.panicked, 1);
    drop(pool);
}

#[tokio::test]
async fn a_log_that_panics_costs_no_slot_and_keeps_no_task() {
    let _log = BrokenLog::set("trace");
    let bed = Bed::new();
    let pool = bed.raw(|_| async { Verdict::Retry(Failure::new("", "no")) }).concurrency(2);
    let pool = pool.start().await.unwrap();
    let ids = bed.push(10).await;
    bed.clock.advance(SECOND).await;
    let stats = pool.stats();
    assert_eq!((stats.running, stats.waiting, stats.held), (0, 0, 0));
    assert_eq!((stats.summary.failed, stats.summary.panicked), (10, 0), "what was said counts");
    for id in ids {
        assert_eq!(bed.show(id).await.unwrap().failures.0[0].failure.text(), "no");
    }
    drop(pool);
}
