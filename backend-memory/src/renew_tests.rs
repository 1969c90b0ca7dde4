//! Orphans, lost claims and leaving.

use std::time::Duration;

use tireless_core::{Outcome, Settled, State, WorkerId};

use crate::fixture::{Bench, LEASE};

#[test]
fn orphans_below_the_mark_return_to_the_front_in_order_and_uncharged() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let pushed = b.push(6);
    for (number, max) in [(1, 2), (2, 1), (3, 1), (4, 1)] {
        b.claim(ada, number, max);
    }
    while b.rang() {}
    let answer = b.renew(ada, LEASE, &[2, 77], 4);
    assert_eq!((answer.released, answer.lost), (3, vec![77]));
    assert!(b.rang());
    assert_eq!(b.listed(State::Ready), [pushed[0], pushed[1], pushed[3], pushed[5]]);
    assert_eq!(b.claim(ada, 4, 0), [pushed[4]], "above the mark");
    assert_eq!(b.settle(ada, 1, vec![(pushed[0], Outcome::ACK)]), [Settled::LeaseLost]);
    let call = b.claim_call(ada, 5, 1);
    let again = b.send_claim(&call).tasks.remove(0);
    assert_eq!((again.id, again.history), (pushed[0], Default::default()));
}

#[test]
fn an_orphaned_suspect_stays_a_suspect() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let suspect = b.suspect();
    assert_eq!(b.claim_alone(ada, 1), [suspect]);
    assert_eq!(b.renew(ada, LEASE, &[], 2).released, 1);
    assert_eq!(b.counts().suspects, 1);
    assert_eq!(b.claim(ada, 2, 9), []);
}

#[test]
fn leaving_gives_everything_back_and_ends_the_registration() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let pushed = b.push(2);
    b.claim(ada, 1, 1);
    b.claim(ada, 2, 1);
    b.renew(ada, LEASE, &[1, 2], 3);
    assert_eq!((b.counts().workers, b.store.workers(b.now).len()), (1, 1));
    assert_eq!(b.renew(ada, Duration::ZERO, &[1], 1).released, 2);
    assert_eq!(b.listed(State::Ready), pushed);
    assert_eq!((b.counts().workers, b.store.workers(b.now).len()), (0, 0));
    assert_eq!(b.claim(ada, 2, 9), [], "its numbers are remembered");
}

#[test]
fn a_lease_is_cut_to_the_longest_one_also_after_the_clock_jumped_back() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let start = b.now;
    b.push(1);
    b.claim(ada, 1, 1);
    b.renew(ada, Duration::from_secs(100_000), &[1], 2);
    b.pass(Duration::from_secs(299));
    assert_eq!(b.tick(9).reclaimed, 0);
    b.renew(ada, Duration::from_secs(300), &[1], 2);
    b.now = start;
    assert_eq!(b.tick(9).reclaimed, 0, "the clock jumped back; the lease is cut");
    assert_eq!(b.store.workers(b.now).len(), 1);
    b.pass(Duration::from_secs(300));
    assert_eq!(b.store.workers(b.now).len(), 0);
    assert_eq!(b.tick(9).reclaimed, 1);
}

#[test]
fn a_queue_named_twice_is_refused_the_second_time() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    b.push(2);
    let mut claim = b.claim_call(ada, 1, 1);
    claim.queues.push(claim.queues[0].clone());
    let answers = b.store.claim(&claim, b.now);
    assert!(answers[0].1.is_ok() && answers[1].1.is_err());
}
