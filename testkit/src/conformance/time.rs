//! B6: time is the store's.

use std::time::Duration;

use tireless_core::{NewTask, State, StoreTime, When, limits};

use crate::Harness;
use crate::fixtures::{Bench, LONG, ids, release_after, snooze, task, task_after};

/// B6: a delayed task waits in the scheduled set and is ready once its time has come.
pub async fn a_delayed_task_waits_its_time(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let (soon, late) = (b.push_one(task_after(b.unit())).await, b.push_one(task_after(LONG)).await);
    b.holds("scheduled 2").await;
    assert_eq!(b.listed(State::Scheduled).await, [soon, late]);
    b.pass_unit().await;
    assert_eq!(ids(&ada.claim(9).await), [soon]);
    b.holds("running 1, scheduled 1").await;
}

/// B6: a task is not ready before its time, whoever looks.
pub async fn nothing_runs_early(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push_one(task_after(LONG)).await;
    b.pass_unit().await;
    assert_eq!(b.tick().await.promoted, 0);
    assert_eq!(b.worker().claim(1).await, []);
    b.holds("scheduled 1").await;
}

/// B6: a delay counts from the moment that the store executes the call.
pub async fn delays_count_from_execution(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(2).await;
    let held = ada.claim(2).await;
    let push = b.push_call(vec![task_after(LONG)]);
    b.pass_unit().await;
    let before = b.tick().await.now;
    ada.finish(&held[..1], snooze(LONG)).await;
    ada.finish(&held[1..], release_after(LONG)).await;
    assert!(b.broker.push(&push).await.is_ok());
    let after = b.tick().await.now;
    for task in b.list(State::Scheduled).await {
        let at = task.at.unwrap_or_default();
        assert!(before.after(LONG) <= at && at <= after.after(LONG), "{before} {at} {after}");
    }
}

/// B6: an absolute time that is past makes a task ready at once, one ahead does not.
pub async fn an_absolute_time_is_the_stores(h: &dyn Harness) {
    let b = Bench::new(h);
    let now = b.tick().await.now;
    b.push_one(NewTask { when: When::At(now), ..task() }).await;
    b.holds("ready 1").await;
    let ahead = now.after(LONG);
    let id = b.push_one(NewTask { when: When::At(ahead), ..task() }).await;
    b.holds("ready 1, scheduled 1").await;
    assert_eq!(b.detail(id).await.summary.at, Some(ahead));
}

/// B6: every answer carries the store's time, which moves on.
pub async fn answers_carry_the_stores_time(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let first = ada.look(1).await.now;
    b.pass_unit().await;
    let second = ada.renew(&[]).await.now;
    b.pass_unit().await;
    let third = b.tick().await.now;
    assert!(second.since(first) >= b.unit(), "{first} {second}");
    assert!(third.since(second) >= b.unit(), "{second} {third}");
    assert!(third.since(first) < b.unit() * 100, "{first} {third}");
}

/// B6: a renewal's lease is cut to the longest lease.
pub async fn a_renewals_lease_is_cut(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let far = Duration::from_secs(24 * 3600);
    ada.send_renew(&ada.renew_call(&[], far)).await;
    let now = b.tick().await.now;
    let until = lease_until(&b, ada.id).await.unwrap_or_else(|| panic!("it is not listed"));
    assert!(until <= now.after(limits::LONGEST_LEASE), "{until}, now {now}");
    assert!(until >= now.after(limits::LONGEST_LEASE / 2), "{until}, now {now}");
}

async fn lease_until(
    b: &Bench<'_>,
    id: tireless_core::WorkerId,
) -> Option<tireless_core::StoreTime> {
    let workers = b.broker.workers().await.unwrap_or_else(|error| panic!("{error}"));
    workers.iter().find(|worker| worker.id == id).map(|worker| worker.lease_until)
}

/// B6: the longest delay there is does not wrap round.
pub async fn the_longest_delay_is_not_over_soon(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push_one(task_after(Duration::MAX)).await;
    let far = NewTask { when: When::At(StoreTime::from_millis(u64::MAX)), ..task() };
    b.push_one(far).await;
    let answer = b.worker().look(5).await;
    assert!(answer.tasks.is_empty() && answer.next_due > Some(LONG), "{answer:?}");
    b.holds("scheduled 2").await;
}
