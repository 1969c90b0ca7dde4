//! Tests of own ids in batches.

use std::sync::Arc;

use tireless_backend_memory::MemoryBroker;
use tireless_core::{Effect, ErrorKind, TaskId};

use super::*;
use crate::clock::TokioClock;

fn producer() -> (MemoryBroker, Producer) {
    let broker = MemoryBroker::new(Arc::new(TokioClock));
    (broker.clone(), Producer::new(broker))
}

fn ids(receipts: &[Receipt]) -> Vec<TaskId> {
    receipts.iter().map(|receipt| receipt.id).collect()
}

fn existed(receipts: &[Receipt]) -> Vec<bool> {
    receipts.iter().map(|receipt| receipt.existed).collect()
}

#[tokio::test]
async fn each_task_of_a_batch_has_its_own_id() {
    let (_, producer) = producer();
    let first = producer.push_all_raw("q", ["a", "b"]).own_ids(["1", "2"]).await.unwrap();
    assert_eq!(existed(&first), [false, false]);
    let again = producer.push_all_raw("q", ["b", "c", "c"]).own_ids([b"2", b"3", b"3"]);
    let again = again.await.unwrap();
    assert_eq!(existed(&again), [true, false, true]);
    assert_eq!(ids(&again), [first[1].id, again[1].id, again[1].id]);
    let alone = producer.push_raw("q", "a").own_id("1").await.unwrap();
    assert_eq!((alone.id, alone.existed), (first[0].id, true));
}

#[tokio::test]
async fn own_ids_keep_their_order_over_many_calls() {
    let (_, producer) = producer();
    let numbers = || (0..2_500u32).map(|n| n.to_string());
    let first = producer.push_all_raw("q", numbers()).own_ids(numbers()).await.unwrap();
    let again = producer.push_all_raw("q", numbers()).own_ids(numbers()).await.unwrap();
    assert!(again.iter().all(|receipt| receipt.existed));
    assert_eq!(ids(&first), ids(&again));
    let last = producer.push_raw("q", "x").own_id("2499").await.unwrap();
    assert_eq!(last.id, first[2_499].id);
}

#[tokio::test]
async fn own_ids_are_as_many_as_the_tasks() {
    let (_, producer) = producer();
    let batch = || producer.push_all_raw("q", ["a", "b"]);
    let none: [&str; 0] = [];
    for (batch, problem) in [
        (batch().own_ids(["1"]), "fewer own ids than the 2 tasks"),
        (batch().own_ids(none), "fewer own ids than the 2 tasks"),
        (batch().own_ids(["1", "2", "3"]), "more own ids than the 2 tasks"),
        (batch().own_ids((0u64..).map(|n| n.to_string())), "more own ids than the 2 tasks"),
    ] {
        let error = batch.await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::None));
        assert!(error.to_string().contains(problem), "{error}");
    }
    let receipts = producer.push_all_raw("q", none).own_ids(none).await.unwrap();
    assert!(receipts.is_empty());
    let told = batch().own_ids(["1", "2"]).await.unwrap();
    assert_eq!(existed(&told), [false, false], "nothing was sent of those before");
}
