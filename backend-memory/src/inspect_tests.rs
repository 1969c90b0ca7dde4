//! Pages, and tasks that are looked up.

use tireless_core::{
    BuryReason, Failure, List, NewTask, Outcome, OwnId, State, TaskId, When, WorkerId,
};

use crate::fixture::{Bench, LATER};

#[test]
fn ready_pages_go_on_into_the_suspects() {
    let mut b = Bench::new();
    let suspects = [b.suspect(), b.suspect(), b.suspect()];
    let ready = b.push(3);
    // Each crash entered at the front, so the last suspect made is the first one out.
    let expected: Vec<_> = ready.into_iter().chain(suspects.into_iter().rev()).collect();
    assert_eq!(b.listed(State::Ready), expected);
    assert_eq!((b.counts().ready, b.counts().suspects), (6, 3));
}

/// A task with an id of its own choice, due later.
fn push_id(b: &mut Bench, number: u8) -> TaskId {
    let (id, when) = (TaskId::from_bytes([number; 16]), When::After(LATER));
    let push = b.push_call(vec![NewTask { id, when, ..NewTask::new("body") }]);
    b.send_push(&push).unwrap();
    id
}

/// Redis orders members of the same score by their bytes.
#[test]
fn tasks_of_the_same_millisecond_stand_in_the_order_of_their_ids() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let [third, first, second] = [3, 1, 2].map(|number| push_id(&mut b, number));
    assert_eq!(b.listed(State::Scheduled), [first, second, third]);
    b.pass(LATER);
    assert_eq!(b.claim(ada, 1, 3), [first, second, third], "promoted in that order");
    for id in [second, third, first] {
        let bury = Outcome::Bury { reason: BuryReason::Asked, failure: Failure::new("E", "no") };
        b.settle(ada, 1, vec![(id, bury)]);
    }
    assert_eq!(b.listed(State::Dead), [first, second, third]);
}

#[test]
fn a_page_goes_on_where_tasks_of_one_millisecond_were_taken_out() {
    let mut b = Bench::new();
    let same = [1, 2, 3, 4].map(|number| push_id(&mut b, number));
    let late = b.push_after(LATER * 2);
    let queue = b.queue.clone();
    let mut list = List { queue: queue.clone(), state: State::Scheduled, cursor: 0, limit: 2 };
    list.cursor = b.store.on(&queue, |queue| queue.list(&list)).next.unwrap();
    b.store.on(&queue, |queue| queue.remove(&same));
    let page = b.store.on(&queue, |queue| queue.list(&list));
    assert_eq!((page.tasks[0].id, page.next), (late, None));
}

#[test]
fn sets_page_by_time() {
    let mut b = Bench::new();
    let late = b.push_after(LATER * 2);
    let mut same = [b.push_after(LATER), b.push_after(LATER), b.push_after(LATER)];
    same.sort_unstable();
    assert_eq!(b.listed(State::Scheduled), [same[0], same[1], same[2], late]);
    let far = b.push_after(std::time::Duration::MAX);
    assert_eq!(b.listed(State::Scheduled).last(), Some(&far));
}

#[test]
fn a_kept_task_tells_when_it_was_done() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let id = b.push(1)[0];
    b.claim(ada, 1, 1);
    let queue = b.queue.clone();
    let running = b.store.on(&queue, |queue| queue.show(id)).unwrap();
    assert_eq!((running.state, running.worker), (State::Running, Some(ada)));
    b.settle(ada, 1, vec![(id, Outcome::Ack { keep: Some(LATER) })]);
    let done = b.store.on(&queue, |queue| queue.show(id)).unwrap();
    assert_eq!((done.state, done.worker, done.summary.at), (State::Done, None, Some(b.now)));
}

#[test]
fn an_own_id_is_found_while_its_task_lives() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let name = OwnId::new("order-1").unwrap();
    let named = || NewTask { own_id: Some(name.clone()), ..NewTask::new("body") };
    let queue = b.queue.clone();
    let mut first = None;
    for (number, keep) in [(1, None), (2, Some(LATER))] {
        let task = named();
        let push = b.push_call(vec![task.clone(), named()]);
        b.send_push(&push).unwrap();
        assert_eq!(b.store.on(&queue, |queue| queue.find(&name)), Some(task.id));
        assert_eq!(b.claim(ada, number, 9), [task.id]);
        assert_eq!(b.store.on(&queue, |queue| queue.find(&name)), Some(task.id));
        b.settle(ada, number, vec![(task.id, Outcome::Ack { keep })]);
        assert_eq!(b.store.on(&queue, |queue| queue.find(&name)), None);
        assert_ne!(first.replace(task.id), Some(task.id));
    }
}

#[test]
fn looking_for_an_own_id_makes_no_queue() {
    let b = Bench::new();
    let name = OwnId::new("order-1").unwrap();
    assert_eq!(b.store.on_existing(&b.queue, |queue| queue.find(&name)), None);
    assert!(b.store.names().is_empty());
}
