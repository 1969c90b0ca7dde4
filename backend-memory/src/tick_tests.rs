//! Reclaim: crashes, poison, permissions and order.

use std::time::Duration;

use tireless_core::{Outcome, Reclaim, State, WorkerId};

use crate::fixture::{Bench, LATER, LEASE, fail};

#[test]
fn nothing_is_reclaimed_without_a_permission_that_lasts() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    b.push(1);
    b.claim(ada, 1, 1);
    assert_eq!(b.tick(9).reclaimed, 0, "its lease lasts");
    let early = Reclaim { not_after: b.now, bury_after_crashes: 3 };
    b.pass(LEASE);
    assert_eq!(b.tick_with(9, None).reclaimed, 0);
    assert_eq!(b.tick_with(9, Some(early)).reclaimed, 0);
    assert_eq!(b.tick(9).reclaimed, 1);
    assert_eq!(b.counts().workers, 0);
}

#[test]
fn limited_reclaims_bring_the_oldest_back_first() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let pushed = b.push(6);
    b.claim(ada, 1, 3);
    b.claim(ada, 2, 2);
    b.pass(LEASE);
    let first = b.tick(4);
    assert_eq!((first.reclaimed, first.more), (2, true), "the older claim does not fit whole");
    let second = b.tick(2);
    assert_eq!((second.reclaimed, second.more), (3, false), "the first one is taken in any case");
    assert_eq!(b.listed(State::Ready), pushed);
}

#[test]
fn two_crashes_in_company_make_a_suspect_and_three_alone_bury_it() {
    let mut b = Bench::new();
    let id = b.push(1)[0];
    b.crash(1);
    assert_eq!(b.counts().suspects, 0);
    b.crash(1);
    assert_eq!((b.counts().suspects, b.counts().ready), (1, 1));
    for lone in 1..=3 {
        assert_eq!(b.claim_alone(WorkerId::new(), 1), [id]);
        b.pass(LEASE);
        let ticked = b.tick(9);
        assert_eq!((ticked.reclaimed, ticked.poisoned), (1, u64::from(lone == 3)), "crash {lone}");
    }
    let queue = b.queue.clone();
    let dead = b.store.on(&queue, |queue| queue.show(id)).unwrap();
    assert_eq!((dead.state, dead.summary.at), (State::Dead, Some(b.now)));
    let history = dead.summary.history;
    assert_eq!((history.attempts, history.crashes, history.lone_crashes), (1, 5, 3));
    assert_eq!(dead.failures.0[0].failure.kind(), "poison");
    assert_eq!(dead.failures.0[0].attempt, 1);
}

#[test]
fn a_suspect_that_fails_or_is_released_stays_one() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let id = b.suspect();
    for (number, outcome) in [(1, fail(LATER)), (2, Outcome::RELEASE)] {
        assert_eq!(b.claim_alone(ada, number), [id]);
        b.settle(ada, number, vec![(id, outcome)]);
        b.pass(LATER);
        b.tick(9);
        assert_eq!(b.counts().suspects, 1);
    }
}

#[test]
fn due_tasks_move_up_to_the_limit_and_kept_ones_go() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let pushed = b.push(3);
    b.claim(ada, 1, 3);
    let keep = Outcome::Ack { keep: Some(LATER) };
    b.settle(ada, 1, vec![(pushed[0], keep), (pushed[1], fail(LATER)), (pushed[2], fail(LATER))]);
    b.push_after(LATER);
    assert_eq!(b.tick(1).next_due, Some(LATER));
    while b.rang() {}
    b.pass(LATER);
    let ticked = b.tick(1);
    assert_eq!((ticked.promoted, ticked.requeued, ticked.dropped), (1, 1, 1));
    assert!(ticked.more && b.rang());
    assert_eq!(ticked.next_due, Some(Duration::ZERO));
    assert!(!b.tick(1).more);
    let counts = b.counts();
    assert_eq!((counts.kept, counts.dropped, counts.done, counts.ready), (0, 0, 1, 3));
}
