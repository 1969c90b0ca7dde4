//! Requeue by hand, remove and purge.

use tireless_core::{
    BuryReason, Failure, NewTask, Outcome, OwnId, Removed, Selection, State, TaskId, WorkerId,
};

use crate::fixture::{Bench, LATER, fail};

#[test]
fn a_requeued_task_forgets_its_crashes_and_attempts_but_not_its_failures_or_name() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let own_id = OwnId::new("mine").ok();
    let task = NewTask { own_id: own_id.clone(), ..NewTask::new("body") };
    let push = b.push_call(vec![task.clone()]);
    b.send_push(&push).unwrap();
    b.crash(1);
    b.crash(1);
    b.claim_alone(ada, 1);
    let bury = Outcome::Bury { reason: BuryReason::Asked, failure: Failure::new("E", "no") };
    b.settle(ada, 1, vec![(task.id, bury)]);
    let waiting = b.push(1);
    while b.rang() {}
    let queue = b.queue.clone();
    let oldest = Selection::Oldest { state: State::Dead, limit: 5 };
    let moved = b.store.on(&queue, |queue| queue.requeue(&oldest));
    assert_eq!((moved.moved, moved.more), (1, false));
    assert!(b.rang());
    assert_eq!(b.listed(State::Ready), [waiting[0], task.id]);
    let detail = b.store.on(&queue, |queue| queue.show(task.id)).unwrap();
    let history = detail.summary.history;
    assert_eq!((history.attempts, history.crashes, history.own_id), (0, 0, own_id));
    assert_eq!(detail.failures.0[0].failure.kind(), "asked/E");
    let again = b.store.on(&queue, |queue| queue.requeue(&Selection::Ids(vec![task.id])));
    assert_eq!(again.moved, 0, "a ready one is left alone");
}

#[test]
fn remove_takes_tasks_from_every_place_but_a_worker() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let pushed = b.push(4);
    b.claim(ada, 1, 3);
    let keep = Outcome::Ack { keep: Some(LATER) };
    b.settle(ada, 1, vec![(pushed[0], keep), (pushed[1], fail(LATER))]);
    let scheduled = b.push_after(LATER);
    let queue = b.queue.clone();
    let ids = [pushed[0], pushed[1], pushed[2], pushed[3], scheduled, pushed[3], TaskId::new()];
    let answers = b.store.on(&queue, |queue| queue.remove(&ids));
    use Removed::{Missing, Removed as Gone, Running};
    assert_eq!(answers, [Gone, Gone, Running, Gone, Gone, Missing, Missing]);
    let counts = b.counts();
    assert_eq!((counts.ready, counts.running, counts.scheduled), (0, 1, 0));
    assert_eq!((counts.failed, counts.kept), (0, 0));
}

#[test]
fn purge_takes_the_oldest_and_tells_of_more() {
    let mut b = Bench::new();
    let pushed = b.push(3);
    let queue = b.queue.clone();
    let purged = b.store.on(&queue, |queue| queue.purge(State::Ready, 2));
    assert_eq!((purged.removed, purged.more), (2, true));
    assert_eq!(b.listed(State::Ready), pushed[2..]);
    assert!(!b.store.on(&queue, |queue| queue.purge(State::Ready, 2)).more);
}
