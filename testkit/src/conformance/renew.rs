//! B4 and B5: the heartbeat gives back what a worker does not know it holds.

use std::time::Duration;

use tireless_core::{ClaimMode, History, Settled, State};

use crate::Harness;
use crate::fixtures::{Bench, LONG, ids, release};
use tireless_core::{Outcome, Reentry};

/// B4.4: what a renewal does not name is ready again: in front, oldest first, uncharged.
pub async fn an_unnamed_claim_goes_back(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let pushed = b.push(5).await;
    ada.claim(2).await;
    let kept = ada.claim(1).await;
    ada.claim(1).await;
    let answer = ada.renew(&[kept[0].claim]).await;
    assert_eq!((answer.released, answer.lost.as_slice()), (3, &[][..]));
    b.holds("ready 4, running 1").await;
    let expected = [pushed[0], pushed[1], pushed[3], pushed[4]];
    assert_eq!(b.listed(State::Ready).await, expected);
    let back = b.worker().claim(2).await;
    assert!(back.iter().all(|task| task.history == History::default()), "charged: {back:?}");
}

/// B4.4: a claim at or above the mark is left alone: it may be under way.
pub async fn a_claim_above_the_mark_stays(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(2).await;
    let written_early = ada.renew_call(&[], LONG);
    ada.claim(2).await;
    assert_eq!(ada.send_renew(&written_early).await.released, 0);
    b.holds("running 2").await;
}

/// B4.4: named claims stay, whole or in part settled.
pub async fn named_claims_stay(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(4).await;
    let (first, second) = (ada.claim(2).await, ada.claim(2).await);
    ada.ack(&first[..1]).await;
    let answer = ada.renew(&[first[0].claim, second[0].claim]).await;
    assert_eq!((answer.released, answer.lost.len()), (0, 0));
    b.holds("running 3").await;
}

/// B4.4: one worker's renewal leaves what others hold.
pub async fn a_renewal_touches_its_own_claims_only(h: &dyn Harness) {
    let b = Bench::new(h);
    let (ada, bob) = (b.worker(), b.worker());
    b.push(2).await;
    let (hers, his) = (ada.claim_one().await, bob.claim_one().await);
    assert_eq!(ada.renew(&[hers.claim]).await.released, 0);
    assert_eq!(bob.say(&his, Outcome::ACK).await, Settled::Applied);
}

/// B4.4: after a claim went back its holder's outcome is refused.
pub async fn what_went_back_is_lost_to_its_holder(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    let held = ada.claim_one().await;
    ada.renew(&[]).await;
    assert_eq!(ada.say(&held, Outcome::ACK).await, Settled::LeaseLost);
    b.holds("ready 1").await;
}

/// B4.4: a lost reply strands nothing: the next renewal frees what it took, for anybody.
pub async fn a_lost_reply_strands_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let (ada, bob) = (b.worker(), b.worker());
    let pushed = b.push(3).await;
    let claim = ada.claim_call(3, ClaimMode::Shared);
    drop(b.broker.claim(&claim).await);
    ada.renew(&[]).await;
    assert_eq!(ids(&bob.claim(3).await), pushed);
}

/// B4.5: a renewal with a zero lease gives everything back, named or not.
pub async fn leaving_gives_everything_back(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let pushed = b.push(3).await;
    let (first, _) = (ada.claim(1).await, ada.claim(2).await);
    let answer = ada.send_renew(&ada.renew_call(&[first[0].claim], Duration::ZERO)).await;
    assert_eq!(answer.released, 3);
    b.holds("ready 3").await;
    assert_eq!(b.listed(State::Ready).await, pushed);
}

/// B4.5: a claim above the mark goes back too when its worker leaves.
pub async fn leaving_gives_back_what_is_above_the_mark(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    let written_early = ada.renew_call(&[], Duration::ZERO);
    ada.claim_one().await;
    assert_eq!(ada.send_renew(&written_early).await.released, 1);
    b.holds("ready 1").await;
}

/// B4.5: a worker that left is not registered any more.
pub async fn leaving_ends_the_registration(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    ada.claim_one().await;
    ada.renew(&[1]).await;
    assert_eq!(b.counts().await.workers, 1);
    ada.leave().await;
    assert_eq!(b.counts().await.workers, 0);
    let workers = b.broker.workers().await.unwrap_or_else(|error| panic!("{error}"));
    assert!(workers.iter().all(|worker| worker.id != ada.id), "still listed");
}

/// B5.4: a renewal names as lost what it was told of and does not hold.
pub async fn lost_claims_are_named(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(4).await;
    let (settled, kept) = (ada.claim(1).await, ada.claim(1).await);
    let returned = ada.claim(2).await;
    ada.ack(&settled).await;
    ada.finish(&returned, release(Reentry::Back)).await;
    let named = [settled[0].claim, kept[0].claim, returned[0].claim, 999];
    let mut lost = ada.renew(&named).await.lost;
    lost.sort_unstable();
    assert_eq!(lost, [settled[0].claim, returned[0].claim, 999]);
}

/// B5.4: what another worker took over is named as lost.
pub async fn claims_taken_over_are_named_as_lost(h: &dyn Harness) {
    let b = Bench::new(h);
    let (ada, bob) = (b.mortal(), b.worker());
    b.push(1).await;
    let held = ada.claim_one().await;
    b.reap().await;
    bob.claim_one().await;
    assert_eq!(ada.renew(&[held.claim]).await.lost, [held.claim]);
    b.holds("running 1").await;
}

/// B4.4: a renewal extends the lease: who beats is not reclaimed.
pub async fn who_beats_keeps_its_tasks(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.mortal();
    b.push(1).await;
    let held = ada.claim_one().await;
    ada.send_renew(&ada.renew_call(&[held.claim], LONG)).await;
    assert_eq!(b.reap().await.reclaimed, 0);
    assert_eq!(ada.say(&held, Outcome::ACK).await, Settled::Applied);
}

/// B4.4: naming a claim twice does not hide another that is not named.
pub async fn a_claim_named_twice_hides_no_other(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(2).await;
    let kept = ada.claim_one().await;
    ada.claim_one().await;
    assert_eq!(ada.renew(&[kept.claim, kept.claim]).await.released, 1);
    b.holds("ready 1, running 1").await;
}

/// B4.5: a claim that was still on its way when its worker left takes nothing.
pub async fn a_claim_that_comes_after_its_worker_left_takes_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(2).await;
    ada.claim(1).await;
    let on_its_way = ada.claim_call(1, ClaimMode::Shared);
    ada.leave().await;
    assert!(ada.send(&on_its_way).await.tasks.is_empty());
    b.holds("ready 2").await;
}
