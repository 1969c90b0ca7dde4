//! B10: any future may be dropped at any await.

use std::sync::Arc;

use tireless_core::{Backend, ClaimMode, Outcome, Settled};

use crate::Harness;
use crate::fixtures::{Bench, drop_after, fail, tasks};

/// B10: a push that was dropped happened once or never, and can be sent again.
pub async fn a_dropped_push_happened_once_or_never(h: &dyn Harness) {
    let b = Bench::new(h);
    for polls in 0..12 {
        let push = b.push_call(tasks(3));
        drop_after(b.broker.push(&push), polls).await;
        assert!(b.broker.push(&push).await.is_ok());
    }
    b.holds("ready 36").await;
}

/// B10: a claim that was dropped is given back by the next renewal.
pub async fn a_dropped_claim_strands_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(20).await;
    for polls in 0..12 {
        let claim = ada.claim_call(3, ClaimMode::Shared);
        drop_after(b.broker.claim(&claim), polls).await;
    }
    settle_down(&b.broker, &b).await;
    ada.renew(&[]).await;
    b.holds("ready 20").await;
    assert_eq!(b.worker().claim(99).await.len(), 20);
}

/// B10: a settle that was dropped can be sent again and is applied once.
pub async fn a_dropped_settle_is_applied_once(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(12).await;
    for polls in 0..12 {
        let task = ada.claim_one().await;
        let outcome = if polls % 2 == 0 { Outcome::ACK } else { fail(crate::fixtures::LONG) };
        let settle = ada.settle_call(vec![(task.claim, task.id, outcome)]);
        drop_after(b.broker.settle(&settle), polls).await;
        assert_eq!(ada.send_settle(&settle).await.settled, [Settled::Applied]);
    }
    b.holds("failed 6").await;
    assert_eq!(b.counts().await.done, 6);
}

/// B10: renewals, ticks and waits that were dropped leave all tasks where they belong.
pub async fn dropped_beats_ticks_and_waits_lose_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(5).await;
    let held = ada.claim(2).await;
    let beat = ada.renew_call(&[held[0].claim], crate::fixtures::LONG);
    let wait = b.wait_call(false);
    for polls in 0..8 {
        drop_after(b.broker.renew(&beat), polls).await;
        drop_after(b.tick(), polls).await;
        drop_after(b.broker.wait(&wait), polls).await;
        drop_after(b.broker.counts(&b.queue), polls).await;
    }
    b.holds("ready 3, running 2").await;
    ada.ack(&held).await;
    b.push(1).await;
    assert_eq!(b.worker().claim(9).await.len(), 4);
}

/// B10: what an operator does may be dropped and repeated.
pub async fn dropped_administration_can_be_repeated(h: &dyn Harness) {
    use tireless_core::{Selection, State};
    let b = Bench::new(h);
    let ada = b.worker();
    for polls in 0..6 {
        b.push(2).await;
        ada.finish(&ada.claim(2).await, crate::fixtures::bury()).await;
        let dead = Selection::Oldest { state: State::Dead, limit: 9 };
        drop_after(b.broker.requeue(&b.queue, &dead), polls).await;
        assert!(b.broker.requeue(&b.queue, &dead).await.is_ok());
        b.holds("ready 2").await;
        drop_after(b.broker.purge(&b.queue, State::Ready, 9), polls).await;
        assert!(b.broker.purge(&b.queue, State::Ready, 9).await.is_ok());
        b.holds("nothing").await;
    }
}

/// Lets calls that were dropped on this side come to their end on the other.
async fn settle_down(broker: &Arc<dyn Backend>, b: &Bench<'_>) {
    for _ in 0..3 {
        assert!(broker.counts(&b.queue).await.is_ok());
        b.pass_unit().await;
    }
}
