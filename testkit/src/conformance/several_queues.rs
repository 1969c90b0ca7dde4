//! B15: a call over several queues is a step and an answer for each.

use tireless_core::{
    Claim, ClaimFrom, ClaimMode, Effect, Error, ErrorKind, Held, PerQueue, QueueName, Renew,
    Result, Tick, WorkerId, WorkerInfo, limits,
};

use crate::Harness;
use crate::fixtures::{Bench, LONG, fail, refusal, task_after};

pub(super) fn claim_over(benches: &[&Bench<'_>], max: usize) -> Claim {
    let from = |b: &&Bench<'_>| ClaimFrom { queue: b.queue.clone(), max, inbox: false };
    Claim {
        worker: WorkerId::new(),
        number: 1,
        lease: LONG,
        mode: ClaimMode::Shared,
        queues: benches.iter().map(from).collect(),
    }
}

/// B15: a claim over several queues answers for each, in its order.
pub async fn a_claim_answers_for_each_queue_in_order(h: &dyn Harness) {
    let (one, two, three) = (Bench::new(h), Bench::new(h), Bench::new(h));
    one.push(1).await;
    three.push(3).await;
    let answers = h.broker().claim(&claim_over(&[&three, &two, &one], 2)).await;
    let seen: Vec<(QueueName, usize, bool)> = answers
        .into_iter()
        .map(|(queue, answer)| {
            let answer = answer.unwrap_or_else(|error| panic!("{error}"));
            (queue, answer.tasks.len(), answer.more)
        })
        .collect();
    let expected =
        [(three.queue, 2, true), (two.queue.clone(), 0, false), (one.queue.clone(), 1, false)];
    assert_eq!(seen, expected);
}

/// B15: a claim over several queues, sent again, gives the same in each.
pub async fn a_claim_over_several_queues_can_be_sent_again(h: &dyn Harness) {
    let (one, two) = (Bench::new(h), Bench::new(h));
    one.push(3).await;
    two.push(3).await;
    let claim = claim_over(&[&one, &two], 2);
    let take = || async {
        let answers = h.broker().claim(&claim).await;
        let tasks = |answer: tireless_core::Result<tireless_core::QueueClaimed>| {
            answer.unwrap_or_else(|error| panic!("{error}")).tasks
        };
        answers.into_iter().map(|(_, answer)| tasks(answer)).collect::<Vec<_>>()
    };
    let first = take().await;
    assert_eq!(take().await, first);
    one.holds("ready 1, running 2").await;
    two.holds("ready 1, running 2").await;
}

/// B15: a renewal over several queues answers for each; an error on one hides no other.
pub async fn an_error_on_one_queue_hides_no_other(h: &dyn Harness) {
    let (one, bad, three) = (Bench::new(h), Bench::new(h), Bench::new(h));
    let held = |b: &Bench<'_>, claims: usize| Held {
        queue: b.queue.clone(),
        claims: (1..=claims as u64).collect(),
        below: 1,
    };
    let renew = Renew {
        worker: WorkerId::new(),
        lease: LONG,
        held: vec![held(&one, 1), held(&bad, limits::CLAIMS_PER_RENEWAL + 1), held(&three, 2)],
        info: WorkerInfo::default(),
    };
    let answers = h.broker().renew(&renew).await;
    let queues: Vec<&QueueName> = answers.iter().map(|(queue, _)| queue).collect();
    assert_eq!(queues, [&one.queue, &bad.queue, &three.queue]);
    assert_eq!(answers[0].1.as_ref().ok().map(|answer| answer.lost.len()), Some(1));
    assert!(answers[1].1.is_err());
    assert_eq!(answers[2].1.as_ref().ok().map(|answer| answer.lost.len()), Some(2));
    assert_eq!((one.counts().await.workers, three.counts().await.workers), (1, 1));
}

/// B15: a claim that is refused in one queue takes and answers in the others.
pub async fn a_refused_queue_hides_no_other_in_a_claim(h: &dyn Harness) {
    let (one, bad, three) = (Bench::new(h), Bench::new(h), Bench::new(h));
    for b in [&one, &bad, &three] {
        b.push(2).await;
    }
    let mut claim = claim_over(&[&one, &bad, &three], 2);
    claim.queues[1].max = limits::TASKS_PER_CALL + 1;
    let answers = h.broker().claim(&claim).await;
    let queues: Vec<&QueueName> = answers.iter().map(|(queue, _)| queue).collect();
    assert_eq!(queues, [&one.queue, &bad.queue, &three.queue]);
    let taken = answers.iter().map(|(_, answer)| answer.as_ref().ok().map(|a| a.tasks.len()));
    let taken: Vec<Option<usize>> = taken.collect();
    assert_eq!((taken[0], taken[2]), (Some(2), Some(2)), "{answers:?}");
    // A broker may also take fewer than it was asked for (B7).
    bad.holds(if taken[1].is_some() { "running 2" } else { "ready 2" }).await;
    one.holds("running 2").await;
    three.holds("running 2").await;
}

/// B15: a tick over several queues moves and answers in each, in order.
pub async fn a_tick_answers_for_each_queue_in_order(h: &dyn Harness) {
    let benches = [Bench::new(h), Bench::new(h), Bench::new(h)];
    for (count, b) in benches.iter().enumerate() {
        let due = (0..count).map(|_| task_after(b.unit())).collect();
        assert!(b.push_these(due).await.is_ok());
    }
    benches[0].pass_unit().await;
    let queues: Vec<QueueName> = benches.iter().rev().map(|b| b.queue.clone()).collect();
    let answers = h
        .broker()
        .tick(&Tick { queues: queues.clone(), limit: 100, beat: LONG, anew: false, reclaim: None })
        .await;
    let answered: Vec<QueueName> = answers.iter().map(|(queue, _)| queue.clone()).collect();
    assert_eq!(answered, queues);
    let promoted: Vec<u64> =
        answers.iter().map(|(_, answer)| answer.as_ref().map_or(99, |a| a.promoted)).collect();
    assert_eq!(promoted, [2, 1, 0]);
}

/// The refusal of the second of two answers for a queue that was named twice; a third is well.
fn refused_second<T: std::fmt::Debug>(answers: PerQueue<T>) -> Error {
    let mut answers: Vec<Result<T>> = answers.into_iter().map(|(_, answer)| answer).collect();
    assert_eq!(answers.len(), 3, "one answer a queue, named twice or not");
    assert!(answers[0].is_ok() && answers[2].is_ok(), "{answers:?}");
    refusal(answers.remove(1))
}

/// B15: a claim, shared or alone, is refused where it names a queue for the second time.
pub async fn a_claim_that_names_a_queue_twice_is_refused_there(h: &dyn Harness) {
    for mode in [ClaimMode::Shared, ClaimMode::Alone] {
        let (one, two) = (Bench::new(h), Bench::new(h));
        let claim = Claim { mode, ..claim_over(&[&one, &one, &two], 5) };
        let error = refused_second(h.broker().claim(&claim).await);
        let refused = (ErrorKind::InvalidInput, Effect::None);
        assert_eq!((error.kind(), error.effect()), refused, "{mode:?}");
    }
}

/// B15: a tick is refused where it names a queue for the second time.
pub async fn a_tick_that_names_a_queue_twice_is_refused_there(h: &dyn Harness) {
    let (one, two) = (Bench::new(h), Bench::new(h));
    let queues = vec![one.queue.clone(), one.queue.clone(), two.queue];
    let tick = Tick { queues, limit: 1, beat: LONG, anew: false, reclaim: None };
    let error = refused_second(h.broker().tick(&tick).await);
    assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::None));
}

/// B15: a claim promotes and requeues what is due before it takes.
pub async fn a_claim_promotes_and_requeues_first(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    ada.finish(&ada.claim(1).await, fail(b.unit())).await;
    b.push_one(task_after(b.unit())).await;
    b.pass_unit().await;
    let answer = ada.look(9).await;
    assert_eq!((answer.tasks.len(), answer.promoted, answer.requeued), (2, 1, 1));
    b.holds("running 2").await;
}

/// B15: a claim moves at most 100 due tasks of each set.
pub async fn a_claim_moves_a_hundred_at_most(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(150).await;
    ada.finish(&ada.claim(150).await, fail(b.unit())).await;
    let due = (0..150).map(|_| task_after(b.unit())).collect();
    assert!(b.push_these(due).await.is_ok());
    b.pass_unit().await;
    let answer = ada.look(0).await;
    assert_eq!((answer.promoted, answer.requeued), (100, 100));
    b.holds("ready 200, scheduled 50, failed 50").await;
}

/// B15: a claim tells how long until the next task falls due, of either set.
pub async fn a_claim_tells_when_to_look_again(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    assert_eq!(ada.look(1).await.next_due, None);
    b.push_one(task_after(LONG * 2)).await;
    let far = ada.look(1).await.next_due.unwrap_or_default();
    assert!(far > LONG && far <= LONG * 2, "{far:?}");
    assert!(b.tick().await.next_due.is_some());
    b.push(1).await;
    ada.finish(&ada.claim(1).await, fail(LONG)).await;
    let near = ada.look(1).await.next_due.unwrap_or_default();
    assert!(near > LONG / 2 && near <= LONG, "{near:?}");
    let ticked = b.tick().await.next_due.unwrap_or_default();
    assert!(ticked > LONG / 2 && ticked <= LONG, "{ticked:?}");
}
