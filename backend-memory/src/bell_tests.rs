//! Rings and waiters.

use std::task::{Poll, Waker};

use tireless_core::{QueueName, WaitOn};

use super::Bells;

fn on(names: &[&str]) -> Vec<WaitOn> {
    let on = |name: &&str| WaitOn { queue: QueueName::new(name).unwrap(), inbox: *name == "raw" };
    names.iter().map(on).collect()
}

fn ring(bells: &mut Bells, name: &str) {
    bells.ring(&QueueName::new(name).unwrap());
}

fn rang(bells: &mut Bells, waiter: u64) -> bool {
    bells.poll(waiter, Waker::noop()).is_ready()
}

#[test]
fn one_ring_wakes_the_one_who_waits_longest() {
    let mut bells = Bells::default();
    let (ada, bob) = (bells.enlist(&on(&["a", "b"])), bells.enlist(&on(&["b"])));
    ring(&mut bells, "b");
    assert!(!rang(&mut bells, bob));
    assert_eq!(bells.poll(ada, Waker::noop()), Poll::Ready(QueueName::new("b").unwrap()));
    ring(&mut bells, "b");
    assert!(rang(&mut bells, bob));
    assert!(bells.bells.is_empty() && bells.waiters.is_empty(), "nothing is left behind");
}

#[test]
fn a_ring_that_nobody_hears_is_kept_once() {
    let mut bells = Bells::default();
    ring(&mut bells, "a");
    ring(&mut bells, "a");
    assert!(bells.take_kept(&on(&["b", "a"])).is_some());
    assert!(bells.take_kept(&on(&["b", "a"])).is_none());
    assert!(bells.bells.is_empty());
}

#[test]
fn a_dropped_wait_hands_its_ring_on() {
    let mut bells = Bells::default();
    let (ada, bob) = (bells.enlist(&on(&["a"])), bells.enlist(&on(&["a"])));
    ring(&mut bells, "a");
    bells.withdraw(ada);
    assert!(rang(&mut bells, bob));
    let eve = bells.enlist(&on(&["a"]));
    bells.withdraw(eve);
    ring(&mut bells, "a");
    assert!(bells.take_kept(&on(&["a"])).is_some(), "nobody waits any more");
}

#[test]
fn an_inbox_wakes_all_who_wait_for_it_and_keeps_no_ring() {
    let mut bells = Bells::default();
    let (ada, bob) = (bells.enlist(&on(&["raw"])), bells.enlist(&on(&["raw"])));
    let mut deaf = on(&["raw"]);
    deaf[0].inbox = false;
    let eve = bells.enlist(&deaf);
    bells.wake_for_inbox(&deaf[0].queue);
    assert!(rang(&mut bells, ada) && !rang(&mut bells, eve));
    bells.withdraw(bob);
    assert!(!rang(&mut bells, eve), "an inbox is no bell");
    bells.withdraw(eve);
    assert!(bells.take_kept(&deaf).is_none() && bells.bells.is_empty());
}
