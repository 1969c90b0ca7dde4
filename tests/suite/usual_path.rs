//! The usual pushes, claims and acks, which end before the rest of their scripts (docs/redis-layout.md): they
//! leave nothing behind (B12), and hand over to the rest what is not usual (B9).

use redis::Value;
use tireless_core::{Effect, ErrorKind, NewTask, Pushed, TaskId};
use tireless_testkit::Harness;
use tireless_testkit::fixtures::{Bench, LONG, task, task_after, tasks};
use tireless_tests::{Library, RedisHarness};

async fn many_acks_of_one_worker_leave_nothing<L: Library>() {
    let h = RedisHarness::<L>::fresh().await;
    let b = Bench::new(&h);
    let (mut raw, worker) = (h.raw().await, b.worker());
    let tasks = h.key(&b.queue, "tasks");
    for round in 0..5 {
        b.push(3).await;
        worker.ack(&worker.claim(3).await).await;
        let left = raw.command(&[b"HLEN", tasks.as_bytes()]).await;
        assert_eq!(left, Value::Int(0), "after {round} acks before");
    }
    // An id that is none, of somebody else, in the midst of it.
    let ready = h.key(&b.queue, "ready");
    let odd: &[u8] = b"nineteen bytes long";
    raw.command(&[b"HSET", tasks.as_bytes(), odd, b"\x01\0\0\0body"]).await;
    raw.command(&[b"LPUSH", ready.as_bytes(), odd]).await;
    b.push(1).await;
    let held = worker.claim(2).await;
    assert_eq!(held.len(), 2, "both are given");
    worker.ack(&held).await;
    assert_eq!(raw.command(&[b"HLEN", tasks.as_bytes()]).await, Value::Int(0));
    b.holds("nothing").await;
}

crate::over_both!(many_acks_of_one_worker_leave_nothing);

async fn acks_of_several_claims_leave_nothing<L: Library>() {
    let h = RedisHarness::<L>::fresh().await;
    let b = Bench::new(&h);
    let (mut raw, worker) = (h.raw().await, b.worker());
    for round in 1..20 {
        b.push(6).await;
        let mut held = worker.claim(2).await;
        held.extend(worker.claim(3).await);
        held.extend(worker.claim(1).await);
        worker.ack(&held).await;
        assert_eq!(b.counts().await.done, 6 * round);
        let tasks = h.key(&b.queue, "tasks");
        assert_eq!(raw.command(&[b"HLEN", tasks.as_bytes()]).await, Value::Int(0));
        // Of settles the two marks, and the answer that may still be asked for; of claims the last
        // number.
        for (what, left) in [("settles", 3), ("running", 1)] {
            let pattern = format!("{}:*", h.key(&b.queue, what));
            let Value::Array(keys) = raw.command(&[b"KEYS", pattern.as_bytes()]).await else {
                panic!("KEYS gives a list");
            };
            let [Value::BulkString(key)] = &keys[..] else { panic!("one worker: {keys:?}") };
            let fields = raw.command(&[b"HLEN", key]).await;
            assert_eq!(fields, Value::Int(left), "{what} after {round} acks");
        }
    }
    b.holds("nothing").await;
}

crate::over_both!(acks_of_several_claims_leave_nothing);

async fn many_pushes_of_one_caller_keep_no_old_answers<L: Library>() {
    let h = RedisHarness::<L>::fresh().await;
    let b = Bench::new(&h);
    let mut raw = h.raw().await;
    for round in 1..20 {
        b.push(2).await;
        let pattern = format!("{}:*", h.key(&b.queue, "pushes"));
        let Value::Array(keys) = raw.command(&[b"KEYS", pattern.as_bytes()]).await else {
            panic!("KEYS gives a list");
        };
        let [Value::BulkString(key)] = &keys[..] else { panic!("one caller: {keys:?}") };
        // The two marks, and the answer that may still be asked for.
        assert_eq!(raw.command(&[b"HLEN", key]).await, Value::Int(3), "after {round} pushes");
        let Value::Int(left) = raw.command(&[b"PTTL", key]).await else { panic!("a time") };
        assert!((590_000..=600_000).contains(&left), "{left}");
    }
    assert_eq!(b.counts().await.pushed, 38);
    assert_eq!(b.worker().claim(50).await.len(), 38);
}

crate::over_both!(many_pushes_of_one_caller_keep_no_old_answers);

async fn a_removed_task_that_is_pushed_again_stands_there_once<L: Library>() {
    let h = RedisHarness::<L>::fresh().await;
    let b = Bench::new(&h);
    b.push(1).await;
    let ids = b.push(3).await;
    assert!(b.broker.remove(&b.queue, &ids[1..2]).await.is_ok());
    let mut again = tasks(1);
    again[0].id = ids[1];
    assert!(b.push_these(again).await.is_ok());
    assert_eq!(b.counts().await.ready, 4);
    let ready = h.key(&b.queue, "ready");
    let stands = h.raw().await.command(&[b"LLEN", ready.as_bytes()]).await;
    assert_eq!(stands, Value::Int(4));
    assert_eq!(b.worker().claim(10).await.len(), 4);
}

/// Looking for the places of all would take longer than a script may.
async fn many_removed_tasks_of_a_long_list_are_pushed_again<L: Library>() {
    let h = RedisHarness::<L>::fresh().await;
    let b = Bench::new(&h);
    let ids = b.push(100_000).await;
    let removed = &ids[ids.len() - 30..];
    assert!(b.broker.remove(&b.queue, removed).await.is_ok());
    let again = removed.iter().map(|id| NewTask { id: *id, ..task() }).collect();
    assert_eq!(b.push_these(again).await.expect("a push"), vec![Pushed::Accepted; 30]);
    let (ready, ghosts) = (h.key(&b.queue, "ready"), h.key(&b.queue, "ghosts"));
    let mut raw = h.raw().await;
    assert_eq!(raw.command(&[b"LLEN", ready.as_bytes()]).await, Value::Int(100_000));
    assert_eq!(raw.command(&[b"EXISTS", ghosts.as_bytes()]).await, Value::Int(0));
    let newest = raw.command(&[b"LRANGE", ready.as_bytes(), b"0", b"29"]).await;
    let Value::Array(newest) = newest else { panic!("{newest:?}") };
    let expected: Vec<_> =
        removed.iter().map(|id| Value::BulkString(id.as_bytes().to_vec())).collect();
    assert!(expected.iter().all(|id| newest.contains(id)), "each stands there once");
}

/// What is not ready must not stay in the list, so it is looked for, or the call does nothing.
async fn removed_tasks_that_are_pushed_again_for_later_are_bounded<L: Library>() {
    let h = RedisHarness::<L>::fresh().await;
    let b = Bench::new(&h);
    let ids = b.push(100_000).await;
    let removed = &ids[ids.len() - 30..];
    assert!(b.broker.remove(&b.queue, removed).await.is_ok());
    let again = |id: &TaskId| NewTask { id: *id, ..task() };
    let later = |id: &TaskId| NewTask { id: *id, ..task_after(LONG) };
    let mut raw = h.raw().await;
    let prefix = h.key(&b.queue, "");
    let before = raw.snapshot(&prefix).await;
    let error = b.push_these(removed.iter().map(later).collect()).await.expect_err("too many");
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    assert_eq!(error.effect(), Effect::None);
    assert!(error.to_string().contains("send fewer of them in one call"), "{error}");
    assert!(before == raw.snapshot(&prefix).await, "nothing was written");
    // What is ready may keep its place, and leaves the looks to what may not.
    let mixed = removed[3..].iter().map(again).chain(removed[..3].iter().map(later)).collect();
    assert_eq!(b.push_these(mixed).await.expect("a push"), vec![Pushed::Accepted; 30]);
    let counts = b.counts().await;
    assert_eq!((counts.ready, counts.scheduled), (99_997, 3));
    let ready = h.key(&b.queue, "ready");
    assert_eq!(raw.command(&[b"LLEN", ready.as_bytes()]).await, Value::Int(99_997));
}

crate::over_both!(
    a_removed_task_that_is_pushed_again_stands_there_once,
    many_removed_tasks_of_a_long_list_are_pushed_again,
    removed_tasks_that_are_pushed_again_for_later_are_bounded,
);
