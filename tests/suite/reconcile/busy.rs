//! Searches of a queue into which much comes, and comes back, while they read it.

use std::collections::HashSet;

use redis::Value;
use tireless_core::{Mended, Reconcile, Reconciled, Reentry};
use tireless_testkit::Harness;
use tireless_testkit::fixtures::release;
use tireless_tests::{Library, RedisHarness};

use super::ward::{Ward, stranger};

/// More than one step looks at.
const MANY: usize = 2_100;

/// A long list, and one task that is in no place.
async fn with_a_lost_one<L: Library>(harness: &RedisHarness<L>) -> Ward<'_, L> {
    let mut ward = Ward::filled(harness, 1).await;
    ward.bench.push(3_000).await;
    ward.on("HSET", "tasks", &[&stranger(), b"\x01\0\0\0lost"]).await;
    ward
}

/// A whole search. So often, when it has read all and would end, many are pushed, and one that ran
/// comes back.
async fn search<L: Library>(ward: &mut Ward<'_, L>, from: Reentry, mut often: usize) -> Reconciled {
    let (mut all, mut step) = (Mended::default(), Reconcile::BEGIN);
    loop {
        let end = Value::BulkString(b"end".to_vec());
        if often > 0 && ward.on("HGET", "search", &[b"stage"]).await == end {
            let held = ward.holder.claim(1).await;
            ward.holder.finish(&held, release(from)).await;
            ward.bench.push(MANY).await;
            often -= 1;
        }
        let mut answer =
            ward.bench.broker.reconcile(&ward.bench.queue, &step).await.expect("a step");
        all.add(&answer.mended);
        step.begin = false;
        if !answer.more {
            answer.mended = all;
            return answer;
        }
    }
}

async fn a_lost_task_is_found_while_much_comes_back<L: Library>() {
    for from in [Reentry::Back, Reentry::Front] {
        let harness = <RedisHarness<L> as Harness>::fresh().await;
        let mut ward = with_a_lost_one(&harness).await;
        let found = search(&mut ward, from, 6).await;
        assert_eq!((found.mended.lost, found.mended.total()), (1, 1), "{from:?}, {}", L::NAME);
        assert!(!found.unsure);
        ward.is_sound().await;
    }
}

async fn what_comes_back_in_front_is_not_lost<L: Library>() {
    let harness = <RedisHarness<L> as Harness>::fresh().await;
    let mut ward = with_a_lost_one(&harness).await;
    // Held while the list is read, and back in front of all before the claims are.
    let held = ward.holder.claim(50).await;
    let (broker, queue) = (ward.bench.broker.clone(), ward.bench.queue.clone());
    broker.reconcile(&queue, &Reconcile::BEGIN).await.expect("the begin of a search");
    let stage = Value::BulkString(b"held".to_vec());
    while ward.on("HGET", "search", &[b"stage"]).await != stage {
        broker.reconcile(&queue, &Reconcile::GO_ON).await.expect("a step");
    }
    ward.holder.finish(&held, release(Reentry::Front)).await;
    // Then the left end is to be read in parts, which do not show them.
    ward.bench.push(MANY).await;
    let mut mended = Mended::default();
    while {
        let answer = broker.reconcile(&queue, &Reconcile::GO_ON).await.expect("a step");
        mended.add(&answer.mended);
        answer.more
    } {}
    assert_eq!((mended.lost, mended.total()), (1, 1), "only the one that is, {}", L::NAME);
    ward.is_sound().await;
    let ready = ward.ids("ready").await;
    let each: HashSet<_> = ready.iter().collect();
    assert_eq!(each.len(), ready.len(), "none stands there twice");
}

async fn a_search_that_was_not_sure_is_made_again<L: Library>() {
    let harness = <RedisHarness<L> as Harness>::fresh().await;
    let mut ward = with_a_lost_one(&harness).await;
    let found = search(&mut ward, Reentry::Back, 100).await;
    assert_eq!((found.mended, found.unsure), (Mended::default(), true), "{}", L::NAME);
    // The next minute's look begins another one, although the numbers are the same.
    let permission = ward.bench.permission().await;
    ward.on("HSET", "queue", &[b"checked", b"1"]).await;
    let mut lost = 0;
    for _ in 0..1_000 {
        lost += ward.bench.tick_with(Some(permission)).await.mended.lost;
        if lost > 0 {
            break;
        }
    }
    assert_eq!(lost, 1, "{}", L::NAME);
    ward.is_sound().await;
}

over_both!(
    a_lost_task_is_found_while_much_comes_back,
    what_comes_back_in_front_is_not_lost,
    a_search_that_was_not_sure_is_made_again,
);
