use std::sync::{Arc, Mutex};
use std::time::Duration;

use tireless_core::{
    Clock, Effect, Error, ErrorKind, MockBroker, Operation, Outcome, Settle, SettleAnswer, Settled,
    StoreTime, TaskId,
};
use tireless_testkit::VirtualClock;

use super::Finished;
use crate::events::Event;
use crate::shared::Shared;

const SECOND: Duration = Duration::from_secs(1);

/// A pool's shared state over a mock that answers settles with this.
fn shared(
    clock: &VirtualClock,
    mut answer: impl FnMut(usize, &Settle) -> tireless_core::Result<SettleAnswer> + Send + 'static,
) -> (Arc<Shared>, Arc<Mutex<Vec<Settle>>>) {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&sent);
    let mut broker = MockBroker::new();
    broker.expect_settle().returning(move |settle| {
        let mut noted = noted.lock().unwrap();
        noted.push(settle.clone());
        answer(noted.len(), settle)
    });
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    (Arc::new(crate::testbed::shared_over(broker, clock, 1)), sent)
}

fn all(settle: &Settle, settled: Settled) -> SettleAnswer {
    let mut answer = SettleAnswer::default();
    answer.settled = vec![settled; settle.outcomes.len()];
    answer
}

/// Has tasks of one claim finish.
fn finish(shared: &Shared, count: usize) {
    let number = shared.ledger.begin([0]);
    let batch = shared.ledger.answered(number, 0, count, StoreTime::default());
    for _ in 0..count {
        let (id, outcome) = (TaskId::new(), Outcome::ACK);
        shared.settlers[0].push(Finished {
            id,
            batch: Arc::clone(&batch),
            place: 0,
            outcome,
            settled: None,
        });
    }
}

fn run(shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move { shared.settlers[0].run(&shared).await });
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_with_the_same_call() {
    let clock = VirtualClock::new();
    let (shared, sent) = shared(&clock, |nth, settle| match nth {
        1..=3 => Err(Error::new(ErrorKind::Timeout, Operation::Settle, "no answer")
            .with_effect(Effect::Maybe)),
        _ => Ok(all(settle, Settled::Applied)),
    });
    run(&shared);
    finish(&shared, 3);
    clock.advance(Duration::from_millis(1)).await;
    // What comes meanwhile waits for its turn.
    finish(&shared, 2);
    assert_eq!(shared.ledger.held(), 5);
    clock.advance(10 * SECOND).await;
    let sent = sent.lock().unwrap().clone();
    assert_eq!(sent.len(), 5);
    assert!(sent[..4].iter().all(|settle| *settle == sent[0]), "{sent:?}");
    assert_eq!((sent[0].outcomes.len(), sent[4].outcomes.len()), (3, 2));
    assert!(sent[4].call.number > sent[0].call.number);
    assert_eq!(sent[4].call.answered, sent[0].call.number);
    assert_eq!((shared.ledger.held(), shared.counters.summary().done), (0, 5));
}

#[tokio::test]
async fn a_call_carries_a_thousand_at_most() {
    let clock = VirtualClock::new();
    let (shared, sent) = shared(&clock, |_, settle| Ok(all(settle, Settled::Applied)));
    finish(&shared, 2500);
    run(&shared);
    clock.idle().await;
    let sizes: Vec<_> = sent.lock().unwrap().iter().map(|call| call.outcomes.len()).collect();
    assert_eq!(sizes, [1000, 1000, 500]);
}

#[tokio::test]
async fn a_refused_outcome_is_counted_and_let_go() {
    let clock = VirtualClock::new();
    let (shared, _) = shared(&clock, |_, settle| Ok(all(settle, Settled::LeaseLost)));
    run(&shared);
    finish(&shared, 2);
    clock.idle().await;
    let summary = shared.counters.summary();
    assert_eq!((summary.lease_lost, summary.done, shared.ledger.held()), (2, 0, 0));
}

#[tokio::test]
async fn a_call_that_can_never_succeed_is_given_up() {
    let clock = VirtualClock::new();
    let (shared, sent) = shared(&clock, |nth, settle| match nth {
        1 => Err(Error::new(ErrorKind::Stale, Operation::Settle, "answered earlier")),
        _ => Ok(all(settle, Settled::Applied)),
    });
    run(&shared);
    finish(&shared, 1);
    clock.idle().await;
    finish(&shared, 1);
    clock.idle().await;
    assert_eq!((sent.lock().unwrap().len(), shared.ledger.held()), (2, 0));
    assert_eq!(shared.counters.summary().done, 1);
}

#[tokio::test]
async fn closed_it_ends_when_all_is_written() {
    let clock = VirtualClock::new();
    let (shared, sent) = shared(&clock, |_, settle| Ok(all(settle, Settled::Applied)));
    finish(&shared, 1);
    shared.settlers[0].close();
    shared.settlers[0].run(&shared).await.unwrap();
    assert_eq!(sent.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_outcome_that_the_store_refuses_is_let_go_and_keeps_back_no_others() {
    let clock = VirtualClock::new();
    let (shared, sent) = shared(&clock, |_, settle| {
        if settle.outcomes.iter().any(|settled| matches!(settled.outcome, Outcome::Bury { .. })) {
            return Err(Error::new(ErrorKind::WrongType, Operation::Settle, "a string"));
        }
        Ok(all(settle, Settled::Applied))
    });
    let number = shared.ledger.begin([0]);
    let batch = shared.ledger.answered(number, 0, 1000, StoreTime::default());
    for nth in 0..1000 {
        let failure = tireless_core::Failure::new("", "x");
        let reason = tireless_core::BuryReason::Asked;
        let outcome = if nth == 5 { Outcome::Bury { reason, failure } } else { Outcome::ACK };
        let (id, batch) = (TaskId::new(), Arc::clone(&batch));
        shared.settlers[0].push(Finished { id, batch, place: 0, outcome, settled: None });
    }
    run(&shared);
    clock.advance(Duration::from_millis(20)).await;
    assert_eq!(sent.lock().unwrap().len(), 1, "it pauses after a refusal");
    clock.advance(20 * SECOND).await;
    assert_eq!((shared.counters.summary().done, shared.ledger.held()), (999, 0));
    assert!(shared.ledger.name(0).claims.is_empty(), "a heartbeat gives it back");
    let sent = sent.lock().unwrap().clone();
    let mut numbers: Vec<u64> = sent.iter().map(|settle| settle.call.number).collect();
    assert!(numbers.len() <= 25, "{numbers:?}");
    numbers.dedup();
    assert_eq!(numbers.len(), sent.len(), "each part is a call of its own");
}

#[tokio::test]
async fn what_may_have_taken_effect_is_repeated_whatever_the_error() {
    let clock = VirtualClock::new();
    let (shared, sent) = shared(&clock, |nth, settle| match nth {
        1..=3 => Err(Error::new(ErrorKind::Corrupt, Operation::Settle, "half an answer")
            .with_effect(Effect::Maybe)),
        _ => Ok(all(settle, Settled::Applied)),
    });
    run(&shared);
    finish(&shared, 2);
    clock.advance(10 * SECOND).await;
    let sent = sent.lock().unwrap().clone();
    assert_eq!((sent.len(), shared.counters.summary().done), (4, 2));
    assert!(sent.iter().all(|settle| *settle == sent[0]));
}

/// Those who are told that an outcome was refused.
fn refusals(shared: &mut Arc<Shared>) -> Arc<Mutex<Vec<TaskId>>> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&told);
    Arc::get_mut(shared).unwrap().observers.add(move |event| {
        if let Event::OutcomeRefused { id, .. } = event {
            noted.lock().unwrap().push(*id);
        }
    });
    told
}

#[tokio::test]
async fn whom_the_store_lets_in_no_more_keeps_what_was_done_until_it_does() {
    for (kind, operation) in [
        (ErrorKind::Denied, Operation::Settle),
        (ErrorKind::Denied, Operation::Connect),
        (ErrorKind::InvalidInput, Operation::Connect),
        (ErrorKind::Unsupported, Operation::Connect),
    ] {
        let clock = VirtualClock::new();
        let (mut shared, sent) = shared(&clock, move |nth, settle| match nth {
            1..=100 => Err(Error::new(kind, operation, "the password was changed")),
            _ => Ok(all(settle, Settled::Applied)),
        });
        let told = refusals(&mut shared);
        run(&shared);
        finish(&shared, 3);
        clock.advance(30 * SECOND).await;
        assert_eq!(shared.ledger.held(), 3, "{kind:?} {operation:?}");
        let tries = sent.lock().unwrap().len();
        assert!((15..60).contains(&tries), "{tries} in half a minute");
        clock.advance(300 * SECOND).await;
        let sent = sent.lock().unwrap().clone();
        assert!(sent.len() == 101 && sent.iter().all(|settle| *settle == sent[0]));
        assert_eq!((shared.ledger.held(), shared.counters.summary().done), (0, 3));
        assert!(told.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_may_have_taken_effect_is_never_told_as_refused() {
    let clock = VirtualClock::new();
    let refused = |kind| Err(Error::new(kind, Operation::Settle, "no"));
    let (mut shared, sent) = shared(&clock, move |nth, settle| match nth {
        1 => refused(ErrorKind::Timeout).map_err(|error| error.with_effect(Effect::Maybe)),
        // Says nothing of the copy before it.
        2 => refused(ErrorKind::Unavailable),
        3 => refused(ErrorKind::WrongType),
        _ => Ok(all(settle, Settled::Applied)),
    });
    let told = refusals(&mut shared);
    run(&shared);
    finish(&shared, 2);
    clock.advance(10 * SECOND).await;
    assert_eq!(sent.lock().unwrap().len(), 3, "no halves of it are sent");
    assert_eq!((shared.ledger.held(), shared.counters.summary().done), (0, 0));
    assert!(told.lock().unwrap().is_empty());
    finish(&shared, 1);
    clock.advance(SECOND).await;
    assert_eq!(shared.counters.summary().done, 1, "others go on");
}

#[tokio::test]
async fn copies_that_did_nothing_leave_no_doubt() {
    let clock = VirtualClock::new();
    let (mut shared, _) = shared(&clock, |nth, _| {
        let kind = if nth == 1 { ErrorKind::Unavailable } else { ErrorKind::WrongType };
        Err(Error::new(kind, Operation::Settle, "no"))
    });
    let told = refusals(&mut shared);
    run(&shared);
    finish(&shared, 2);
    clock.advance(10 * SECOND).await;
    assert_eq!((shared.ledger.held(), told.lock().unwrap().len()), (0, 2));
}

#[tokio::test]
async fn it_ends_with_the_pool_and_then_nobody_waits_for_it() {
    let clock = VirtualClock::new();
    let (shared, sent) = shared(&clock, |_, _| {
        Err(Error::new(ErrorKind::Timeout, Operation::Settle, "away").with_effect(Effect::Maybe))
    });
    run(&shared);
    finish(&shared, 1);
    clock.advance(10 * SECOND).await;
    shared.over.cancel();
    clock.idle().await;
    let calls = sent.lock().unwrap().len();
    assert!(calls > 1);
    let number = shared.ledger.begin([0]);
    let batch = shared.ledger.answered(number, 0, 1, StoreTime::default());
    let (settled, seen) = tokio::sync::oneshot::channel();
    let (id, outcome) = (TaskId::new(), Outcome::ACK);
    shared.settlers[0].push(Finished { id, batch, place: 0, outcome, settled: Some(settled) });
    clock.advance(600 * SECOND).await;
    assert_eq!(sent.lock().unwrap().len(), calls);
    tokio::time::timeout(SECOND, seen).await.expect("nobody writes it").unwrap_err();
}

#[tokio::test]
async fn a_queue_is_choked_until_half_of_what_waits_is_written() {
    let clock = VirtualClock::new();
    let (shared, _) = shared(&clock, |_, settle| Ok(all(settle, Settled::Applied)));
    finish(&shared, 10);
    assert!(!shared.settlers[0].is_choked(11));
    assert!(shared.settlers[0].is_choked(10));
    assert!(shared.settlers[0].is_choked(11), "until half is gone");
    run(&shared);
    tokio::time::timeout(SECOND, shared.claimer_wake.notified()).await.expect("it rings");
    assert!(!shared.settlers[0].is_choked(10));
}

#[tokio::test]
async fn a_log_that_panics_over_what_is_lost_leaves_nothing_held() {
    let _log = crate::testbed::BrokenLog::set("settler");
    let clock = VirtualClock::new();
    let (shared, _) = shared(&clock, |_, settle| Ok(all(settle, Settled::LeaseLost)));
    finish(&shared, 3);
    run(&shared);
    clock.advance(SECOND).await;
    assert_eq!((shared.ledger.held(), shared.counters.summary().lease_lost), (0, 3));
}
