//! Pages.

use tireless_core::{Outcome, State, WorkerId};

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

#[test]
fn sets_page_by_time_and_then_by_arrival() {
    let mut b = Bench::new();
    let late = b.push_after(LATER * 2);
    let same = [b.push_after(LATER), b.push_after(LATER), b.push_after(LATER)];
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
