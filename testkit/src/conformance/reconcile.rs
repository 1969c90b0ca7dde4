//! Reconciling (B17). No broker can be damaged through its own traits: here it is proved that what is
//! healthy is left alone. Damage is a matter of each store's own tests.

use tireless_core::{Mended, Outcome, Reconcile, State};

use crate::Harness;
use crate::fixtures::{Bench, DropAt, LONG, bury, every_outcome, fail, keep, snooze, task_named};

/// A whole search, in as many steps as it takes.
async fn search(b: &Bench<'_>) -> Mended {
    let (mut step, mut mended) = (Reconcile::BEGIN, Mended::default());
    for _ in 0..10_000 {
        let answer = b.broker.reconcile(&b.queue, &step).await;
        let answer = answer.unwrap_or_else(|error| panic!("reconcile: {error}"));
        mended.add(&answer.mended);
        step = Reconcile::GO_ON;
        if !answer.more {
            return mended;
        }
    }
    panic!("the search does not end")
}

const PLACES: &str = "ready 5, running 2, scheduled 2, failed 2, dead 2, kept 2";

/// A queue with tasks in every place, suspects, removed ones and own ids among them.
async fn filled(b: &Bench<'_>) {
    let suspect = b.push(1).await[0];
    b.make_suspect(suspect).await;
    let ada = b.worker();
    for outcome in [snooze(LONG), fail(LONG), bury(), keep(LONG)] {
        b.push(1).await;
        b.push_one(task_named(&format!("{outcome:?}"))).await;
        ada.finish(&ada.claim(2).await, outcome).await;
    }
    let waiting = b.push(8).await;
    assert_eq!(ada.claim(2).await.len(), 2);
    let removed = b.broker.remove(&b.queue, &waiting[3..5]).await;
    assert!(removed.is_ok(), "{removed:?}");
    b.holds(PLACES).await;
}

/// B17, B1: a search through a healthy queue mends nothing and leaves every task where it is.
pub async fn a_healthy_queue_has_nothing_to_mend(h: &dyn Harness) {
    let b = Bench::new(h);
    assert_eq!(search(&b).await, Mended::default(), "a queue that does not exist");
    b.holds("nothing").await;
    filled(&b).await;
    let mut before = Vec::new();
    for state in State::ALL {
        before.push(b.list(state).await);
    }
    for _ in 0..2 {
        assert_eq!(search(&b).await, Mended::default());
    }
    for (state, before) in State::ALL.into_iter().zip(before) {
        assert_eq!(b.list(state).await, before, "{state} tasks");
    }
}

/// B17, B5: what moves while a search is under way is neither mended nor taken from anybody.
pub async fn a_search_disturbs_nobody(h: &dyn Harness) {
    let b = Bench::new(h);
    filled(&b).await;
    let (ada, mut step, mut mended) = (b.worker(), Reconcile::BEGIN, Mended::default());
    for round in 0..60 {
        b.push(8).await;
        let held = ada.claim(8).await;
        let answer = b.broker.reconcile(&b.queue, &step).await;
        let answer = answer.unwrap_or_else(|error| panic!("reconcile: {error}"));
        mended.add(&answer.mended);
        step.begin = !answer.more;
        let outcomes = every_outcome().into_iter().cycle().skip(round);
        let all = held.iter().zip(outcomes).map(|(task, outcome)| (task.claim, task.id, outcome));
        let settled = ada.settle(all.collect()).await;
        assert!(settled.iter().all(|settled| *settled == tireless_core::Settled::Applied));
    }
    mended.add(&search(&b).await);
    assert_eq!(mended, Mended::default());
}

/// B10, B17: a search that is dropped at any await loses nothing and can be gone on with.
pub async fn a_search_may_be_dropped_at_any_await(h: &dyn Harness) {
    let b = Bench::new(h);
    filled(&b).await;
    for polls in 0..12 {
        DropAt::polls(polls).half_way(b.broker.reconcile(&b.queue, &Reconcile::BEGIN)).await;
        DropAt::polls(polls).half_way(b.broker.reconcile(&b.queue, &Reconcile::GO_ON)).await;
        b.holds(PLACES).await;
    }
    assert_eq!(search(&b).await, Mended::default());
    b.holds(PLACES).await;
}

/// B17: going on with a search that nobody began is no search.
pub async fn nothing_is_searched_that_was_not_begun(h: &dyn Harness) {
    let b = Bench::new(h);
    filled(&b).await;
    let answer = b.broker.reconcile(&b.queue, &Reconcile::GO_ON).await;
    let answer = answer.unwrap_or_else(|error| panic!("reconcile: {error}"));
    assert_eq!((answer.mended, answer.more), (Mended::default(), false));
    b.holds(PLACES).await;
}

/// B17: ticks with a permission announce nothing for a healthy queue, whatever came and went.
pub async fn permitted_ticks_mend_nothing_that_is_healthy(h: &dyn Harness) {
    let b = Bench::new(h);
    filled(&b).await;
    let (ada, permission) = (b.worker(), b.permission().await);
    for _ in 0..5 {
        assert_eq!(b.tick_with(Some(permission)).await.mended, Mended::default());
        b.push(1).await;
        ada.finish(&ada.claim(1).await, Outcome::ACK).await;
    }
}
