use std::sync::Mutex;

use tireless_core::{ClaimedTask, Clock, History, StoreTime};
use tireless_testkit::VirtualClock;

use super::*;
use crate::events::Event;
use crate::retry::Backoff;
use crate::testbed::{Bed, BrokenLog, SECOND, raw, raw_task, shared_over};

fn taken(shared: &Shared) -> Taken {
    let number = shared.ledger.begin([0]);
    let batch = shared.ledger.answered(number, 0, 1, StoreTime::default());
    let task = raw_task();
    let history = History::default();
    Taken {
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
    assert_eq!(execute(&shared, &taken(&shared)).await.outcome, Outcome::ACK);
    clock.advance(shared.settings.lease).await;
    assert_eq!(execute(&shared, &taken(&shared)).await.outcome, Outcome::RELEASE);
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

#[tokio::test]
async fn what_a_handler_gives_back_enters_where_it_says_and_uncharged() {
    for (reentry, order) in [(Reentry::Front, [0, 0, 1, 2]), (Reentry::Back, [0, 1, 2, 0])] {
        given_back(reentry, order).await;
    }
}

/// Gives the first of three tasks back once, and looks at the order in which all run.
async fn given_back(reentry: Reentry, expected: [usize; 4]) {
    let bed = Bed::new();
    let ran = Arc::new(Mutex::new(Vec::new()));
    let (noted, clock) = (Arc::clone(&ran), bed.clock.clone());
    let pool = bed.raw(move |context: Context| {
        let mut ran = noted.lock().unwrap();
        ran.push((context.id(), context.attempt(), clock.now()));
        let verdict = if ran.len() == 1 { Verdict::Release(reentry) } else { Verdict::Done };
        async { verdict }
    });
    let ids = bed.push(3).await;
    let pool = pool.concurrency(1).start().await.unwrap();
    bed.clock.advance(10 * SECOND).await;
    let ran = ran.lock().unwrap().clone();
    let order: Vec<_> = ran.iter().map(|(id, attempt, _)| (*id, *attempt)).collect();
    assert_eq!(order, expected.map(|at| (ids[at], 1)));
    assert!(ran[1].2 - ran[0].2 >= REST, "its slot rests");
    let summary = pool.shutdown().await;
    assert_eq!((summary.released, summary.done, summary.snoozed), (1, 3, 0));
}

#[tokio::test]
async fn a_handler_that_gives_all_back_leaves_the_tasks_to_others() {
    let bed = Bed::new();
    let unable = bed
        .raw(|_| async { Verdict::Release(Reentry::Back) })
        .concurrency(2)
        .start()
        .await
        .unwrap();
    let ids = bed.push(100).await;
    bed.clock.advance(10 * SECOND).await;
    let released = unable.stats().summary.released;
    assert!((18..=22).contains(&released), "one a slot and second: {released}");
    for id in ids {
        assert_eq!(bed.show(id).await.unwrap().summary.history.attempts, 0);
    }
    let able = bed.raw(|_| async { Verdict::Done }).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    assert_eq!(able.stats().summary.done, 100);
    drop((unable, able));
}

#[tokio::test]
async fn a_slot_that_rests_holds_up_no_shutdown() {
    let bed = Bed::new();
    let pool = bed.raw(|_| async { Verdict::Release(Reentry::Back) }).start().await.unwrap();
    let id = bed.push(1).await[0];
    bed.clock.advance(SECOND / 10).await;
    let end = tokio::spawn(pool.shutdown());
    bed.clock.advance(SECOND / 10).await;
    assert!(end.is_finished());
    assert_eq!(bed.show(id).await.unwrap().state, tireless_core::State::Ready);
}

#[tokio::test]
async fn who_gives_back_when_told_to_stop_costs_its_slot_no_rest() {
    let clock = VirtualClock::new();
    let mut shared = shared_over(tireless_core::MockBroker::new(), Arc::new(clock.clone()), 1);
    let route = raw(|context: Context| async move {
        context.cancellation().cancelled().await;
        Verdict::Release(Reentry::Back)
    });
    shared.queues[0].routes.raw = Some(Arc::new(route));
    let shared = Arc::new(shared);
    shared.lease_extended(0, clock.monotonic());
    let taken = taken(&shared);
    let (ended, _) = tokio::join!(execute(&shared, &taken), async { shared.ledger.stop(0) });
    assert_eq!((ended.outcome, ended.given_back), (Outcome::RELEASE, false));
}

/// Ends its runs by itself when they have taken this long, and asks for two seconds for it.
struct EndsItself(VirtualClock, Duration);

impl crate::run::Handle for EndsItself {
    fn run(&self, _: Envelope, _: Context) -> BoxFuture<'static, Verdict> {
        let ended = self.0.sleep(self.1);
        Box::pin(async move {
            ended.await;
            Verdict::Retry(Failure::new("tidied", ""))
        })
    }

    fn grace(&self) -> Duration {
        2 * SECOND
    }
}

/// How a run ends whose timeout, the task's own or its route's, is a second.
async fn end_of_a_run(takes: Duration, own: bool) -> String {
    let bed = Bed::new();
    let mut route = raw(|_| async { Verdict::Done });
    route.handle = Arc::new(EndsItself(bed.clock.clone(), takes));
    let mut envelope = Envelope::raw("x");
    let timeout = if own { &mut envelope.options.timeout } else { &mut route.policy.timeout };
    *timeout = Some(SECOND);
    let pool = bed.pool().queue("q").route(route).start().await.unwrap();
    let task = tireless_core::NewTask::new(envelope.encode().unwrap());
    let id = bed.push_to(&bed.queue, vec![task]).await[0];
    bed.clock.advance(SECOND * 2).await;
    assert_eq!(pool.stats().running, 1, "it has three seconds");
    bed.clock.advance(SECOND * 3 / 2).await;
    assert_eq!(pool.stats().running, 0);
    let failures = bed.show(id).await.unwrap().failures.0;
    failures[0].failure.kind().to_owned()
}

#[tokio::test]
async fn a_run_that_ends_itself_has_its_grace_after_its_timeout_and_no_more() {
    for own in [true, false] {
        assert_eq!(end_of_a_run(SECOND * 5 / 2, own).await, "tidied");
        assert_eq!(end_of_a_run(SECOND * 4, own).await, "timeout");
    }
}
