//! Tests of group commit, over a broker whose answers wait until they are let go.

use std::collections::HashSet;
use std::future::IntoFuture;
use std::time::Duration;

use futures_util::FutureExt;
use tireless_core::{Durability, Effect, ErrorKind, TaskId};
use tokio::task::JoinHandle;

use super::*;
use crate::producer::gated::Gated;

type Pushing = JoinHandle<Result<Receipt>>;

/// Starts pushes, one after the other, and lets each come to its first wait.
async fn start(producer: &Producer, count: usize) -> Vec<Pushing> {
    let mut pushing = Vec::new();
    for number in 0..count {
        let push = producer.push_raw("q", number.to_string()).into_future();
        pushing.push(tokio::spawn(push));
        settle().await;
    }
    pushing
}

async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

async fn ids(pushing: Vec<Pushing>) -> HashSet<TaskId> {
    let mut ids = HashSet::new();
    for one in pushing {
        let ended = tokio::time::timeout(Duration::from_secs(60), one).await;
        let receipt = ended.expect("an end").expect("no panic").expect("a receipt");
        assert!(!receipt.existed);
        ids.insert(receipt.id);
    }
    ids
}

#[tokio::test]
async fn who_comes_alone_goes_at_once_and_alone() {
    let store = Gated::open();
    let producer = Producer::new(store.clone());
    for _ in 0..3 {
        producer.push_raw("q", "x").await.expect("a receipt");
    }
    assert_eq!(store.sizes(), [1, 1, 1]);
}

#[tokio::test]
async fn who_comes_meanwhile_shares_the_next_call() {
    let store = Gated::closed();
    let producer = Producer::new(store.clone());
    let pushing = start(&producer, 10).await;
    assert_eq!(store.sizes(), [1, 1], "two are under way, eight wait");
    store.let_go(1);
    settle().await;
    assert_eq!(store.sizes(), [1, 1, 8]);
    store.let_go(2);
    assert_eq!(ids(pushing).await, store.ids());
}

#[tokio::test]
async fn each_gets_its_own_answer() {
    let store = Gated::closed();
    let producer = Producer::new(store.clone());
    let first = start(&producer, 2).await;
    let own = |id| tokio::spawn(producer.push_raw("q", "x").own_id(id).into_future());
    let (one, two, same) = (own("one"), own("two"), own("one"));
    settle().await;
    store.let_go(10);
    ids(first).await;
    let [one, two, same] = [one, two, same].map(|push| async { push.await.unwrap().unwrap() });
    let (one, two, same) = (one.await, two.await, same.await);
    assert_eq!((one.existed, two.existed, same.existed), (false, false, true));
    assert_eq!((same.id, store.sizes()), (one.id, vec![1, 1, 3]));
    assert_ne!(one.id, two.id);
}

/// Pushes twice by an id of its own, so many times: the second receipt names the first one's task.
async fn push_in_pairs(producer: Producer, caller: usize, pairs: usize) {
    for pair in 0..pairs {
        let push = || producer.push_raw("q", "x").own_id(format!("{caller}-{pair}"));
        let first = push().await.expect("a receipt");
        let second = push().await.expect("a receipt");
        assert_eq!((first.existed, second.existed), (false, true));
        assert_eq!(first.id, second.id, "another push's receipt");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 32)]
async fn each_gets_its_own_answer_from_several_threads() {
    let store = Gated::open();
    let (producer, pairs) = (Producer::new(store.clone()), 500);
    let callers = (0..64).map(|caller| push_in_pairs(producer.clone(), caller, pairs));
    let callers: Vec<_> = callers.map(tokio::spawn).collect();
    for caller in callers {
        caller.await.expect("right receipts");
    }
    assert_eq!(store.sizes().iter().sum::<usize>(), 64 * 2 * pairs);
}

#[tokio::test]
async fn a_push_that_is_dropped_while_it_waits_is_not_sent() {
    let store = Gated::closed();
    let producer = Producer::new(store.clone());
    let mut pushing = start(&producer, 5).await;
    pushing.remove(3).abort();
    settle().await;
    store.let_go(10);
    ids(pushing).await;
    assert_eq!(store.sizes(), [1, 1, 2]);
}

#[tokio::test]
async fn who_is_dropped_under_way_leaves_nobody_waiting() {
    let store = Gated::closed();
    let producer = Producer::new(store.clone());
    let mut pushing = start(&producer, 5).await;
    pushing.drain(..2).for_each(|push| push.abort());
    settle().await;
    store.let_go(10);
    assert_eq!(ids(pushing).await.len(), 3);
    assert_eq!(store.sizes(), [1, 1, 3]);
    settle().await;
    let group = producer.groups.of(&"q".parse().unwrap(), Handle::current().id());
    let line = group.line();
    assert_eq!((line.flights, line.waiting.len()), (0, 0));
}

#[tokio::test]
async fn who_is_held_and_not_polled_holds_up_nobody() {
    let store = Gated::closed();
    let producer = Producer::new(store.clone());
    let push = || Box::pin(producer.push_raw("q", "x").into_future());
    let mut held: Vec<_> = (0..3).map(|_| push()).collect();
    for one in &mut held {
        assert!(futures_util::poll!(one).is_pending());
    }
    // Nothing is let go for those two, and they are not asked again: the third is the fourth's mate.
    let fourth = tokio::time::timeout(Duration::from_secs(60), async {
        let mut fourth = push();
        while store.sizes().len() < 3 {
            assert!(futures_util::poll!(&mut fourth).is_pending());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        store.let_go(10);
        fourth.await
    });
    fourth.await.expect("an end").expect("a receipt");
    assert_eq!(store.sizes(), [1, 1, 2], "after a moment they go beside the two");
}

#[tokio::test]
async fn who_waits_behind_more_than_a_call_carries_is_sent_too() {
    let store = Gated::closed();
    let producer = Producer::new(store.clone());
    let push = || Box::pin(producer.push_raw("q", "x").into_future());
    let mut held: Vec<_> = (0..2 + 1_000).map(|_| push()).collect();
    for one in &mut held {
        assert!(futures_util::poll!(one).is_pending());
    }
    let mut last = push();
    assert!(futures_util::poll!(&mut last).is_pending());
    let sent = tokio::time::timeout(Duration::from_secs(60), async {
        // It is the only one that is asked, and nothing is let go for the two that fly.
        while store.sizes().iter().sum::<usize>() < 1_003 {
            assert!(futures_util::poll!(&mut last).is_pending());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    sent.await.expect("all are sent");
    assert_eq!(store.sizes(), [1, 1, 1_000, 1]);
}

#[test]
fn who_stands_still_on_another_runtime_holds_up_nobody() {
    let store = Gated::closed();
    let producer = Producer::new(store.clone());
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (still, here) = (runtime(), runtime());
    let pushing = still.block_on(start(&producer, 5));
    store.let_go(10);
    // Nobody drives the other runtime from here on.
    let receipts = here.block_on(async { ids(start(&producer, 5).await).await });
    assert_eq!(receipts.len(), 5);
    assert_eq!(still.block_on(ids(pushing)).len(), 5);
}

#[tokio::test]
async fn an_error_is_everybodys() {
    let store = Gated::closed();
    let producer = Producer::new(store.clone());
    let pushing = start(&producer, 4).await;
    store.refuse(ErrorKind::OutOfMemory);
    store.let_go(10);
    for push in pushing {
        let error = push.await.expect("no panic").expect_err("refused");
        assert_eq!((error.kind(), error.effect()), (ErrorKind::OutOfMemory, Effect::None));
    }
}

#[tokio::test]
async fn no_call_is_over_its_bounds() {
    let store = Gated::closed();
    let producer = Producer::new(store.clone());
    let first = start(&producer, 2).await;
    let push = || tokio::spawn(producer.push_raw("q", vec![0; 900_000]).into_future());
    let large: Vec<_> = (0..6).map(|_| push()).collect();
    settle().await;
    store.let_go(10);
    ids(first).await;
    ids(large).await;
    assert_eq!(store.sizes(), [1, 1, 4, 2]);
}

#[test]
fn no_runtime_is_needed() {
    let store = Gated::open();
    let push = Producer::new(store.clone()).push_raw("q", "x").into_future();
    push.now_or_never().expect("at once").expect("a receipt");
    assert_eq!(store.sizes(), [1]);
}

#[tokio::test]
async fn calls_of_their_own_are_never_shared() {
    let store = Gated::closed();
    let producer = Producer::new(store.clone()).group_commit(false);
    let pushing = start(&producer, 4).await;
    assert_eq!(store.sizes(), [1; 4]);
    store.let_go(10);
    ids(pushing).await;
    store.let_go(10);
    let sure = Producer::new(store.clone()).durability(Durability::REPLICATED);
    let pushing = start(&sure, 4).await;
    assert_eq!(store.sizes(), [1; 8]);
    ids(pushing).await;
}

#[test]
fn who_waits_for_a_runtime_that_ends_is_told() {
    let store = Gated::closed();
    let producer = Producer::new(store.clone());
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let there = runtime();
    let push = || Box::pin(producer.push_raw("q", "x").into_future());
    // Two fly themselves, and a task of the runtime's flies for the third when they end.
    let (mut one, mut other, mut third) = (push(), push(), push());
    there.block_on(async {
        for push in [&mut one, &mut other, &mut third] {
            assert!(futures_util::poll!(push).is_pending());
        }
        store.let_go(2);
        one.await.expect("a receipt");
        other.await.expect("a receipt");
        settle().await;
        assert_eq!(store.sizes(), [1, 1, 1]);
    });
    drop(there);
    runtime().block_on(async {
        let error = third.await.expect_err("nobody answers");
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, Effect::Maybe));
        store.let_go(10);
        push().await.expect("another runtime is none the worse");
    });
}
