//! B16: no verdict without permission.

use std::time::Duration;

use tireless_core::{Outcome, Reclaim, Settled};

use crate::Harness;
use crate::fixtures::{Bench, LONG, ids};

/// B16: without a permission nothing is reclaimed.
pub async fn nothing_is_reclaimed_without_permission(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.mortal();
    b.push(1).await;
    let held = ada.claim_one().await;
    b.pass_unit().await;
    assert_eq!(b.tick().await.reclaimed, 0);
    b.holds("running 1").await;
    assert_eq!(ada.say(&held, Outcome::ACK).await, Settled::Applied);
}

/// B16: after the permission's end nothing is reclaimed.
pub async fn nothing_is_reclaimed_after_the_permissions_end(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(1).await;
    b.mortal().claim(1).await;
    b.pass_unit().await;
    let not_after = b.tick().await.now;
    b.pass_unit().await;
    let late = Reclaim { not_after, ..b.permission().await };
    assert_eq!(b.tick_with(Some(late)).await.reclaimed, 0);
    b.holds("running 1").await;
}

/// B16: a worker whose lease has not ended keeps everything.
pub async fn the_living_are_not_reclaimed(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(2).await;
    b.worker().claim(1).await;
    b.mortal().claim(1).await;
    assert_eq!(b.reap().await.reclaimed, 1);
    b.holds("ready 1, running 1").await;
}

/// B16: a worker whose lease has ended loses everything, and is not registered any more.
pub async fn the_dead_are_reclaimed(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.mortal();
    b.push(5).await;
    ada.claim(2).await;
    ada.claim(3).await;
    b.holds("running 5").await;
    assert_eq!(b.reap().await.reclaimed, 5);
    b.holds("ready 5").await;
    assert_eq!(b.counts().await.workers, 0);
    assert_eq!(b.reap().await.reclaimed, 0, "and only once");
}

/// B16: a worker that beat in time after an outage keeps everything.
pub async fn who_renews_first_is_spared(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.mortal();
    b.push(1).await;
    let held = ada.claim_one().await;
    b.pass_unit().await;
    ada.send_renew(&ada.renew_call(&[held.claim], LONG)).await;
    let permission = b.permission().await;
    assert_eq!(b.tick_with(Some(permission)).await.reclaimed, 0);
    ada.ack(&[held]).await;
}

/// B16: a claim renews its worker's lease as well.
pub async fn a_claim_extends_the_lease(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.mortal();
    b.push(2).await;
    ada.claim(1).await;
    let mut second = ada.claim_call(1, tireless_core::ClaimMode::Shared);
    second.lease = LONG;
    ada.send(&second).await;
    assert_eq!(b.reap().await.reclaimed, 0);
    b.holds("running 2").await;
}

/// B16: reclaiming is bounded; what is left follows at the next ticks.
pub async fn reclaiming_goes_in_steps(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.mortal();
    b.push(6).await;
    for _ in 0..6 {
        ada.claim(1).await;
    }
    b.pass_unit().await;
    let permission = b.permission().await;
    let first = b.tick_of(2, Some(permission)).await;
    assert_eq!((first.reclaimed, first.more), (2, true));
    let mut total = first.reclaimed;
    for _ in 0..5 {
        total += b.tick_of(2, Some(permission)).await.reclaimed;
    }
    assert_eq!(total, 6);
    b.holds("ready 6").await;
}

/// B7, B8, B16: claims are taken back whole, in their order: the first one also if it holds more tasks
/// than the tick may take back, and a later one waits if it does not fit.
pub async fn a_claim_is_reclaimed_whole(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.mortal();
    let pushed = b.push(9).await;
    for size in [2, 1, 1, 5] {
        assert_eq!(ada.claim(size).await.len(), size);
    }
    b.pass_unit().await;
    let permission = b.permission().await;
    for (reclaimed, more) in [(5, true), (2, true), (2, false), (0, false)] {
        let answer = b.tick_of(3, Some(permission)).await;
        assert_eq!((answer.reclaimed, answer.more), (reclaimed, more));
    }
    assert_eq!(ids(&b.worker().claim(9).await), pushed);
}

/// B5.4, B16: who comes back while its claims are taken from it hears of every claim from which anything is
/// gone, and still holds all of the others.
pub async fn who_comes_back_hears_of_all_that_is_lost(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.mortal();
    b.push(4).await;
    let (kept, lost) = (ada.claim(2).await, ada.claim(2).await);
    b.pass_unit().await;
    let permission = b.permission().await;
    b.tick_of(3, Some(permission)).await;
    let named = ada.renew_call(&[kept[0].claim, lost[0].claim], LONG);
    assert_eq!(ada.send_renew(&named).await.lost, [lost[0].claim]);
    let outcomes = kept.iter().map(|task| (task.claim, task.id, Outcome::ACK)).collect();
    assert_eq!(ada.settle(outcomes).await, [Settled::Applied; 2]);
    b.holds("ready 2").await;
}

/// B7: the claims of several dead workers do not take a tick over its bound.
pub async fn several_dead_workers_share_the_bound(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(6).await;
    for _ in 0..3 {
        assert_eq!(b.mortal().claim(2).await.len(), 2);
    }
    b.pass_unit().await;
    let permission = b.permission().await;
    for (limit, reclaimed) in [(3, 2), (5, 4), (5, 0)] {
        assert_eq!(b.tick_of(limit, Some(permission)).await.reclaimed, reclaimed);
    }
    b.holds("ready 6").await;
}

/// B16: `more` tells of dead workers that a tick did not come to, however many there are and whether they
/// hold anything.
pub async fn a_whole_fleet_that_died_is_told_of(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(FLEET).await;
    for _ in 0..FLEET {
        b.mortal().claim(1).await;
        b.mortal().claim(0).await;
    }
    b.pass_unit().await;
    let permission = b.permission().await;
    let mut ticks = 1;
    while b.tick_of(FLEET / 2 + 1, Some(permission)).await.more {
        ticks += 1;
        assert!(ticks < FLEET, "there is more for ever");
    }
    b.holds(&format!("ready {FLEET}")).await;
    assert_eq!(b.counts().await.workers, 0);
}

/// More than a store may name in one answer.
const FLEET: usize = 210;

/// B16: ticks of one beat, whoever sends them, are steady once they have gone on for a beat.
pub async fn the_store_keeps_the_row_of_all_ticks(h: &dyn Harness) {
    let b = Bench::new(h);
    for _ in 0..6 {
        assert!(!b.tick_of_beat(beat(&b), false).await.steady, "there is nobody to judge");
        b.pass_unit().await;
    }
    b.worker().claim(1).await;
    become_steady(&b).await;
}

/// B16: a row ends with a pause, and ticks of another beat have a row of their own.
pub async fn a_pause_and_another_beat_start_a_new_row(h: &dyn Harness) {
    let b = Bench::new(h);
    b.worker().claim(1).await;
    become_steady(&b).await;
    for _ in 0..5 {
        b.pass_unit().await;
    }
    assert!(!b.tick_of_beat(beat(&b), false).await.steady, "a pause");
    become_steady(&b).await;
    assert!(!b.tick_of_beat(LONG, false).await.steady, "another beat");
    assert!(!b.tick_of_beat(beat(&b), false).await.steady, "its row has ended");
    become_steady(&b).await;
    assert!(!b.tick_of_beat(beat(&b), true).await.steady, "somebody saw a failure");
    assert!(!b.tick_of_beat(beat(&b), false).await.steady, "which all the others learn of");
}

/// So long that ticks a unit apart are no pause.
fn beat(b: &Bench<'_>) -> Duration {
    b.unit() * 4
}

/// Ticks once a unit until the store calls that steady. Its answers must follow from its own times;
/// where this machine stood still for too long, the row begins anew.
async fn become_steady(b: &Bench<'_>) {
    let beat = beat(b);
    let mut first = b.tick_of_beat(beat, false).await.now;
    let mut last = first;
    for _ in 0..100 {
        b.pass_unit().await;
        let tick = b.tick_of_beat(beat, false).await;
        if tick.now > last.after(beat) {
            assert!(!tick.steady, "a pause");
            first = tick.now;
        } else if tick.now >= first.after(beat) {
            assert!(tick.steady, "a beat without a pause");
            return;
        }
        last = tick.now;
    }
    panic!("this machine stands still too often to tell");
}
