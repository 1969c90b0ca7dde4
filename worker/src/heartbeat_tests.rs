use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tireless_core::{
    Broker, Claim, Claimed, Clock, Effect, Error, ErrorKind, MockBroker, Operation, Push, Pushed,
    QueueRenewed, Renew, Renewed, Result, Settle, SettleAnswer, StoreTime, Tick, Ticked, Wait,
    Woken,
};
use tireless_testkit::VirtualClock;

use super::beat_once;
use crate::run::{Context, Verdict};
use crate::shared::Shared;
use crate::testbed::{Bed, SECOND, outage, shared_over};

/// A mock's renewals: what was sent, and answers that call these claims lost.
fn mock(lost: Vec<u64>) -> (Shared, Arc<Mutex<Vec<Renew>>>) {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&sent);
    let mut broker = MockBroker::new();
    broker.expect_renew().returning(move |renew| -> Renewed {
        noted.lock().unwrap().push(renew.clone());
        let mut answer = QueueRenewed::default();
        answer.lost = lost.clone();
        renew.held.iter().map(|held| (held.queue.clone(), Ok(answer.clone()))).collect()
    });
    (shared_over(broker, Arc::new(VirtualClock::new()), 2), sent)
}

#[tokio::test]
async fn it_names_what_is_held_and_what_is_in_flight_below_its_mark() {
    let (shared, sent) = mock(vec![]);
    let held = shared.ledger.begin([0, 1]);
    let batch = shared.ledger.answered(held, 0, 2, StoreTime::default());
    shared.ledger.nothing(held, 1);
    let in_flight = shared.ledger.begin([1]);
    beat_once(&shared, None, SECOND).await.unwrap();
    shared.ledger.settled(&batch, 2);
    beat_once(&shared, None, SECOND).await.unwrap();
    let sent = sent.lock().unwrap();
    let [first, second] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(first.held[0].claims, [held]);
    assert_eq!(first.held[1].claims, [in_flight]);
    assert!(first.held.iter().all(|queue| queue.below == in_flight + 1));
    assert!(second.held[0].claims.is_empty());
    assert_eq!((first.info.held, first.lease), (2, SECOND));
}

/// Connections that fail each renewal, with this effect.
fn failing(effect: Effect) -> MockBroker {
    let mut own = MockBroker::new();
    own.expect_renew().returning(move |renew| -> Renewed {
        let error = || outage(Operation::Renew).with_effect(effect);
        renew.held.iter().map(|held| (held.queue.clone(), Err(error()))).collect()
    });
    own
}

/// Connections over which renewals take two seconds.
#[derive(Debug)]
struct Late(VirtualClock, MockBroker);

#[async_trait]
impl Broker for Late {
    async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
        self.1.push(push).await
    }

    async fn claim(&self, claim: &Claim) -> Claimed {
        self.1.claim(claim).await
    }

    async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
        self.1.settle(settle).await
    }

    async fn renew(&self, renew: &Renew) -> Renewed {
        self.0.sleep(2 * SECOND).await;
        self.1.renew(renew).await
    }

    async fn wait(&self, wait: &Wait) -> Result<Woken> {
        self.1.wait(wait).await
    }

    async fn tick(&self, tick: &Tick) -> Ticked {
        self.1.tick(tick).await
    }
}

#[tokio::test]
async fn what_its_own_connections_could_not_send_goes_over_the_pools() {
    let (shared, sent) = mock(vec![]);
    beat_once(&shared, Some(&failing(Effect::None)), SECOND).await.unwrap();
    assert_eq!(sent.lock().unwrap().len(), 1);
    // It may arrive late, and then after the sign-off over another connection.
    beat_once(&shared, Some(&failing(Effect::Maybe)), SECOND).await.unwrap_err();
    assert_eq!(sent.lock().unwrap().len(), 1);
    // Who was not let in has sent nothing either.
    let mut own = MockBroker::new();
    own.expect_renew().returning(|renew| -> Renewed {
        let error = || Error::new(ErrorKind::Denied, Operation::Renew, "the password is wrong");
        renew.held.iter().map(|held| (held.queue.clone(), Err(error()))).collect()
    });
    beat_once(&shared, Some(&own), SECOND).await.unwrap();
    assert_eq!(sent.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn the_lease_counts_from_the_copy_that_was_answered() {
    let clock = VirtualClock::new();
    let bed = Bed::on(clock.clone());
    let shared = shared_over(bed.spy.clone(), Arc::new(clock.clone()), 1);
    // Its own way is found closed after two seconds.
    let own = Late(clock.clone(), failing(Effect::None));
    let (beat, ()) = tokio::join!(
        beat_once(&shared, Some(&own), shared.settings.lease),
        clock.advance(2 * SECOND)
    );
    beat.unwrap();
    assert_eq!(shared.lease_until(0), 2 * SECOND + shared.settings.lease);
}

#[tokio::test]
async fn lost_claims_stop_their_runs_and_no_others() {
    let (shared, _) = mock(vec![1, 3]);
    let numbers: Vec<u64> = (0..3).map(|_| shared.ledger.begin([0])).collect();
    assert_eq!(numbers, [1, 2, 3]);
    let lost = shared.ledger.answered(1, 0, 1, StoreTime::default());
    let kept = shared.ledger.answered(2, 0, 1, StoreTime::default());
    beat_once(&shared, None, SECOND).await.unwrap();
    // The third was in flight when it was named: the store had not seen it yet.
    let late = shared.ledger.answered(3, 0, 1, StoreTime::default());
    assert!(lost.is_stopped() && lost.cancellation.is_cancelled());
    assert!(!kept.is_stopped() && !late.is_stopped());
}

#[tokio::test]
async fn what_was_given_up_is_no_longer_named_and_sure_again_after_a_beat() {
    let (shared, sent) = mock(vec![]);
    shared.ledger.begin([0]);
    shared.ledger.abandon_all();
    assert!(shared.ledger.is_unsure(|_| true));
    beat_once(&shared, None, SECOND).await.unwrap();
    assert!(!shared.ledger.is_unsure(|_| true));
    let sent = sent.lock().unwrap();
    assert!(sent[0].held[0].claims.is_empty() && sent[0].held[0].below == 2);
}

#[tokio::test]
async fn a_failed_beat_is_tried_again_long_before_the_lease_ends() {
    let clock = VirtualClock::new();
    let count = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&count);
    let mut broker = MockBroker::new();
    broker.expect_renew().returning(move |renew| -> Renewed {
        *counted.lock().unwrap() += 1;
        let failed =
            |held: &tireless_core::Held| (held.queue.clone(), Err(outage(Operation::Renew)));
        renew.held.iter().map(failed).collect()
    });
    let shared = Arc::new(shared_over(broker, Arc::new(clock.clone()), 1));
    tokio::spawn(super::run(Arc::clone(&shared), None));
    clock.advance(15 * SECOND).await;
    let tried = *count.lock().unwrap();
    assert!((6..40).contains(&tried), "{tried}");
    shared.rest.cancel();
}

#[tokio::test]
async fn at_its_own_leases_end_a_worker_tells_its_runs() {
    let bed = Bed::new();
    let told = Arc::new(Mutex::new(None));
    let (noted, clock) = (Arc::clone(&told), bed.clock.clone());
    let pool = bed.raw(move |context: Context| {
        let (noted, clock) = (Arc::clone(&noted), clock.clone());
        async move {
            assert!(context.lease_left() <= 15 * SECOND);
            context.cancellation().cancelled().await;
            *noted.lock().unwrap() = Some(clock.now());
            Verdict::Done
        }
    });
    let pool = pool.start().await.unwrap();
    bed.push(1).await;
    bed.clock.advance(21 * SECOND).await;
    assert_eq!(*told.lock().unwrap(), None, "heartbeats keep the lease");
    bed.spy.go_away(true);
    let away = bed.clock.now();
    bed.clock.advance(20 * SECOND).await;
    let told = told.lock().unwrap().expect("the run was told");
    assert!(told > away + 9 * SECOND && told <= away + 15 * SECOND, "{told:?}");
    bed.spy.go_away(false);
    bed.clock.advance(20 * SECOND).await;
    // Nobody took it over meanwhile: the outcome counts.
    assert_eq!(pool.stats().summary.done, 1);
    drop(pool);
}

#[tokio::test]
async fn a_task_taken_over_is_told_and_its_outcome_refused() {
    let bed = Bed::new();
    let pool = bed.raw(|context: Context| async move {
        context.cancellation().cancelled().await;
        Verdict::Done
    });
    let pool = pool.without_scheduler().start().await.unwrap();
    bed.push(1).await;
    bed.clock.advance(SECOND).await;
    // The store's clock jumps ahead: the lease is over, and another pool's scheduler sees it.
    bed.clock.jump_wall(20_000);
    let mut tick = tireless_core::Tick {
        queues: vec![bed.queue.clone()],
        limit: 100,
        beat: 5 * SECOND,
        anew: false,
        reclaim: None,
    };
    tick.reclaim = Some(tireless_core::Reclaim {
        not_after: StoreTime::from_millis(u64::MAX),
        bury_after_crashes: 3,
    });
    tireless_core::Broker::tick(&bed.spy.inner, &tick).await;
    bed.clock.advance(7 * SECOND).await;
    assert_eq!(pool.stats().summary.lease_lost, 1);
    drop(pool);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn on_real_time_handlers_that_block_do_not_stop_it() {
    let sent = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let mut broker = MockBroker::new();
    broker.expect_renew().returning(move |renew| -> Renewed {
        counted.fetch_add(1, Ordering::SeqCst);
        renew.held.iter().map(|held| (held.queue.clone(), Ok(QueueRenewed::default()))).collect()
    });
    let mut shared = shared_over(broker, Arc::new(crate::TokioClock), 1);
    shared.settings.beat = Duration::from_millis(10);
    let shared = Arc::new(shared);
    let beating = super::TaskTracker::new();
    super::spawn_thread(Arc::clone(&shared), &beating).unwrap();
    beating.close();
    // Blocks the only thread of this runtime.
    let patience = std::time::Instant::now() + Duration::from_secs(30);
    while sent.load(Ordering::SeqCst) < 3 && std::time::Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(!beating.is_empty(), "it beats");
    shared.rest.cancel();
    beating.wait().await;
    shared.over.cancel();
    assert!(sent.load(Ordering::SeqCst) >= 3);
}

#[tokio::test]
async fn its_runtime_may_end_in_a_task_when_there_is_no_thread_for_it() {
    drop(super::Own(Some(super::Builder::new_current_thread().build().unwrap())));
}
