use std::sync::Mutex;

use tireless_core::{Admin, Operation, When};

use super::*;
use crate::run::{Context, Verdict};
use crate::testbed::{Bed, Call, SECOND, Trouble, raw_task};

async fn done(_: Context) -> Verdict {
    Verdict::Done
}

#[tokio::test]
async fn an_idle_pool_of_one_queue_leaves_a_claim_with_the_store() {
    let bed = Bed::new();
    let pool = bed.raw(done).start().await.unwrap();
    bed.clock.advance(60 * SECOND).await;
    let waits = bed.spy.waits();
    assert!((11..=14).contains(&waits.len()), "{}", waits.len());
    let mut last = 0;
    for wait in &waits {
        let claim = wait.carried().unwrap().expect("it carries one");
        assert_eq!((claim.worker, claim.queues[0].max), (pool.worker(), 1));
        assert!(claim.number > last, "each wait has a claim of its own");
        last = claim.number;
    }
    drop(pool);
}

#[tokio::test]
async fn a_pool_of_several_queues_claims_by_itself() {
    let bed = Bed::new();
    let pool = bed.raw(done).queue("q1").start().await.unwrap();
    bed.clock.advance(20 * SECOND).await;
    assert!(bed.spy.waits().iter().all(|wait| wait.claim.is_none() && wait.queues.len() == 2));
    drop(pool);
}

#[tokio::test]
async fn what_rings_starts_at_once_and_the_rest_with_the_next_claim() {
    let bed = Bed::new();
    let started = Arc::new(Mutex::new(Vec::new()));
    let (noted, clock) = (Arc::clone(&started), bed.clock.clone());
    let pool = bed.raw(move |_: Context| {
        noted.lock().unwrap().push(clock.now());
        async { Verdict::Done }
    });
    let pool = pool.start().await.unwrap();
    bed.clock.advance(1_700 * Duration::from_millis(1)).await;
    let pushed = bed.clock.now();
    bed.push(5).await;
    bed.clock.advance(Duration::from_millis(1)).await;
    assert_eq!(*started.lock().unwrap(), vec![pushed; 5]);
    drop(pool);
}

#[tokio::test]
async fn a_task_that_falls_due_ends_the_wait_by_its_time() {
    let bed = Bed::new();
    let pool = bed.raw(done).without_scheduler().start().await.unwrap();
    bed.clock.advance(SECOND).await;
    let mut task = raw_task();
    task.when = When::After(3 * SECOND);
    bed.push_to(&bed.queue, vec![task]).await;
    bed.clock.advance(2_990 * Duration::from_millis(1)).await;
    assert_eq!(pool.stats().summary.done, 0);
    bed.clock.advance(20 * Duration::from_millis(1)).await;
    assert_eq!(pool.stats().summary.done, 1, "nobody but the wait was there to look");
    drop(pool);
}

#[tokio::test]
async fn a_lost_answer_of_a_wait_is_asked_for_by_the_same_claim() {
    let bed = Bed::new();
    let pool = bed.raw(done).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    bed.spy.forget();
    // Carried out, and its answer lost.
    bed.spy.lose_claims.store(1, std::sync::atomic::Ordering::SeqCst);
    bed.push(1).await;
    bed.clock.advance(SECOND).await;
    let claims: Vec<_> = bed
        .spy
        .calls()
        .into_iter()
        .filter_map(|call| match call {
            Call::Claim(claim) => Some(claim),
            _ => None,
        })
        .collect();
    assert_eq!(claims[0], claims[1], "the wait's and the one that asks again");
    let summary = pool.stats().summary;
    assert_eq!((summary.done, summary.lease_lost), (1, 0));
    drop(pool);
}

#[tokio::test]
async fn a_wait_that_hangs_is_given_up() {
    let bed = Bed::new();
    let pool = bed.raw(done).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    bed.spy.trouble(Some((Operation::Wait, Trouble::Hang)));
    bed.push(1).await;
    bed.clock.advance(SECOND).await;
    assert_eq!(pool.stats().summary.done, 1, "the wait under way was not in trouble");
    for round in 2..6 {
        bed.push(1).await;
        bed.clock.advance(8 * SECOND).await;
        assert_eq!(pool.stats().summary.done, round);
    }
    drop(pool);
}

#[tokio::test]
async fn a_shutdown_leaves_nothing_with_the_store() {
    let bed = Bed::new();
    let pool = bed.raw(done).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    pool.shutdown().await;
    bed.push(1).await;
    bed.clock.advance(10 * SECOND).await;
    let counts = bed.counts().await;
    assert_eq!((counts.ready, counts.running, counts.workers), (1, 0, 0));
}

#[tokio::test]
async fn a_paused_queue_gives_nothing_to_who_listens() {
    let bed = Bed::new();
    let pool = bed.raw(done).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    bed.spy.inner.pause(&bed.queue).await.unwrap();
    bed.push(2).await;
    bed.clock.advance(20 * SECOND).await;
    assert_eq!(pool.stats().summary.done, 0);
    bed.spy.inner.resume(&bed.queue).await.unwrap();
    bed.clock.advance(Duration::from_millis(1)).await;
    assert_eq!(pool.stats().summary.done, 2);
    drop(pool);
}
