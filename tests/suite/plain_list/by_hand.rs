//! What an adopted queue keeps beside the plain list and set, looked at step by step: failed tasks come
//! back by ticks that the test sends.

use std::time::Duration;

use redis::Value;
use tireless::{Producer, State};
use tireless_core::{OwnId, QueueTicked, Selection, Tick};
use tireless_tests::{Library, Raw, eventually};

use super::{Plain, Runs, SOON, bytes_of};

/// How long a failed task waits: no pool is there any more when its time is over.
const LATER: Duration = Duration::from_secs(2);

impl Plain {
    /// The key that keeps this for the list.
    fn part(&self, name: &str) -> Vec<u8> {
        [b"tireless:{", &self.list[..], b"}:", name.as_bytes()].concat()
    }

    async fn raw(&self) -> Raw {
        self.hand.clone()
    }

    async fn tick(&self, limit: usize) -> QueueTicked {
        let queues = vec![self.site.queue.clone()];
        let beat = Duration::from_secs(5);
        let tick = Tick { queues, limit, beat, anew: false, reclaim: None };
        self.site.broker.tick(&tick).await.remove(0).1.expect("a tick")
    }

    /// Lets a pool fail all of these tasks, and ends it.
    async fn fail_all(&self, tasks: u64) {
        self.fail_all_for(tasks, LATER).await;
    }

    /// As `fail_all`; they are due so much later.
    async fn fail_all_for(&self, tasks: u64, later: Duration) {
        let pool = Runs::default().pool(self, later).await;
        eventually("failed", SOON, async || self.site.counts().await.failed == tasks).await;
        pool.shutdown().await;
    }

    /// Ticks until something came back.
    async fn requeued(&self, limit: usize) -> QueueTicked {
        for _ in 0..200 {
            let ticked = self.tick(limit).await;
            if ticked.requeued > 0 {
                return ticked;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("nothing came back");
    }
}

pub(super) async fn attempts_of_a_body_that_others_took_end<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    plain.lpush(b"bad").await;
    plain.fail_all(1).await;
    let ends = async |plain: &Plain| {
        let key = plain.part("plain");
        matches!(plain.raw().await.command(&[b"PTTL", &key]).await, Value::Int(1..))
    };
    assert!(!ends(&plain).await, "it is the only record of a body that waits");
    assert_eq!(plain.requeued(10).await.requeued, 1);
    let taken = plain.raw().await.command(&[b"RPOP", &plain.list]).await;
    assert_eq!(bytes_of(taken), b"bad");
    assert!(ends(&plain).await, "nobody may ever tell of it again");
}

pub(super) async fn a_raw_task_with_an_own_id_keeps_it<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    let producer = Producer::new(plain.site.broker.clone());
    let push = async || {
        let push = producer.push_raw(&plain.site.queue, "bad").own_id("mine");
        push.await.expect("a push")
    };
    let mine = OwnId::new("mine").expect("a legal id");
    let find = async || plain.site.broker.find(&plain.site.queue, &mine).await.expect("a look");
    let first = push().await;
    assert_eq!(find().await, Some(first.id));
    plain.fail_all(1).await;
    assert_eq!(find().await, Some(first.id), "while its body is in the set");
    assert_eq!(plain.requeued(10).await.requeued, 1);
    assert_eq!(find().await, Some(first.id));
    let again = push().await;
    assert!(again.existed && again.id == first.id, "{first:?} {again:?}");
    assert_eq!(plain.site.list(State::Ready).await[0].history.attempts, 1);
}

pub(super) async fn large_bodies_come_back_a_few_at_a_time<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    for number in 0..6 {
        let body = [format!("bad {number}").as_bytes(), &vec![b'x'; 1024 * 1024 - 100]].concat();
        plain.lpush(&body).await;
    }
    plain.fail_all(6).await;
    tokio::time::sleep(LATER).await;
    let first = plain.requeued(500).await;
    assert_eq!((first.requeued, first.more), (4, true), "as many as one call may carry");
    let rest = plain.requeued(500).await;
    assert_eq!((rest.requeued, rest.more), (2, false));
}

pub(super) async fn large_bodies_are_requeued_and_purged_a_few_at_a_time<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    for number in 0..12 {
        let body = [format!("bad {number}").as_bytes(), &vec![b'x'; 1024 * 1024 - 100]].concat();
        plain.lpush(&body).await;
    }
    plain.fail_all_for(12, SOON).await;
    let (broker, queue) = (&plain.site.broker, &plain.site.queue);
    let oldest = Selection::Oldest { state: State::Failed, limit: 100 };
    let moved = broker.requeue(queue, &oldest).await.expect("a requeue");
    assert_eq!((moved.moved, moved.more), (4, true), "as many as one call may read");
    let purged = broker.purge(queue, State::Failed, 100).await.expect("a purge");
    assert_eq!((purged.removed, purged.more), (4, true));
    let ready = broker.purge(queue, State::Ready, 100).await.expect("a purge");
    assert_eq!((ready.removed, ready.more), (4, false));
    assert_eq!(plain.failed().await.len(), 4);
}

pub(super) async fn a_clock_that_was_set_back_ends_no_sweep<L: Library>() {
    let plain = Plain::open::<L>(Duration::from_secs(1)).await;
    let tomorrow = (super::now() + Duration::from_secs(86_400)).as_millis().to_string();
    let mut hand = plain.raw().await;
    hand.command(&[b"HSET", &plain.part("queue"), b"swept", tomorrow.as_bytes()]).await;
    hand.command(&[b"SADD", &plain.failed_set, b"foreign"]).await;
    assert_eq!(plain.requeued(10).await.requeued, 1);
}

pub(super) async fn a_body_that_a_loop_moved_comes_back_once<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    plain.lpush(b"worse").await;
    plain.fail_all_for(1, 4 * LATER).await;
    // An old program's loop, before it is due here.
    let mut hand = plain.raw().await;
    assert_eq!(hand.command(&[b"SREM", &plain.failed_set, b"worse"]).await, Value::Int(1));
    plain.lpush(b"worse").await;
    plain.fail_all_for(2, 4 * LATER).await;
    tokio::time::sleep(4 * LATER).await;
    while plain.site.counts().await.failed > 0 {
        plain.tick(10).await;
    }
    let waiting = hand.command(&[b"LLEN", &plain.list]).await;
    assert_eq!(waiting, Value::Int(1), "one body was pushed, and one waits");
}

pub(super) async fn large_bodies_of_others_are_swept_a_few_at_a_time<L: Library>() {
    let plain = Plain::open::<L>(Duration::from_secs(1)).await;
    plain.tick(10).await;
    let mut hand = plain.raw().await;
    for number in 0..6 {
        let body = [format!("{number}").as_bytes(), &vec![b'x'; 1024 * 1024 - 100]].concat();
        hand.command(&[b"SADD", &plain.failed_set, &body]).await;
    }
    let swept = [plain.requeued(10).await.requeued, plain.requeued(10).await.requeued];
    assert_eq!(swept, [4, 2], "as many as one call may carry");
    assert_eq!(hand.command(&[b"LLEN", &plain.list]).await, Value::Int(6));
}
