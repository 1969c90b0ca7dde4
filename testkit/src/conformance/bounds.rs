//! B7: a call is bounded.

use tireless_core::{
    Claim, ClaimFrom, ClaimMode, Effect, Envelope, ErrorKind, Held, List, NewTask, Outcome,
    QueueName, Reentry, Renew, Selection, State, TaskId, Tick, WorkerId, WorkerInfo, limits,
};

use crate::Harness;
use crate::fixtures::{Bench, LONG, refusal, release, task_of, tasks};

const MIB: usize = 1024 * 1024;

fn large(bytes: usize) -> NewTask {
    task_of(vec![7; bytes])
}

/// B7: a push of 1,000 tasks is taken, one of 1,001 is refused whole.
pub async fn a_push_is_bounded_in_tasks(h: &dyn Harness) {
    let b = Bench::new(h);
    let error = refusal(b.push_these(tasks(limits::TASKS_PER_CALL + 1)).await);
    assert_eq!((error.kind(), error.effect()), (ErrorKind::TooLarge, Effect::None));
    b.holds("nothing").await;
    assert!(b.push_these(tasks(limits::TASKS_PER_CALL)).await.is_ok());
    b.holds("ready 1000").await;
}

/// B7: a push of 4 MiB is taken, one of a byte more is refused whole.
pub async fn a_push_is_bounded_in_bytes(h: &dyn Harness) {
    let b = Bench::new(h);
    let over = vec![large(2 * MIB), large(2 * MIB), large(1)];
    assert_eq!(refusal(b.push_these(over).await).kind(), ErrorKind::TooLarge);
    b.holds("nothing").await;
    assert!(b.push_these(vec![large(2 * MIB), large(2 * MIB)]).await.is_ok());
    b.holds("ready 2").await;
}

/// B7: a settle of 1,001 outcomes is refused whole.
pub async fn a_settle_is_bounded(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    let held = ada.claim_one().await;
    let mut outcomes = vec![(held.claim, held.id, Outcome::ACK)];
    outcomes.extend((0..limits::TASKS_PER_CALL).map(|_| (1, TaskId::new(), Outcome::ACK)));
    let error = refusal(b.broker.settle(&ada.settle_call(outcomes)).await);
    assert_eq!((error.kind(), error.effect()), (ErrorKind::TooLarge, Effect::None));
    b.holds("running 1").await;
}

/// B7: a settle of 1,000 outcomes is applied whole.
pub async fn a_full_settle_is_applied(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(limits::TASKS_PER_CALL).await;
    let held = ada.claim(limits::TASKS_PER_CALL).await;
    assert_eq!(held.len(), limits::TASKS_PER_CALL);
    ada.ack(&held).await;
    b.holds("nothing").await;
}

/// B7: a claim gives at most 1,000 tasks, however many it asks for.
pub async fn a_claim_is_bounded_in_tasks(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(limits::TASKS_PER_CALL + 5).await;
    let claim = b.worker().claim_call(limits::TASKS_PER_CALL + 5, ClaimMode::Shared);
    let (_, answer) = b.broker.claim(&claim).await.remove(0);
    match answer {
        Ok(claimed) => assert!(claimed.tasks.len() <= limits::TASKS_PER_CALL),
        Err(error) => assert_eq!(error.kind(), ErrorKind::TooLarge),
    }
}

/// B7: a claim takes fewer tasks than asked rather than more than 4 MiB.
pub async fn a_claim_is_bounded_in_bytes(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let bodies = [3 * MIB, 3 * MIB / 2, 1024, 4 * MIB, 10];
    for bytes in bodies {
        b.push_one(large(bytes)).await;
    }
    let mut sizes = Vec::new();
    while sizes.len() < bodies.len() {
        let answer = ada.look(100).await;
        let taken: Vec<usize> = answer.tasks.iter().map(|task| task.envelope.len()).collect();
        assert!(!taken.is_empty(), "at least one if one is ready");
        assert!(taken.iter().sum::<usize>() <= limits::BYTES_PER_CALL, "{taken:?}");
        sizes.extend(taken);
        assert_eq!(answer.more, sizes.len() < bodies.len());
    }
    assert_eq!(sizes, bodies);
}

/// B7: a task over 4 MiB is still claimed, alone.
pub async fn a_huge_task_is_claimed(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.mortal();
    let body = vec![b'x'; limits::BYTES_PER_CALL + MIB];
    h.push_plain(&b.queue, body.clone().into()).await;
    assert_eq!(ada.claim_inbox(5).await.tasks.len(), 1);
    b.reap().await;
    b.push(1).await;
    let held = b.worker().claim(5).await;
    assert_eq!(held.len(), 1, "one over the bound comes alone");
    let envelope = Envelope::decode(&held[0].envelope).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(envelope.body.len(), body.len());
}

/// B7: a renewal names at most 10,000 claims.
pub async fn a_renewal_is_bounded(h: &dyn Harness) {
    let b = Bench::new(h);
    let full: Vec<u64> = (1..=limits::CLAIMS_PER_RENEWAL as u64).collect();
    let ada = b.worker();
    assert_eq!(ada.renew(&full).await.lost.len(), full.len());
    let held = Held { queue: b.queue.clone(), claims: vec![1; full.len() + 1], below: 1 };
    let info = WorkerInfo::default();
    let renew = Renew { worker: ada.id, lease: LONG, held: vec![held], info };
    let (_, answer) = b.broker.renew(&renew).await.remove(0);
    assert_eq!(refusal(answer).kind(), ErrorKind::TooLarge);
}

/// B7: a tick moves at most what it was told to, and tells that there is more.
pub async fn a_tick_is_bounded(h: &dyn Harness) {
    let b = Bench::new(h);
    let due = (0..5).map(|_| crate::fixtures::task_after(b.unit())).collect();
    assert!(b.push_these(due).await.is_ok());
    b.pass_unit().await;
    let first = b.tick_of(2, None).await;
    assert_eq!((first.promoted, first.more), (2, true));
    b.holds("ready 2, scheduled 3").await;
    assert_eq!(b.tick_of(2, None).await.promoted, 2);
    let last = b.tick_of(2, None).await;
    assert_eq!((last.promoted, last.more), (1, false));
}

/// B7: a tick over the bound is refused, or does no more than the bound.
pub async fn a_ticks_limit_is_bounded(h: &dyn Harness) {
    let b = Bench::new(h);
    for _ in 0..2 {
        let due = (0..600).map(|_| crate::fixtures::task_after(b.unit())).collect();
        assert!(b.push_these(due).await.is_ok());
    }
    b.pass_unit().await;
    let tick = Tick {
        queues: vec![b.queue.clone()],
        limit: 5_000,
        beat: LONG,
        anew: false,
        reclaim: None,
    };
    match b.broker.tick(&tick).await.remove(0).1 {
        Ok(answer) => assert!(answer.promoted <= 1_000, "{answer:?}"),
        Err(error) => assert!(is_over(error.kind()), "{error}"),
    }
}

/// B7: a limit of 0 counts as 1: a tick that says that there is more has moved something.
pub async fn a_tick_of_none_moves_one(h: &dyn Harness) {
    let b = Bench::new(h);
    let due = (0..2).map(|_| crate::fixtures::task_after(b.unit())).collect();
    assert!(b.push_these(due).await.is_ok());
    b.pass_unit().await;
    let first = b.tick_of(0, None).await;
    assert_eq!((first.promoted, first.more), (1, true));
    assert_eq!(b.tick_of(0, None).await.promoted, 1);
}

/// B7: a tick that moved as many as it may, and left nothing that is due, says that there is no more.
pub async fn a_tick_says_that_there_is_more_if_there_is(h: &dyn Harness) {
    let b = Bench::new(h);
    let due = (0..5).map(|_| crate::fixtures::task_after(b.unit())).collect();
    assert!(b.push_these(due).await.is_ok());
    b.pass_unit().await;
    for (promoted, more) in [(3, true), (2, false)] {
        let answer = b.tick_of(promoted, None).await;
        assert_eq!((answer.promoted, answer.more), (promoted as u64, more));
    }
    let ada = b.worker();
    ada.finish(&ada.claim(2).await, crate::fixtures::fail(b.unit())).await;
    ada.finish(&ada.claim(3).await, crate::fixtures::keep(b.unit())).await;
    b.pass_unit().await;
    let answer = b.tick_of(2, None).await;
    assert_eq!((answer.requeued, answer.dropped, answer.more), (2, 2, true));
    let answer = b.tick_of(1, None).await;
    assert_eq!((answer.requeued, answer.dropped, answer.more), (0, 1, false));
}

/// B3, B4, B5: a number from 2^53 on is refused, and changes nothing: not every store could tell it from the
/// one before.
pub async fn numbers_stay_below_two_to_the_53(h: &dyn Harness) {
    let b = Bench::new(h);
    let mut push = b.push_call(tasks(1));
    push.call.number = limits::NUMBERS_END;
    let error = refusal(b.broker.push(&push).await);
    assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::None));
    b.push(1).await;
    let ada = b.worker();
    let mut claim = ada.claim_call(1, ClaimMode::Shared);
    claim.number = limits::NUMBERS_END;
    let error = refusal(b.broker.claim(&claim).await.remove(0).1);
    assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::None));
    let held = ada.claim_one().await;
    let mut settle = ada.settle_call(vec![(held.claim, held.id, Outcome::ACK)]);
    settle.call.number = limits::NUMBERS_END;
    let error = refusal(b.broker.settle(&settle).await);
    assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::None));
    b.holds("running 1").await;
}

fn is_over(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::TooLarge | ErrorKind::InvalidInput)
}

/// B7: what an operator does is bounded too: requeue, remove and purge.
pub async fn administration_is_bounded(h: &dyn Harness) {
    let b = Bench::new(h);
    let many: Vec<TaskId> = (0..=limits::TASKS_PER_CALL).map(|_| TaskId::new()).collect();
    let over = limits::TASKS_PER_CALL + 1;
    let removed = b.broker.remove(&b.queue, &many).await;
    assert!(is_over(refusal(removed).kind()));
    let oldest = Selection::Oldest { state: State::Dead, limit: over };
    for selection in [Selection::Ids(many), oldest] {
        let moved = b.broker.requeue(&b.queue, &selection).await;
        assert!(is_over(refusal(moved).kind()));
    }
    let purged = b.broker.purge(&b.queue, State::Ready, over).await;
    assert!(is_over(refusal(purged).kind()));
}

/// B7: a listing is paged: every task is on one page, none on two, no page is over its limit.
pub async fn listings_are_paged(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(60).await;
    ada.finish(&ada.claim(25).await, crate::fixtures::bury()).await;
    ada.finish(&ada.claim(10).await, crate::fixtures::fail(LONG)).await;
    let running = ada.claim(12).await;
    assert_eq!(running.len(), 12);
    let list = List { queue: b.queue.clone(), state: State::Ready, cursor: 0, limit: 0 };
    let least = b.broker.list(&list).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(least.tasks.len(), 1, "a limit of 0 counts as 1");
    let places = [(State::Ready, 13), (State::Running, 12), (State::Failed, 10), (State::Dead, 25)];
    for (state, total) in places {
        let (mut seen, mut cursor) = (Vec::new(), 0);
        loop {
            let list = List { queue: b.queue.clone(), state, cursor, limit: 4 };
            let page = b.broker.list(&list).await.unwrap_or_else(|error| panic!("{error}"));
            assert!(page.tasks.len() <= 4 || state == State::Running, "{state}: {page:?}");
            seen.extend(page.tasks.iter().map(|task| task.id));
            match page.next {
                Some(next) => cursor = next,
                None => break,
            }
        }
        let listed = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!((listed, seen.len()), (total, total), "{state}");
    }
}

/// Every page of a listing, by the lengths of its envelopes.
async fn pages(b: &Bench<'_>, state: State) -> Vec<Vec<usize>> {
    let (mut pages, mut cursor) = (Vec::new(), 0);
    loop {
        let list = List { queue: b.queue.clone(), state, cursor, limit: 100 };
        let page = b.broker.list(&list).await.unwrap_or_else(|error| panic!("{error}"));
        pages.push(page.tasks.iter().map(|task| task.envelope.len()).collect());
        match page.next {
            Some(next) => cursor = next,
            None => return pages,
        }
    }
}

/// B7: a page ends before its envelopes are over 4 MiB, and the next one goes on there.
pub async fn a_listings_page_is_bounded_in_bytes(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let size = MIB + 4;
    for _ in 0..4 {
        b.push_one(large(size)).await;
    }
    let expected = [vec![size; 3], vec![size]];
    assert_eq!(pages(&b, State::Ready).await, expected);
    let mut held = ada.claim(3).await;
    held.extend(ada.claim(1).await);
    assert_eq!(pages(&b, State::Running).await, expected);
    ada.finish(&held, crate::fixtures::bury()).await;
    assert_eq!(pages(&b, State::Dead).await, expected);
}

/// B7: a task over 4 MiB is still listed, alone on its page.
pub async fn a_huge_task_is_listed(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(2).await;
    h.push_plain(&b.queue, vec![b'x'; limits::BYTES_PER_CALL].into()).await;
    let mut held = ada.claim_inbox(2).await.tasks;
    held.extend(ada.claim_inbox(1).await.tasks);
    held.swap(1, 2);
    ada.finish(&held, release(Reentry::Back)).await;
    let (small, huge) = (held[0].envelope.len(), held[1].envelope.len());
    assert!(huge > limits::BYTES_PER_CALL, "{huge}");
    assert_eq!(pages(&b, State::Ready).await, [[small], [huge], [small]]);
}

/// B4: numbers of claims begin at 1; a claim without one is refused and takes nothing.
pub async fn a_claim_without_a_number_is_refused(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(1).await;
    let mut claim = b.worker().claim_call(1, ClaimMode::Shared);
    claim.number = 0;
    let (_, answer) = b.broker.claim(&claim).await.remove(0);
    let error = refusal(answer);
    assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::None));
    b.holds("ready 1").await;
}

/// B7: a claim over no queue is answered with nothing.
pub async fn a_claim_over_no_queue_is_empty(h: &dyn Harness) {
    let worker = WorkerId::new();
    let mut claim =
        Claim { worker, number: 1, lease: LONG, mode: ClaimMode::Shared, queues: Vec::new() };
    assert_eq!(h.broker().claim(&claim).await.len(), 0);
    let queue = QueueName::new("case-never-used").unwrap_or_else(|error| panic!("{error}"));
    claim.queues.push(ClaimFrom { queue, max: 1, inbox: false });
    claim.number = 2;
    assert_eq!(h.broker().claim(&claim).await.len(), 1);
}
