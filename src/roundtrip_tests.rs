//! From a push to its end, through the facade alone.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::prelude::*;
use crate::{Counts, QueueName};

#[derive(Serialize, Deserialize, Task)]
#[task(crate = crate, queue = "numbers", retries = 2, backoff = "fixed 10ms")]
enum Number {
    Good,
    BadTwice,
    AlwaysBad,
    Hopeless,
    Later,
}

async fn handle(task: Number, limit: Data<u32>, context: Context) -> TaskResult {
    match task {
        Number::Good => Ok(()),
        Number::BadTwice if context.attempt() > *limit => Ok(()),
        Number::BadTwice | Number::AlwaysBad => Err("bad".into()),
        Number::Hopeless => Err(Bury::new("hopeless").into()),
        Number::Later => Err(Snooze(Duration::from_secs(3600)).into()),
    }
}

#[tokio::test]
async fn tasks_end_where_their_handlers_say() {
    let broker = crate::connect("memory://").await.expect("the memory broker");
    let tasks = Producer::new(broker.clone());
    for task in [Number::BadTwice, Number::Good, Number::AlwaysBad, Number::Hopeless] {
        tasks.push(task).await.expect("a push");
    }
    tasks.push(Number::Later).await.expect("a push");
    let pool = WorkerPool::new(broker.clone()).handle(handle).data(2u32);
    let running = pool.start().await.expect("a start");

    let queue = QueueName::new("numbers").expect("a name");
    let ends = |counts: &Counts| (counts.done, counts.dead, counts.scheduled);
    let patience = Instant::now() + Duration::from_secs(30);
    let mut counts = Counts::default();
    while ends(&counts) != (2, 2, 1) && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(10)).await;
        counts = broker.counts(&queue).await.expect("counts");
    }
    assert_eq!(ends(&counts), (2, 2, 1), "{counts:?}");
    assert_eq!(counts.ready + counts.running + counts.failed, 0, "{counts:?}");
    running.shutdown().await;
}

#[tokio::test]
async fn a_pool_without_its_data_does_not_start() {
    let broker = crate::connect("memory://").await.expect("the memory broker");
    let error = WorkerPool::new(broker).handle(handle).start().await.expect_err("it started");
    assert!(error.to_string().contains("Data<u32>"), "{error}");
}
