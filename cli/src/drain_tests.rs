//! When a drain ends, over the in-memory broker, with time that passes by itself.

use std::sync::Arc;

use tireless::broker::{Claim, ClaimFrom, ClaimMode, NewTask};
use tireless::{Backend, Broker, Envelope, WorkerId};
use tokio::time::timeout;

use super::*;
use crate::connect::in_memory;
use crate::pusher::Pusher;

const LONG: Duration = Duration::from_secs(60);

async fn ended(broker: &Arc<dyn Backend>, queue: &QueueName) -> Option<Drained> {
    let queues = [queue.clone()];
    timeout(LONG, Drain::new(broker, &queues, false).ended()).await.ok()
}

async fn push(broker: &Arc<dyn Backend>, queue: &QueueName) {
    let task = NewTask::new(Envelope::raw("x").encode().unwrap());
    Pusher::new(broker.clone(), queue.clone()).push(vec![task]).await.unwrap();
}

async fn claim(broker: &Arc<dyn Backend>, queue: &QueueName) {
    let from = ClaimFrom { queue: queue.clone(), max: 1, inbox: false };
    let claim = Claim {
        worker: WorkerId::new(),
        number: 1,
        lease: LONG,
        mode: ClaimMode::Shared,
        queues: vec![from],
    };
    assert_eq!(broker.claim(&claim).await[0].1.as_ref().unwrap().tasks.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_empty_queue_is_drained_after_two_looks() {
    let (broker, queue) = (in_memory(), QueueName::new("q").unwrap());
    let start = tokio::time::Instant::now();
    assert_eq!(ended(&broker, &queue).await, Some(Drained::Empty));
    assert_eq!(start.elapsed(), PAUSE);
}

#[tokio::test(start_paused = true)]
async fn what_waits_or_runs_keeps_it_going() {
    let (broker, queue) = (in_memory(), QueueName::new("q").unwrap());
    push(&broker, &queue).await;
    assert_eq!(ended(&broker, &queue).await, None);
    claim(&broker, &queue).await;
    assert_eq!(ended(&broker, &queue).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_paused_queue_ends_it() {
    let (broker, queue) = (in_memory(), QueueName::new("q").unwrap());
    push(&broker, &queue).await;
    broker.pause(&queue).await.unwrap();
    assert_eq!(ended(&broker, &queue).await, Some(Drained::Paused(queue)));
}

#[tokio::test(start_paused = true)]
async fn a_push_between_two_looks_asks_for_a_third() {
    let (broker, queue) = (in_memory(), QueueName::new("q").unwrap());
    let start = tokio::time::Instant::now();
    let queues = [queue.clone()];
    let drain = Drain::new(broker.as_ref(), &queues, false);
    let meddle = async {
        tokio::time::sleep(PAUSE / 2).await;
        push(&broker, &queue).await;
        broker.purge(&queue, tireless::State::Ready, 1).await.unwrap();
    };
    let (end, ()) = tokio::join!(drain.ended(), meddle);
    assert_eq!((end, start.elapsed()), (Drained::Empty, PAUSE * 2));
}
