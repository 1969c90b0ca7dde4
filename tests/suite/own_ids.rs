//! Own ids on Redis: names that lead nowhere, and names of other programs (B3.7, B9).

use tireless::Producer;
use tireless_core::{ErrorKind, NewTask};
use tireless_testkit::Harness;
use tireless_testkit::fixtures::{Bench, own, task, task_named};
use tireless_tests::{Library, RedisHarness};

crate::over_both!(
    a_name_whose_task_was_taken_away_leads_nowhere,
    a_name_that_leads_to_no_id_is_told,
    a_batch_is_pushed_once_by_its_own_ids
);

/// What took the task away past the operations left its name, which is free all the same.
async fn a_name_whose_task_was_taken_away_leads_nowhere<L: Library>() {
    let h = RedisHarness::<L>::fresh().await;
    let b = Bench::new(&h);
    let id = b.push_one(task_named("order-1")).await;
    let (mut raw, tasks) = (h.raw().await, h.key(&b.queue, "tasks"));
    raw.command(&[b"HDEL", tasks.as_bytes(), id.as_bytes()]).await;
    assert_eq!(b.find(&own("order-1")).await, None);
    let second = b.push_one(task_named("order-1")).await;
    assert_eq!(b.find(&own("order-1")).await, Some(second));
    // An envelope of no bytes is one.
    let empty = b.push_one(NewTask { envelope: "".into(), ..task_named("empty") }).await;
    assert_eq!(b.find(&own("empty")).await, Some(empty));
}

/// A name that another program wrote stops no look at others.
async fn a_name_that_leads_to_no_id_is_told<L: Library>() {
    let h = RedisHarness::<L>::fresh().await;
    let b = Bench::new(&h);
    let id = b.push_one(task_named("order-1")).await;
    b.push_one(task()).await;
    let mut raw = h.raw().await;
    let [names, tasks] = ["names", "tasks"].map(|part| h.key(&b.queue, part));
    raw.command(&[b"HSET", names.as_bytes(), b"odd", b"no id", b"empty", b""]).await;
    assert_eq!(b.find(&own("odd")).await, None, "there is no such task");
    assert_eq!(b.find(&own("empty")).await, None);
    raw.command(&[b"HSET", tasks.as_bytes(), b"no id", b"bytes"]).await;
    let error = b.broker.find(&b.queue, &own("odd")).await.expect_err("it is no id");
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert_eq!(b.find(&own("order-1")).await, Some(id));
}

/// Two programs that push the same make it once, also where a batch takes several calls.
async fn a_batch_is_pushed_once_by_its_own_ids<L: Library>() {
    let h = RedisHarness::<L>::fresh().await;
    let b = Bench::new(&h);
    let numbers = |range: std::ops::Range<u32>| range.map(|n| format!("invoice/{n}"));
    let push = |range: std::ops::Range<u32>| {
        let producer = Producer::new(h.broker());
        let bodies = numbers(range.clone());
        producer.push_all_raw(&b.queue, bodies).own_ids(numbers(range)).into_future()
    };
    let first = push(0..1_500).await.expect("a push");
    let second = push(1_000..2_500).await.expect("a push");
    assert!(first.iter().all(|receipt| !receipt.existed));
    let existed = second.iter().filter(|receipt| receipt.existed).count();
    assert_eq!(existed, 500, "those that both have");
    assert_eq!(second[0].id, first[1_000].id);
    assert_eq!(b.counts().await.ready, 2_500);
    assert_eq!(b.find(&own("invoice/2499")).await, Some(second[1_499].id));
}
