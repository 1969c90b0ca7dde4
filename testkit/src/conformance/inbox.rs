//! Raw bodies that other programs push (B4, B8, B9).

use tireless_core::{ClaimMode, Envelope, Outcome};

use crate::Harness;
use crate::fixtures::{Bench, ids, task_of};

fn body_of(bytes: &bytes::Bytes) -> Vec<u8> {
    Envelope::decode(bytes).unwrap_or_else(|error| panic!("{error}")).body.to_vec()
}

/// B9: a raw body becomes a raw task with the very same bytes.
pub async fn a_raw_body_becomes_a_task(h: &dyn Harness) {
    let b = Bench::new(h);
    let body: Vec<u8> = (0..=255).collect();
    h.push_plain(&b.queue, body.clone().into()).await;
    let held = b.worker().claim_inbox(5).await.tasks;
    assert_eq!(held.len(), 1);
    assert_eq!(body_of(&held[0].envelope), body);
    b.holds("running 1").await;
    assert_eq!(b.counts().await.inbox, 0);
}

/// B8: the inbox comes after the ready list, first in first out.
pub async fn the_inbox_comes_after_the_ready_list(h: &dyn Harness) {
    let b = Bench::new(h);
    for body in ["one", "two", "three"] {
        h.push_plain(&b.queue, body.into()).await;
    }
    let ready = b.push(1).await;
    let answer = b.worker().claim_inbox(3).await;
    assert_eq!(ids(&answer.tasks)[..1], ready);
    let bodies: Vec<Vec<u8>> = answer.tasks[1..].iter().map(|t| body_of(&t.envelope)).collect();
    assert_eq!(bodies, [b"one".to_vec(), b"two".to_vec()]);
    b.holds("running 3").await;
    assert_eq!(b.counts().await.inbox, 1);
}

/// B9: who does not ask for the inbox leaves it alone.
pub async fn the_inbox_is_left_alone_unless_asked_for(h: &dyn Harness) {
    let b = Bench::new(h);
    h.push_plain(&b.queue, "one".into()).await;
    assert_eq!(b.worker().claim(5).await, []);
    assert_eq!(b.counts().await.inbox, 1);
}

/// B4.2: a claim on the inbox sent again gives the same tasks, under the same ids.
pub async fn a_claim_on_the_inbox_can_be_sent_again(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    for body in ["same", "same", "other"] {
        h.push_plain(&b.queue, body.into()).await;
    }
    let mut claim = ada.claim_call(2, ClaimMode::Shared);
    claim.queues[0].inbox = true;
    let first = ada.send(&claim).await.tasks;
    assert_eq!(first.len(), 2);
    assert_ne!(first[0].id, first[1].id, "equal bodies are two tasks");
    assert_eq!(ada.send(&claim).await.tasks, first);
    assert_eq!(b.counts().await.inbox, 1);
}

/// B4.1: a raw task survives its worker and its failures as any other does.
pub async fn a_raw_task_is_not_lost(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    h.push_plain(&b.queue, "raw".into()).await;
    assert_eq!(b.mortal().claim_inbox(1).await.tasks.len(), 1);
    b.reap().await;
    let held = ada.claim_one().await;
    assert_eq!((body_of(&held.envelope), held.history.crashes), (b"raw".to_vec(), 1));
    ada.finish(std::slice::from_ref(&held), crate::fixtures::fail(b.unit())).await;
    b.pass_unit().await;
    let again = ada.claim_one().await;
    assert_eq!((again.id, again.history.attempts), (held.id, 1));
    assert_eq!(ada.say(&again, Outcome::ACK).await, tireless_core::Settled::Applied);
    b.holds("nothing").await;
}

/// B7: bodies of the inbox count to the bytes of a claim, with those of the ready list.
pub async fn the_inbox_is_bounded_in_bytes(h: &dyn Harness) {
    let b = Bench::new(h);
    for _ in 0..6 {
        h.push_plain(&b.queue, vec![b'x'; 1024 * 1024].into()).await;
    }
    let ada = b.worker();
    let mut taken = 0;
    while taken < 6 {
        let held = ada.claim_inbox(10).await.tasks;
        let bytes: usize = held.iter().map(|task| task.envelope.len()).sum();
        assert!(!held.is_empty() && bytes <= tireless_core::limits::BYTES_PER_CALL, "{bytes}");
        taken += held.len();
    }
}

/// B8: a ready task that does not fit into a claim is before the inbox all the same.
pub async fn the_inbox_overtakes_nothing_that_does_not_fit(h: &dyn Harness) {
    let b = Bench::new(h);
    h.push_plain(&b.queue, "small".into()).await;
    let large = [task_of(vec![b'x'; 3 << 20]), task_of(vec![b'x'; 2 << 20])];
    let mut expected = Vec::new();
    for task in large {
        expected.push(b.push_one(task).await);
    }
    let ada = b.worker();
    for id in expected {
        assert_eq!(ids(&ada.claim_inbox(10).await.tasks)[..1], [id]);
    }
    b.holds("running 3").await;
}

/// B14: the inbox of a paused queue wakes nobody; the end of the pause does.
pub async fn the_inbox_of_a_paused_queue_wakes_nobody(h: &dyn Harness) {
    let b = Bench::new(h);
    b.broker.pause(&b.queue).await.unwrap_or_else(|error| panic!("{error}"));
    h.push_plain(&b.queue, "raw".into()).await;
    let wait = b.wait_call(true);
    assert_eq!(b.listen(&wait).await, None);
    b.broker.resume(&b.queue).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(b.listen(&wait).await, Some(b.queue.clone()));
}
