//! B12: memory is bounded.

use tireless_core::{Outcome, Settled, State, limits};

use crate::Harness;
use crate::fixtures::{Bench, LONG, bury, fail, ids, keep, own, snooze, task_named};

/// B12: a finished task leaves nothing behind, whatever it went through.
pub async fn a_finished_task_leaves_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let id = b.push_one(task_named("order-1")).await;
    ada.finish(&ada.claim(1).await, fail(b.unit())).await;
    b.pass_unit().await;
    b.mortal().claim(1).await;
    b.reap().await;
    ada.ack(&ada.claim(1).await).await;
    b.holds("nothing").await;
    assert_eq!(b.show(id).await, None);
    let fresh = b.push_one(task_named("order-1")).await;
    let held = ada.claim_one().await;
    assert_eq!((held.id, held.history.attempts, held.history.crashes), (fresh, 0, 0));
    assert_eq!(b.detail(fresh).await.failures.0, []);
}

/// B12: a kept task is listed as done until its time is over, and goes at a tick.
pub async fn a_kept_task_goes_when_its_time_is_over(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(2).await;
    let held = ada.claim(2).await;
    ada.finish(&held[..1], keep(b.unit())).await;
    ada.finish(&held[1..], keep(LONG)).await;
    b.holds("kept 2").await;
    assert_eq!(b.detail(held[0].id).await.state, State::Done);
    assert_eq!(b.detail(held[0].id).await.summary.envelope, held[0].envelope);
    b.pass_unit().await;
    b.tick().await;
    b.holds("kept 1").await;
    assert_eq!(b.state(held[0].id).await, None);
    assert_eq!(b.listed(State::Done).await, [held[1].id]);
    assert_eq!(b.counts().await.done, 2);
}

/// B12: a kept task forgets its attempts, failures and own id.
pub async fn a_kept_task_has_no_history(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let id = b.push_one(task_named("order-1")).await;
    ada.finish(&ada.claim(1).await, fail(b.unit())).await;
    b.pass_unit().await;
    ada.finish(&ada.claim(1).await, keep(LONG)).await;
    let detail = b.detail(id).await;
    assert_eq!((detail.summary.history.attempts, detail.failures.0.len()), (0, 0));
}

/// B12: at its cap the dead set drops the oldest; they are counted and announced.
pub async fn the_dead_are_capped(h: &dyn Harness) {
    capped(h, bury(), State::Dead).await;
}

/// B12: at their cap the kept tasks drop the oldest; they are counted and announced.
pub async fn the_kept_are_capped(h: &dyn Harness) {
    capped(h, keep(LONG), State::Done).await;
}

async fn capped(h: &dyn Harness, outcome: Outcome, state: State) {
    let b = Bench::new(h);
    let ada = b.worker();
    let first = b.push_one(task_named("oldest")).await;
    ada.finish(&ada.claim(1).await, outcome.clone()).await;
    h.advance(b.unit() / 10).await;
    let mut left = h.cap() - 1;
    while left > 0 {
        b.push(left.min(limits::TASKS_PER_CALL)).await;
        let held = ada.claim(limits::TASKS_PER_CALL).await;
        ada.finish(&held, outcome.clone()).await;
        left -= held.len();
    }
    assert_eq!(b.counts().await.dropped, 0, "not over the cap yet");
    assert_eq!(b.state(first).await, Some(state));
    b.push(2).await;
    let held = ada.claim(2).await;
    let settle = ada.settle_call(held.iter().map(|t| (t.claim, t.id, outcome.clone())).collect());
    let answer = ada.send_settle(&settle).await;
    assert_eq!((answer.settled, answer.dropped), (vec![Settled::Applied; 2], 2));
    let counts = b.counts().await;
    assert_eq!((counts.dropped, counts.dead + counts.kept), (2, h.cap() as u64));
    assert_eq!(b.state(first).await, None, "the oldest is dropped");
    assert_eq!(b.state(held[1].id).await, Some(state), "the newest stays");
    b.push_one(task_named("oldest")).await;
}

/// B12: ready, scheduled, failed and running tasks are never trimmed.
pub async fn waiting_tasks_are_never_trimmed(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    // One more than a set with a cap holds. Of states that had one by mistake, each would show it.
    let each = h.cap() + 1;
    b.push(4 * each).await;
    for outcome in [Some(fail(LONG)), Some(snooze(LONG)), None] {
        let mut left = each;
        while left > 0 {
            let held = ada.claim(left.min(limits::TASKS_PER_CALL)).await;
            assert!(!held.is_empty(), "{left} of {each} are gone");
            left -= held.len();
            if let Some(outcome) = &outcome {
                ada.finish(&held, outcome.clone()).await;
            }
        }
    }
    b.tick().await;
    b.holds(&format!("ready {each}, running {each}, scheduled {each}, failed {each}")).await;
    assert_eq!(b.counts().await.dropped, 0);
}

/// B12: a task that waits keeps its record for as long as it waits.
pub async fn a_waiting_tasks_record_stays(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let id = b.push_one(task_named("order-1")).await;
    ada.finish(&ada.claim(1).await, fail(b.unit())).await;
    for _ in 0..5 {
        b.pass_unit().await;
    }
    let held = ada.claim(1).await;
    assert_eq!(ids(&held), [id]);
    assert_eq!(held[0].history.attempts, 1);
    assert_eq!(held[0].history.own_id, Some(own("order-1")));
}
