//! B1: a task is in exactly one place. B2: an operation is one step. B10: a future may be dropped.

use tireless_core::{Outcome, Reentry, Selection, State};

use crate::Harness;
use crate::fixtures::{Bench, LONG, bury, fail, keep, release, snooze, tasks};

/// B1: through every move of its life a task is in one place, and the counts agree.
pub async fn a_task_is_in_one_place_all_its_life(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let id = b.push(1).await[0];
    let moves = [
        (fail(b.unit()), State::Failed, "failed 1"),
        (snooze(b.unit()), State::Scheduled, "scheduled 1"),
        (release(Reentry::Back), State::Ready, "ready 1"),
        (release(Reentry::Front), State::Ready, "ready 1"),
        (bury(), State::Dead, "dead 1"),
        (keep(LONG), State::Done, "kept 1"),
    ];
    for (outcome, state, place) in moves {
        b.pass_unit().await;
        b.tick().await;
        b.broker.requeue(&b.queue, &Selection::Ids(vec![id])).await.unwrap_or_default();
        b.holds("ready 1").await;
        assert_eq!(b.state(id).await, Some(State::Ready));
        let held = ada.claim_one().await;
        b.holds("running 1").await;
        assert_eq!(b.state(id).await, Some(State::Running));
        ada.finish(&[held], outcome).await;
        b.holds(place).await;
        assert_eq!(b.state(id).await, Some(state));
        for other in State::ALL.into_iter().filter(|other| *other != state) {
            assert_eq!(b.listed(other).await, [], "listed as {other} too");
        }
    }
}

/// B1: an acked task is gone, from every list and from sight.
pub async fn an_acked_task_is_nowhere(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let id = b.push(1).await[0];
    ada.ack(&ada.claim(1).await).await;
    b.holds("nothing").await;
    assert_eq!(b.state(id).await, None);
    assert_eq!(b.counts().await.done, 1);
    for state in State::ALL {
        assert_eq!(b.listed(state).await, [], "listed as {state}");
    }
}

/// B1: a task is counted once after each of several claims, whatever was settled between.
pub async fn what_is_taken_and_what_is_left_add_up(h: &dyn Harness) {
    let b = Bench::new(h);
    let (ada, bob) = (b.worker(), b.worker());
    b.push(10).await;
    let (first, second) = (ada.claim(4).await, bob.claim(3).await);
    assert_eq!((first.len(), second.len()), (4, 3));
    b.holds("ready 3, running 7").await;
    ada.finish(&first[..1], bury()).await;
    ada.ack(&first[1..2]).await;
    b.holds("ready 3, running 5, dead 1").await;
    ada.finish(&first[2..], fail(LONG)).await;
    bob.finish(&second, snooze(LONG)).await;
    b.holds("ready 3, scheduled 3, failed 2, dead 1").await;
}

/// B2: nobody ever sees half of a pushed batch.
pub async fn a_pushed_batch_appears_at_once(h: &dyn Harness) {
    let b = Bench::new(h);
    let other = h.another().await;
    let pushing = async {
        for _ in 0..20 {
            assert!(b.push_these(tasks(50)).await.is_ok());
            tokio::task::yield_now().await;
        }
    };
    let watching = async {
        loop {
            let seen = other.counts(&b.queue).await.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(seen.ready % 50, 0, "half a batch is to be seen");
            if seen.ready == 1_000 {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(pushing, watching);
}

/// B2: nobody ever sees half of a settled batch.
pub async fn a_settled_batch_moves_at_once(h: &dyn Harness) {
    let b = Bench::new(h);
    let (ada, other) = (b.worker(), h.another().await);
    b.push(500).await;
    let settling = async {
        for _ in 0..10 {
            let held = ada.claim(50).await;
            ada.finish(&held, bury()).await;
            tokio::task::yield_now().await;
        }
    };
    let watching = async {
        loop {
            let seen = other.counts(&b.queue).await.unwrap_or_else(|error| panic!("{error}"));
            let places = (seen.ready, seen.running, seen.dead);
            assert_eq!(seen.dead % 50, 0, "half a batch is to be seen: {places:?}");
            assert_eq!(seen.ready + seen.running + seen.dead, 500, "{places:?}");
            if seen.dead == 500 {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(settling, watching);
}

/// B2: a move between two places never shows the task in both or in none.
pub async fn a_move_is_never_seen_half_done(h: &dyn Harness) {
    let b = Bench::new(h);
    let (ada, other) = (b.worker(), h.another().await);
    let id = b.push(1).await[0];
    let done = std::cell::Cell::new(false);
    let moving = async {
        for round in 0..40 {
            let held = ada.claim(1).await;
            let outcome = if round % 2 == 0 { Outcome::RELEASE } else { bury() };
            ada.finish(&held, outcome).await;
            let selection = Selection::Ids(vec![id]);
            b.broker.requeue(&b.queue, &selection).await.unwrap_or_else(|e| panic!("{e}"));
            tokio::task::yield_now().await;
        }
        done.set(true);
    };
    let watching = async {
        while !done.get() {
            let seen = other.counts(&b.queue).await.unwrap_or_else(|error| panic!("{error}"));
            let places = [seen.ready, seen.running, seen.scheduled, seen.failed, seen.dead];
            assert_eq!(places.iter().sum::<u64>(), 1, "{places:?}");
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(moving, watching);
}
