//! B14: whatever makes a task ready, or due earlier, rings; and nothing else does.

use tireless_core::{Effect, ErrorKind, Outcome, Reentry, Selection, State, Wait, WaitOn};

use crate::Harness;
use crate::fixtures::{
    Bench, LONG, bury, fail, refusal, release, release_after, snooze, task_after, tasks,
};

/// B14: nothing rings in a queue where nothing happens: a wait ends when its time is up.
pub async fn an_idle_queue_is_silent(h: &dyn Harness) {
    let b = Bench::new(h);
    assert!(!b.rings().await);
}

/// B14: a push rings.
pub async fn a_push_rings(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(1).await;
    assert!(b.rings().await);
}

/// B14: a push wakes who already waits.
pub async fn a_push_wakes_a_waiter(h: &dyn Harness) {
    let b = Bench::new(h);
    let waiting = b.start_waiting(&Wait { timeout: LONG, ..b.wait_call(false) });
    h.advance(b.unit()).await;
    b.push(1).await;
    assert_eq!(b.woken(waiting).await, Some(b.queue.clone()));
}

/// B14: a push of a task that is due before all others rings.
pub async fn a_push_that_is_due_earlier_rings(h: &dyn Harness) {
    let b = Bench::new(h);
    assert!(b.push_these(vec![task_after(LONG * 2)]).await.is_ok());
    assert!(b.rings().await, "the first due time is the earliest");
    b.hush().await;
    assert!(b.push_these(vec![task_after(LONG)]).await.is_ok());
    assert!(b.rings().await);
}

/// B14: a ring that nobody waits for is kept for the next one, once.
pub async fn a_ring_is_kept_once(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(1).await;
    b.push(1).await;
    assert!(b.rings().await);
    assert!(!b.rings().await);
}

/// B14: one ring wakes one waiter.
pub async fn one_ring_wakes_one_waiter(h: &dyn Harness) {
    let b = Bench::new(h);
    let wait = Wait { timeout: b.unit() * 4, ..b.wait_call(false) };
    let (one, two) = (b.start_waiting(&wait), b.start_waiting(&wait));
    h.advance(b.unit()).await;
    b.push(1).await;
    h.advance(b.unit() * 8).await;
    let woken = [b.woken(one).await, b.woken(two).await];
    assert_eq!(woken.iter().flatten().count(), 1, "{woken:?}");
}

/// B14: the bell of one queue wakes nobody at another, and says whose it was.
pub async fn each_queue_has_its_own_bell(h: &dyn Harness) {
    let (b, other, third) = (Bench::new(h), Bench::new(h), Bench::new(h));
    other.push(1).await;
    assert!(!b.rings().await);
    let on = |b: &Bench<'_>| WaitOn { queue: b.queue.clone(), inbox: false };
    let queues = vec![on(&b), on(&other), on(&third)];
    let wait = Wait { queues, timeout: b.unit() * 2, claim: None };
    assert_eq!(b.listen(&wait).await, Some(other.queue.clone()));
    assert_eq!(b.listen(&wait).await, None);
}

/// B14: promoting rings.
pub async fn promoting_rings(h: &dyn Harness) {
    let b = Bench::new(h);
    assert!(b.push_these(vec![task_after(b.unit())]).await.is_ok());
    b.pass_unit().await;
    b.hush().await;
    assert_eq!(b.tick().await.promoted, 1);
    assert!(b.rings().await);
}

/// B14: requeueing what failed rings.
pub async fn requeueing_rings(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    ada.finish(&ada.claim(1).await, fail(b.unit())).await;
    b.pass_unit().await;
    b.hush().await;
    assert_eq!(b.tick().await.requeued, 1);
    assert!(b.rings().await);
}

/// B14: requeueing by hand rings.
pub async fn requeueing_by_hand_rings(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    for (outcome, state) in [(bury(), State::Dead), (fail(LONG), State::Failed)] {
        let id = b.push(1).await[0];
        ada.finish(&ada.claim(1).await, outcome).await;
        for selection in [Selection::Oldest { state, limit: 5 }, Selection::Ids(vec![id])] {
            b.hush().await;
            assert!(b.broker.requeue(&b.queue, &selection).await.is_ok());
            assert!(b.rings().await, "{selection:?}");
            ada.finish(&ada.claim(1).await, fail(LONG)).await;
        }
        assert!(b.broker.purge(&b.queue, State::Failed, 5).await.is_ok());
    }
}

/// B14: reclaiming rings.
pub async fn reclaiming_rings(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(1).await;
    b.mortal().claim(1).await;
    b.pass_unit().await;
    b.hush().await;
    let permission = b.permission().await;
    assert_eq!(b.tick_with(Some(permission)).await.reclaimed, 1);
    assert!(b.rings().await);
}

/// B14: a reclaimed suspect rings too.
pub async fn a_suspect_rings(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push(1).await[0];
    b.mortal().claim(1).await;
    b.reap().await;
    b.mortal().claim(1).await;
    b.hush().await;
    b.reap().await;
    assert_eq!(b.state(id).await, Some(State::Ready));
    assert!(b.rings().await);
}

/// B14: releasing rings, at each end.
pub async fn releasing_rings(h: &dyn Harness) {
    for reentry in [Reentry::Front, Reentry::Back] {
        rings_after(h, release(reentry)).await;
    }
}

/// B14: releasing for later rings when that is the earliest due time.
pub async fn releasing_for_later_rings(h: &dyn Harness) {
    rings_after(h, release_after(LONG)).await;
}

/// B14: failing rings when its retry is the earliest due time.
pub async fn failing_rings(h: &dyn Harness) {
    rings_after(h, fail(LONG)).await;
}

/// B14: snoozing rings when that is the earliest due time.
pub async fn snoozing_rings(h: &dyn Harness) {
    rings_after(h, snooze(LONG)).await;
}

async fn rings_after(h: &dyn Harness, outcome: Outcome) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push_one(task_after(LONG * 2)).await;
    b.push(1).await;
    let held = ada.claim(1).await;
    b.hush().await;
    ada.finish(&held, outcome.clone()).await;
    assert!(b.rings().await, "after {outcome:?}");
}

/// B14: giving back by a renewal rings.
pub async fn giving_back_rings(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    ada.claim(1).await;
    b.hush().await;
    assert_eq!(ada.renew(&[]).await.released, 1);
    assert!(b.rings().await);
}

/// B14: giving back by leaving rings.
pub async fn leaving_rings(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    ada.claim(1).await;
    b.hush().await;
    assert_eq!(ada.leave().await.released, 1);
    assert!(b.rings().await);
}

/// B14: resuming rings.
pub async fn resuming_rings(h: &dyn Harness) {
    let b = Bench::new(h);
    assert!(b.broker.pause(&b.queue).await.is_ok());
    b.push(1).await;
    b.hush().await;
    assert!(b.broker.resume(&b.queue).await.is_ok());
    assert!(b.rings().await);
}

/// B14: a claim that took tasks and left more rings again.
pub async fn a_claim_that_left_more_rings_again(h: &dyn Harness) {
    let b = Bench::new(h);
    assert!(b.push_these(tasks(3)).await.is_ok());
    b.hush().await;
    let ada = b.worker();
    assert_eq!(ada.claim(1).await.len(), 1);
    assert!(b.rings().await);
}

/// B14: a claim that took nothing never rings.
pub async fn a_claim_that_took_nothing_is_silent(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(2).await;
    b.hush().await;
    let ada = b.worker();
    ada.claim(0).await;
    assert!(!b.rings().await, "it only looked");
    assert_eq!(ada.claim_alone().await, []);
    assert!(!b.rings().await, "it found no suspect");
    ada.ack(&ada.claim(2).await).await;
    b.hush().await;
    ada.claim(5).await;
    assert!(!b.rings().await, "it found nothing");
}

/// B14: a claim that promoted more than it took rings.
pub async fn a_claim_that_promoted_more_than_it_took_rings(h: &dyn Harness) {
    let b = Bench::new(h);
    assert!(b.push_these(vec![task_after(b.unit())]).await.is_ok());
    b.pass_unit().await;
    b.hush().await;
    assert_eq!(b.worker().look(0).await.promoted, 1);
    assert!(b.rings().await);
}

/// B14: an ack and a burial make nothing ready, and are silent.
pub async fn what_makes_nothing_ready_is_silent(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(2).await;
    let held = ada.claim(2).await;
    b.hush().await;
    ada.ack(&held[..1]).await;
    ada.finish(&held[1..], bury()).await;
    ada.renew(&[]).await;
    b.tick().await;
    assert!(!b.rings().await);
}

/// B14: another program's push into the inbox wakes who asked for that.
pub async fn a_plain_push_wakes(h: &dyn Harness) {
    let b = Bench::new(h);
    let waiting = b.start_waiting(&Wait { timeout: LONG, ..b.wait_call(true) });
    h.advance(b.unit()).await;
    h.push_plain(&b.queue, "plain".into()).await;
    assert_eq!(b.woken(waiting).await, Some(b.queue.clone()));
}

/// B14: a wait for no queue is refused: nothing could ever end it but its time.
pub async fn a_wait_for_no_queue_is_refused(h: &dyn Harness) {
    let b = Bench::new(h);
    let wait = Wait { queues: Vec::new(), ..b.wait_call(false) };
    let error = refusal(b.broker.wait(&wait).await);
    assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::None));
}
