//! B4: a claim survives a lost reply.

use tireless_core::{ClaimMode, Outcome, State};

use crate::Harness;
use crate::fixtures::{Bench, LONG, fail, ids};

/// B4.1: a claimed task is recorded as running, under its worker and claim.
pub async fn a_claimed_task_is_recorded_under_its_worker(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let pushed = b.push(2).await;
    let number = ada.next_claim();
    let held = ada.claim(1).await;
    assert_eq!(ids(&held), [pushed[0]]);
    assert_eq!(held[0].claim, number);
    let detail = b.detail(pushed[0]).await;
    assert_eq!((detail.state, detail.worker), (State::Running, Some(ada.id)));
    assert_eq!(b.listed(State::Running).await, [pushed[0]]);
    b.holds("ready 1, running 1").await;
}

/// B4.1: a claim makes the worker known, with the lease that it asked for.
pub async fn a_claim_registers_its_worker(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    ada.claim_one().await;
    assert_eq!(b.counts().await.workers, 1);
}

/// B4.2: the same claim sent again gives the same tasks and takes no more.
pub async fn a_claim_sent_again_gives_the_same_tasks(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(5).await;
    let claim = ada.claim_call(2, ClaimMode::Shared);
    let first = ada.send(&claim).await.tasks;
    assert_eq!(first.len(), 2);
    for _ in 0..3 {
        assert_eq!(ada.send(&claim).await.tasks, first);
    }
    let mut larger = claim.clone();
    larger.queues[0].max = 5;
    assert_eq!(ada.send(&larger).await.tasks, first, "a repeat takes no more");
    b.holds("ready 3, running 2").await;
}

/// B4.2: a lost reply is made good over another connection.
pub async fn a_claim_sent_again_elsewhere_gives_the_same_tasks(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(3).await;
    let claim = ada.claim_call(2, ClaimMode::Shared);
    let first = ada.send(&claim).await.tasks;
    let (_, again) = h.another().await.claim(&claim).await.remove(0);
    assert_eq!(again.unwrap_or_else(|error| panic!("{error}")).tasks, first);
    b.holds("ready 1, running 2").await;
}

/// B4.2: a claim sent again leaves out what was settled meanwhile.
pub async fn a_claim_sent_again_leaves_out_settled_tasks(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(6).await;
    let claim = ada.claim_call(4, ClaimMode::Shared);
    let first = ada.send(&claim).await.tasks;
    ada.ack(&first[1..2]).await;
    ada.finish(&first[2..3], Outcome::RELEASE).await;
    let again = ada.send(&claim).await.tasks;
    assert_eq!(ids(&again), [first[0].id, first[3].id]);
    ada.finish(&again, fail(b.unit())).await;
    assert_eq!(ada.send(&claim).await.tasks, []);
    b.holds("ready 3, failed 2").await;
}

/// B4.2: a claim that found nothing and is sent again takes nothing that came meanwhile.
pub async fn an_empty_claim_sent_again_takes_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let claim = ada.claim_call(5, ClaimMode::Shared);
    assert_eq!(ada.send(&claim).await.tasks, []);
    b.push(1).await;
    assert_eq!(ada.send(&claim).await.tasks, []);
    assert_eq!(ada.claim(5).await.len(), 1, "the next number takes it");
}

/// B4.3: a late copy of an older claim takes nothing.
pub async fn a_late_copy_of_an_old_claim_takes_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(5).await;
    let given_up = ada.claim_call(2, ClaimMode::Shared);
    assert_eq!(ada.claim(2).await.len(), 2);
    assert_eq!(ada.send(&given_up).await.tasks, [], "its number is below the last executed");
    b.holds("ready 3, running 2").await;
}

/// B4.3: an emptied claim's late copy takes nothing.
pub async fn a_late_copy_of_a_settled_claim_takes_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(3).await;
    let claim = ada.claim_call(1, ClaimMode::Shared);
    ada.ack(&ada.send(&claim).await.tasks).await;
    assert_eq!(ada.send(&claim).await.tasks, []);
    b.holds("ready 2").await;
}

/// B4.3: a late copy takes nothing after its worker has left.
pub async fn a_late_copy_after_leaving_takes_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(3).await;
    let claim = ada.claim_call(1, ClaimMode::Shared);
    ada.send(&claim).await;
    ada.leave().await;
    assert_eq!(ada.send(&claim).await.tasks, []);
    b.holds("ready 3").await;
}

/// B4.3: a late copy takes nothing after its worker was found dead.
pub async fn a_late_copy_after_death_takes_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.mortal();
    b.push(3).await;
    let claim = ada.claim_call(1, ClaimMode::Shared);
    ada.send(&claim).await;
    assert_eq!(b.reap().await.reclaimed, 1);
    assert_eq!(ada.send(&claim).await.tasks, []);
    b.holds("ready 3").await;
}

/// B4.3: a late copy takes nothing after its queue was discarded, whether its worker left or died.
pub async fn a_late_copy_after_a_discard_takes_nothing(h: &dyn Harness) {
    for leaves in [true, false] {
        let b = Bench::new(h);
        let ada = b.mortal();
        b.push(1).await;
        let claim = ada.claim_call(1, ClaimMode::Shared);
        ada.ack(&ada.send(&claim).await.tasks).await;
        if leaves {
            ada.leave().await;
        } else {
            b.pass_unit().await;
        }
        b.discard().await;
        b.push(1).await;
        assert_eq!(ada.send(&claim).await.tasks, [], "left: {leaves}");
        b.holds("ready 1").await;
    }
}

/// B4.3: a late copy asks for the lease of its day, and does not cut what a renewal gave since.
pub async fn a_late_copy_leaves_the_lease_as_it_is(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.mortal();
    b.push(1).await;
    let claim = ada.claim_call(1, ClaimMode::Shared);
    ada.send(&claim).await;
    ada.send_renew(&ada.renew_call(&[claim.number], LONG)).await;
    assert_eq!(ada.send(&claim).await.tasks.len(), 1);
    assert_eq!(b.reap().await.reclaimed, 0);
    b.holds("running 1").await;
}

/// B4.3: each worker counts for itself.
pub async fn claim_numbers_belong_to_a_worker(h: &dyn Harness) {
    let b = Bench::new(h);
    let (ada, bob) = (b.worker(), b.worker());
    b.push(2).await;
    for _ in 0..5 {
        ada.claim(0).await;
    }
    assert_eq!(ada.claim(1).await.len(), 1);
    assert_eq!(bob.claim(1).await.len(), 1, "its number is 1 and new");
}

/// B4: a claim of 0 takes nothing and tells what waits.
pub async fn a_claim_of_none_only_looks(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let empty = ada.look(0).await;
    assert_eq!((empty.tasks.len(), empty.more, empty.next_due), (0, false, None));
    b.push(1).await;
    let seen = ada.look(0).await;
    assert_eq!((seen.tasks.len(), seen.more), (0, true));
    b.holds("ready 1").await;
}

/// B4: a claim tells whether the ready list still holds tasks.
pub async fn a_claim_tells_whether_there_is_more(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(3).await;
    assert!(ada.look(2).await.more);
    assert!(!ada.look(2).await.more);
}
