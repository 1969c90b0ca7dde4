//! Tests of own ids in batches, and of what refused pushes are told.

use std::sync::Arc;

use tireless_backend_memory::MemoryBroker;
use tireless_core::{Effect, ErrorKind, Operation, TaskId};

use super::*;
use crate::clock::TokioClock;
use crate::codec::Json;
use crate::typed::Task;

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

#[derive(serde::Serialize, serde::Deserialize)]
struct Misnamed;

impl Task for Misnamed {
    const NAME: &'static str = "two words";
    type Codec = Json;
}

#[tokio::test]
async fn what_a_push_is_refused_for_is_told_of_the_push() {
    let (_, producer) = producer();
    let long = "x".repeat(300);
    let mut errors = Vec::new();
    for single in [
        producer.push_raw("no queue", "x"),
        producer.push_raw("q", "x").queue("no queue"),
        producer.push_raw("q", "x").own_id(""),
        producer.push(Misnamed),
        producer.push_raw("q", "x").header(long.as_str(), "x"),
    ] {
        errors.push(single.await.unwrap_err());
    }
    for batch in [
        producer.push_all_raw("no queue", ["x"]),
        producer.push_all_raw("q", ["x"]).own_ids([&long]),
        producer.push_all([Misnamed]),
        producer.push_all_raw("q", ["x"]).header(long.as_str(), "x"),
    ] {
        errors.push(batch.await.unwrap_err());
    }
    errors.push(producer.push_raw("q", "x").own_id("").prepare().unwrap_err());
    for error in errors {
        assert_eq!(error.operation(), Operation::Push, "{error}");
        assert_eq!(error.effect(), Effect::None);
    }
    let error = producer.push_raw("no queue", "x").await.unwrap_err();
    let text = "push: the queue name \"no queue\" contains ' '; allowed are A-Z a-z 0-9 . _ : -";
    assert_eq!(error.to_string(), text);
}
