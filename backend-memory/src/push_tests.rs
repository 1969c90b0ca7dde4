//! Own ids, repeats and bounds.

use bytes::Bytes;
use tireless_core::limits::{BYTES_PER_CALL, TASKS_PER_CALL};
use tireless_core::{Call, ErrorKind, NewTask, Outcome, OwnId, Pushed, WorkerId};

use crate::fixture::{Bench, LATER, kind};

fn named(name: &str) -> NewTask {
    NewTask { own_id: Some(OwnId::new(name).unwrap()), ..NewTask::new("body") }
}

#[test]
fn the_first_of_two_equal_ids_wins_and_the_rest_goes_on() {
    let mut b = Bench::new();
    let (first, other) = (named("a"), named("b"));
    let tasks = vec![first.clone(), named("a"), first.clone(), other];
    let exists = Pushed::Exists { id: first.id };
    let push = b.push_call(tasks);
    let answer = b.send_push(&push).unwrap();
    assert_eq!(answer, [Pushed::Accepted, exists, exists, Pushed::Accepted]);
    assert_eq!((b.counts().ready, b.counts().pushed), (2, 2));
}

#[test]
fn a_repeat_after_the_end_brings_nothing_back_and_frees_names() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let task = named("a");
    let push = b.push_call(vec![task.clone()]);
    b.send_push(&push).unwrap();
    b.claim(ada, 1, 1);
    b.settle(ada, 1, vec![(task.id, Outcome::ACK)]);
    b.pass(LATER);
    assert_eq!(b.send_push(&push).unwrap(), [Pushed::Accepted]);
    assert_eq!(b.counts().ready, 0);
    let again = b.push_call(vec![named("a")]);
    assert_eq!(b.send_push(&again).unwrap(), [Pushed::Accepted]);
}

#[test]
fn a_push_over_the_bounds_or_wrongly_numbered_changes_nothing() {
    let mut b = Bench::new();
    let many = b.push_call(vec![NewTask::new("body"); TASKS_PER_CALL + 1]);
    assert_eq!(kind(b.send_push(&many)), Some(ErrorKind::TooLarge));
    let large = b.push_call(vec![NewTask::new(Bytes::from(vec![0; BYTES_PER_CALL + 1]))]);
    assert_eq!(kind(b.send_push(&large)), Some(ErrorKind::TooLarge));
    let mut wrong = b.push_call(vec![NewTask::new("body")]);
    wrong.call = Call { number: 9, answered: 9 };
    assert_eq!(kind(b.send_push(&wrong)), Some(ErrorKind::InvalidInput));
    assert!(b.store.names().is_empty());
}

#[test]
fn a_push_rings_for_what_is_ready_or_due_before_all_else() {
    let mut b = Bench::new();
    b.push_after(LATER);
    assert!(b.rang());
    b.push_after(LATER * 2);
    assert!(!b.rang(), "something falls due before it");
    b.push_after(LATER / 2);
    assert!(b.rang());
    b.push(3);
    assert!(b.rang() && !b.rang(), "kept once");
}
