use std::panic::panic_any;
use std::sync::Arc;
use std::time::Duration;

use tireless_core::{
    Clock, Error, ErrorKind, Failure, MockBroker, Operation, Outcome, StoreTime, TaskId,
};
use tireless_testkit::VirtualClock;

use super::*;
use crate::events::Event;
use crate::retry::Backoff;
use crate::run::Verdict;
use crate::running::RunningPool;
use crate::settler::Finished;
use crate::testbed::{Bed, BrokenLog, Prints, SECOND, queue, raw, raw_task, shared_over};

/// All of it.
const CRATE: &str = "tireless_worker";

/// A pool with two slots, whose tasks take so long.
async fn busy(bed: &Bed, takes: Duration) -> RunningPool {
    let clock = bed.clock.clone();
    let pool = bed.raw(move |_| {
        let clock = clock.clone();
        async move {
            clock.sleep(takes).await;
            Verdict::Done
        }
    });
    pool.concurrency(2).shutdown_timeout(10 * SECOND).start().await.unwrap()
}

/// What a panic carries, and panics over when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a bomb");
    }
}

#[test]
fn a_panic_of_any_kind_has_a_text() {
    for (panic, text) in [
        (Box::new("a str") as Box<dyn Any + Send>, "a str"),
        (Box::new("a string".to_owned()), "a string"),
        (Box::new(7), "a panic without a text"),
        (Box::new(Bomb), "a panic without a text"),
    ] {
        assert_eq!(panic_text(panic), text);
    }
}

#[tokio::test]
async fn a_log_that_panics_over_spans_charges_no_run() {
    for prints in [Prints::SpansEntered, Prints::SpansLeft] {
        let _log = BrokenLog::printing(prints, CRATE);
        let bed = Bed::new();
        let pool = busy(&bed, SECOND).await;
        bed.push(3).await;
        bed.clock.advance(5 * SECOND).await;
        let summary = pool.stats().summary;
        assert_eq!((summary.done, summary.failed, summary.panicked), (3, 0, 0), "{prints:?}");
        assert!(bed.events().iter().any(|event| matches!(event, Event::Done { .. })));
        drop(pool);
    }
}

#[tokio::test]
async fn a_log_that_panics_stops_no_shutdown() {
    // What can be waited for, and what cannot.
    for (takes, done) in [(3 * SECOND, 2), (60 * SECOND, 0)] {
        let _log = BrokenLog::set(CRATE);
        let bed = Bed::new();
        let pool = busy(&bed, takes).await;
        bed.push(6).await;
        bed.clock.advance(SECOND).await;
        assert_eq!(pool.stats().running, 2);
        let ending = tokio::spawn(pool.shutdown());
        bed.clock.advance(11 * SECOND).await;
        assert!(ending.is_finished());
        let counts = bed.counts().await;
        assert_eq!((counts.done, counts.ready), (done, 6 - done));
        assert_eq!((counts.running, counts.workers), (0, 0));
        assert!(matches!(bed.events().last(), Some(Event::PoolStopped { .. })));
    }
}

#[tokio::test]
async fn a_log_that_panics_over_a_refused_queue_keeps_no_other_from_being_served() {
    let _log = BrokenLog::set(CRATE);
    let bed = Bed::new();
    let pool = bed.raw(|_| async { Verdict::Done }).queue("q1").start().await.unwrap();
    bed.clock.advance(2 * SECOND).await;
    bed.spy.cut_off(Some((bed.queue.clone(), ErrorKind::WrongType)));
    bed.push_to(&queue("q1"), (0..10).map(|_| raw_task()).collect()).await;
    bed.clock.advance(10 * SECOND).await;
    assert_eq!(pool.stats().summary.done, 10);
    assert!(pool.stats().loops.iter().all(|one| one.restarts == 0), "{:?}", pool.stats());
    drop(pool);
}

#[tokio::test]
async fn a_log_that_panics_over_an_outage_does_not_prolong_it() {
    let _log = BrokenLog::set(CRATE);
    let bed = Bed::new();
    let pool = busy(&bed, SECOND).await;
    bed.push(40).await;
    bed.clock.advance(2 * SECOND).await;
    bed.spy.go_away(true);
    bed.clock.advance(25 * SECOND).await;
    bed.spy.go_away(false);
    bed.clock.advance(60 * SECOND).await;
    let stats = pool.stats();
    assert_eq!((bed.counts().await.done, stats.held), (40, 0));
    assert!(stats.store_answers && stats.loops.iter().all(|one| one.restarts == 0), "{stats:?}");
    drop(pool);
}

#[tokio::test]
async fn a_log_that_panics_over_an_outcome_that_is_not_known_lets_go_of_its_task() {
    let _log = BrokenLog::set(CRATE);
    let clock = VirtualClock::new();
    let mut broker = MockBroker::new();
    let overtaken = || Error::new(ErrorKind::Stale, Operation::Settle, "overtaken");
    broker.expect_settle().returning(move |_| Err(overtaken()));
    let shared = Arc::new(shared_over(broker, Arc::new(clock.clone()), 1));
    let number = shared.ledger.begin([0]);
    let batch = shared.ledger.answered(number, 0, 1, StoreTime::default());
    let (id, outcome) = (TaskId::new(), Outcome::ACK);
    shared.settlers[0].push(Finished { id, batch, place: 0, outcome, settled: None });
    let settling = Arc::clone(&shared);
    let run = tokio::spawn(async move { settling.settlers[0].run(&settling).await });
    clock.advance(SECOND).await;
    assert!(shared.ledger.held() == 0 && !run.is_finished());
    run.abort();
}

#[tokio::test]
async fn what_a_panic_carries_costs_no_slot() {
    let bed = Bed::new();
    let mut route = raw(|_| async { Verdict::Retry(Failure::new("", "no")) });
    route.policy.backoff = Backoff::custom(|_| panic_any(Bomb));
    let pool = bed.pool().queue("q").route(route).concurrency(1).start().await.unwrap();
    bed.push(3).await;
    bed.clock.advance(5 * SECOND).await;
    let stats = pool.stats();
    assert_eq!((stats.running, stats.waiting, stats.held), (0, 0, 0));
    assert_eq!((stats.summary.failed, stats.summary.panicked), (3, 3));
    drop(pool);
}

#[tokio::test]
async fn what_the_panic_of_a_handler_carries_is_charged_once() {
    let bed = Bed::new();
    let pool = bed.raw(|_| async { panic_any(Bomb) }).concurrency(1).start().await.unwrap();
    bed.push(3).await;
    bed.clock.advance(SECOND / 10).await;
    let summary = pool.stats().summary;
    assert_eq!((summary.failed, summary.panicked), (3, 3));
    drop(pool);
}

#[tokio::test]
async fn what_the_panic_of_an_observer_carries_harms_nobody() {
    let bed = Bed::new();
    let pool = bed.raw(|_| async { Verdict::Done }).observe(|_| panic_any(Bomb));
    let pool = pool.concurrency(1).start().await.unwrap();
    bed.push(3).await;
    bed.clock.advance(SECOND).await;
    assert_eq!(pool.stats().summary.done, 3);
    let ending = tokio::spawn(pool.shutdown());
    bed.clock.advance(SECOND).await;
    assert!(ending.await.is_ok() && bed.counts().await.workers == 0);
}
