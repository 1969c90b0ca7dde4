//! Fencing, order of what is released, caps.

use tireless_core::{
    BuryReason, Call, ErrorKind, Failure, Outcome, Reentry, ReleaseReason, Settled, State, WorkerId,
};

use crate::fixture::{Bench, LATER, fail, kind};

fn bury() -> Outcome {
    Outcome::Bury { reason: BuryReason::Asked, failure: Failure::new("E", "no") }
}

#[test]
fn each_id_is_settled_once_also_within_a_batch() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let pushed = b.push(2);
    b.claim(ada, 1, 2);
    let batch = vec![(pushed[0], Outcome::RELEASE), (pushed[0], Outcome::ACK)];
    assert_eq!(b.settle(ada, 1, batch), [Settled::Applied, Settled::LeaseLost]);
    assert_eq!(b.claim(ada, 2, 1), pushed[..1]);
    assert_eq!(b.settle(ada, 1, vec![(pushed[0], Outcome::ACK)]), [Settled::LeaseLost]);
    assert_eq!(b.settle(ada, 2, vec![(pushed[1], Outcome::ACK)]), [Settled::LeaseLost]);
    assert_eq!(b.counts().running, 2);
}

#[test]
fn a_repeated_settle_gets_the_first_answer_and_a_stale_one_an_error() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let pushed = b.push(1);
    b.claim(ada, 1, 1);
    let mut settle = b.settle_call(ada, 1, vec![(pushed[0], Outcome::RELEASE)]);
    let first = b.store.settle(&settle, b.now).unwrap();
    b.claim(ada, 2, 1);
    assert_eq!(b.store.settle(&settle, b.now).unwrap(), first);
    assert_eq!(b.counts().running, 1, "not applied again");
    let old = settle.clone();
    settle.call = Call { number: settle.call.number + 1, answered: settle.call.number };
    b.store.settle(&settle, b.now).unwrap();
    assert_eq!(kind(b.store.settle(&old, b.now)), Some(ErrorKind::Stale));
}

#[test]
fn what_one_batch_releases_to_the_front_keeps_its_order() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let pushed = b.push(4);
    b.claim(ada, 1, 3);
    let back = Outcome::Release {
        after: std::time::Duration::ZERO,
        reason: ReleaseReason::Unknown,
        reentry: Reentry::Back,
    };
    b.settle(
        ada,
        1,
        vec![(pushed[0], Outcome::RELEASE), (pushed[1], back), (pushed[2], Outcome::RELEASE)],
    );
    assert_eq!(b.listed(State::Ready), [pushed[0], pushed[2], pushed[3], pushed[1]]);
    let call = b.claim_call(ada, 2, 4);
    let history = &b.send_claim(&call).tasks[3].history;
    assert_eq!((history.returns, history.returned_since, history.attempts), (1, b.now, 0));
}

#[test]
fn a_failed_task_enters_where_its_outcome_said() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let pushed = b.push(3);
    b.claim(ada, 1, 2);
    let front = match fail(LATER) {
        Outcome::Fail { failure, retry_in, .. } => {
            Outcome::Fail { failure, retry_in, reentry: Reentry::Front }
        }
        other => other,
    };
    b.settle(ada, 1, vec![(pushed[0], fail(LATER)), (pushed[1], front)]);
    b.pass(LATER);
    b.tick(9);
    assert_eq!(b.listed(State::Ready), [pushed[1], pushed[2], pushed[0]]);
    let call = b.claim_call(ada, 2, 1);
    let history = b.send_claim(&call).tasks.remove(0).history;
    assert_eq!((history.attempts, history.enters_front), (1, false), "the end is forgotten");
}

#[test]
fn dead_and_kept_tasks_over_the_cap_are_dropped_oldest_first_and_counted() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    b.store.set_dead_kept(1);
    let pushed = b.push(4);
    b.claim(ada, 1, 4);
    let keep = || Outcome::Ack { keep: Some(LATER) };
    let outcomes = [bury(), bury(), keep(), keep()];
    let settle = b.settle_call(ada, 1, pushed.iter().copied().zip(outcomes).collect());
    assert_eq!(b.store.settle(&settle, b.now).unwrap().dropped, 2);
    assert_eq!(b.listed(State::Dead), [pushed[1]]);
    assert_eq!(b.listed(State::Done), [pushed[3]]);
    assert_eq!((b.counts().dropped, b.counts().done), (2, 2));
    let queue = b.queue.clone();
    b.store.on(&queue, |queue| assert_eq!(queue.tasks.len(), 2));
}
