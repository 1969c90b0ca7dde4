//! B8: who comes first.

use tireless_core::{
    Failure, NewTask, Outcome, Pushed, Reentry, ReleaseReason, Selection, Settled, State,
};

use crate::Harness;
use crate::fixtures::{
    Bench, bury, fail, ids, release, release_after, snooze, task, task_after, tasks,
};

/// B8: first deliveries are first in, first out, within a batch and across calls.
pub async fn first_in_is_first_out(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let mut pushed = b.push(3).await;
    pushed.extend(b.push(1).await);
    pushed.extend(b.push(4).await);
    assert_eq!(b.listed(State::Ready).await, pushed);
    let mut taken = ids(&ada.claim(2).await);
    taken.extend(ids(&ada.claim(1).await));
    taken.extend(ids(&ada.claim(9).await));
    assert_eq!(taken, pushed);
}

/// B8: promoted tasks enter at the back, in the order of their due times.
pub async fn promoted_tasks_enter_at_the_back_by_due_time(h: &dyn Harness) {
    let b = Bench::new(h);
    let unit = b.unit();
    // One call: its delays count from one moment, so no stall can swap them.
    let batch = vec![task_after(unit), task_after(unit / 4), task_after(unit / 2)];
    let [later, sooner, middle] = [batch[0].id, batch[1].id, batch[2].id];
    assert_eq!(b.push_these(batch).await.ok(), Some(vec![Pushed::Accepted; 3]));
    let ready = b.push(1).await[0];
    b.pass_unit().await;
    b.tick().await;
    let last = b.push(1).await[0];
    assert_eq!(b.listed(State::Ready).await, [ready, sooner, middle, later, last]);
    assert_eq!(ids(&b.worker().claim(9).await), [ready, sooner, middle, later, last]);
}

/// B8: a failed task comes back behind all that wait, unless its outcome said otherwise.
pub async fn a_failed_task_enters_where_its_outcome_said(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let (unit, pushed) = (b.unit(), b.push(4).await);
    let held = ada.claim(2).await;
    let failure = Failure::new("io", "it broke");
    let front = Outcome::Fail { failure, retry_in: unit, reentry: Reentry::Front };
    ada.finish(&held[..1], fail(unit)).await;
    ada.finish(&held[1..], front).await;
    b.pass_unit().await;
    assert_eq!(b.tick().await.requeued, 2);
    let expected = [pushed[1], pushed[2], pushed[3], pushed[0]];
    assert_eq!(ids(&ada.claim(9).await), expected);
}

/// B8: a task that once entered in front enters at the back when its next outcome says so.
pub async fn the_last_outcome_decides_the_end(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let (unit, pushed) = (b.unit(), b.push(2).await);
    let front =
        Outcome::Fail { failure: Failure::new("", "x"), retry_in: unit, reentry: Reentry::Front };
    ada.finish(&[ada.claim_one().await], front).await;
    b.pass_unit().await;
    b.tick().await;
    ada.finish(&[ada.claim_one().await], fail(unit)).await;
    b.pass_unit().await;
    b.tick().await;
    assert_eq!(ids(&ada.claim(2).await), [pushed[1], pushed[0]]);
}

/// B8: a released task enters where its outcome said.
pub async fn a_released_task_enters_where_its_outcome_said(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let pushed = b.push(4).await;
    let held = ada.claim(2).await;
    ada.finish(&held[..1], release(Reentry::Back)).await;
    ada.finish(&held[1..], release(Reentry::Front)).await;
    let expected = [pushed[1], pushed[2], pushed[3], pushed[0]];
    assert_eq!(b.listed(State::Ready).await, expected);
    assert_eq!(ids(&ada.claim(9).await), expected);
}

/// B8: a task released for later enters where its outcome said, once it is due.
pub async fn a_task_released_for_later_enters_where_its_outcome_said(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let (unit, pushed) = (b.unit(), b.push(4).await);
    let held = ada.claim(2).await;
    let reason = ReleaseReason::Unfinished;
    let front = Outcome::Release { after: unit, reason, reentry: Reentry::Front };
    ada.finish(&held[..1], release_after(unit)).await;
    ada.finish(&held[1..], front).await;
    b.pass_unit().await;
    b.tick().await;
    assert_eq!(ids(&ada.claim(9).await), [pushed[1], pushed[2], pushed[3], pushed[0]]);
}

/// B8: tasks that fall due together and come back at the front are out in the order of their due
/// times.
pub async fn tasks_that_come_to_the_front_keep_their_order(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let (unit, pushed) = (b.unit(), b.push(4).await);
    let held = ada.claim(3).await;
    let front = |retry_in| Outcome::Fail {
        failure: Failure::new("", "x"),
        retry_in,
        reentry: Reentry::Front,
    };
    // One call: its delays count from one moment, so no stall can swap them.
    let delays = [unit, unit / 4, unit / 2];
    let batch = held.iter().zip(delays).map(|(task, delay)| (task.claim, task.id, front(delay)));
    assert_eq!(ada.settle(batch.collect()).await, [Settled::Applied; 3]);
    b.pass_unit().await;
    assert_eq!(b.tick().await.requeued, 3);
    assert_eq!(ids(&ada.claim(9).await), [pushed[1], pushed[2], pushed[0], pushed[3]]);
}

/// B8: a snoozed task enters at the back.
pub async fn a_snoozed_task_enters_at_the_back(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let pushed = b.push(3).await;
    ada.finish(&[ada.claim_one().await], snooze(b.unit())).await;
    b.pass_unit().await;
    b.tick().await;
    assert_eq!(ids(&ada.claim(9).await), [pushed[1], pushed[2], pushed[0]]);
}

/// B8: reclaimed tasks enter at the front, the oldest first out.
pub async fn reclaimed_tasks_enter_in_front(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.mortal();
    let pushed = b.push(5).await;
    ada.claim(2).await;
    ada.claim(1).await;
    b.reap().await;
    assert_eq!(ids(&b.worker().claim(9).await), pushed);
}

/// B8: given-back tasks enter at the front, the oldest first out.
pub async fn given_back_tasks_enter_in_front(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let pushed = b.push(5).await;
    ada.claim(2).await;
    ada.claim(1).await;
    ada.renew(&[]).await;
    assert_eq!(ids(&b.worker().claim(9).await), pushed);
}

/// B8: tasks requeued by hand enter at the back, the oldest first.
pub async fn tasks_requeued_by_hand_enter_at_the_back(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let pushed = b.push(3).await;
    for task in ada.claim(2).await {
        ada.finish(&[task], bury()).await;
        h.advance(b.unit() / 4).await;
    }
    let dead = Selection::Oldest { state: State::Dead, limit: 10 };
    assert!(b.broker.requeue(&b.queue, &dead).await.is_ok());
    assert_eq!(ids(&ada.claim(9).await), [pushed[2], pushed[0], pushed[1]]);
}

/// B8: in a batch, tasks for later do not disturb the order of those for now.
pub async fn a_mixed_batch_keeps_its_order(h: &dyn Harness) {
    let b = Bench::new(h);
    let batch = vec![task(), task_after(b.unit()), task()];
    let named: Vec<_> = batch.iter().map(|task: &NewTask| task.id).collect();
    assert!(b.push_these(batch).await.is_ok());
    assert!(b.push_these(tasks(1)).await.is_ok());
    b.pass_unit().await;
    let taken = ids(&b.worker().claim(9).await);
    assert_eq!(taken.len(), 4);
    assert_eq!((taken[0], taken[1], taken[3]), (named[0], named[2], named[1]));
}
