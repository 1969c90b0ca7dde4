use tireless_testkit::VirtualClock;

use super::*;
use crate::testbed::SECOND;

#[test]
fn a_context_of_a_test_is_a_first_attempt_unless_told_otherwise() {
    let context = Context::for_test().build();
    assert_eq!((context.queue().as_str(), context.own_id()), ("default", None));
    assert_eq!((context.attempt(), context.is_last_attempt()), (1, false));
    assert_eq!((context.time_left(), context.cancellation().is_cancelled()), (None, false));
    assert_ne!(context.id(), Context::for_test().build().id());
}

#[test]
fn a_context_of_a_test_knows_what_it_was_told() {
    let id = TaskId::from_bytes([7; 16]);
    let told = Context::for_test().queue("mail").id(id).own_id("a/1").attempt(3).retries(2).build();
    assert_eq!((told.queue().as_str(), told.id()), ("mail", id));
    assert_eq!(told.own_id(), Some(&OwnId::new("a/1").unwrap()));
    assert_eq!((told.attempt(), told.is_last_attempt()), (3, true));
}

#[tokio::test]
async fn time_of_a_context_of_a_test_passes_by_its_clock() {
    let clock = VirtualClock::new();
    clock.advance(100 * SECOND).await;
    let context = Context::for_test().clock(Arc::new(clock.clone()));
    let context = context.timeout(30 * SECOND).lease(10 * SECOND).build();
    clock.advance(4 * SECOND).await;
    assert_eq!((context.time_left(), context.lease_left()), (Some(26 * SECOND), 6 * SECOND));
    let endless = Context::for_test().timeout(Duration::MAX).lease(Duration::MAX).build();
    assert!(endless.time_left() > Some(1_000_000 * SECOND));
    assert!(endless.lease_left() > 1_000_000 * SECOND);
}

#[test]
fn the_cancellation_of_a_context_of_a_test_is_the_tests_to_fire() {
    let context = Context::for_test().build();
    let handlers = context.clone();
    context.cancellation().cancel();
    assert!(handlers.cancellation().is_cancelled());
}

#[test]
#[should_panic = "the queue name \"no name\""]
fn a_context_of_a_test_has_no_illegal_queue() {
    let _ = Context::for_test().queue("no name");
}
