use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tireless_core::{Admin, Clock, Operation, When};

use super::*;
use crate::run::{Context, Verdict};
use crate::running::RunningPool;
use crate::testbed::{Bed, SECOND, Trouble, queue, raw_task};

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
async fn an_idle_pool_of_a_few_queues_leaves_a_claim_of_each() {
    let bed = Bed::new();
    let pool = bed.raw(done).queue("q1").queue("q2").start().await.unwrap();
    bed.clock.advance(60 * SECOND).await;
    let waits = bed.spy.waits();
    assert!((11..=14).contains(&waits.len()), "{}", waits.len());
    for wait in &waits {
        let claim = wait.carried().unwrap().expect("it carries one");
        assert_eq!(claim.queues.iter().map(|from| from.max).collect::<Vec<_>>(), [1, 1, 1]);
    }
    bed.spy.forget();
    bed.clock.advance(60 * SECOND).await;
    assert_eq!(bed.spy.claims().len(), bed.spy.waits().len(), "each look is the end of a wait");
    drop(pool);
}

#[tokio::test]
async fn after_an_outage_an_idle_pool_leaves_claims_with_the_store_again() {
    let bed = Bed::new();
    let pool = bed.raw(done).queue("q1").queue("q2").start().await.unwrap();
    bed.clock.advance(20 * SECOND).await;
    bed.spy.cut_off(Some((queue("q1"), tireless_core::ErrorKind::Timeout)));
    bed.clock.advance(14 * SECOND).await;
    bed.spy.cut_off(None);
    bed.clock.advance(30 * SECOND).await;
    bed.spy.forget();
    bed.clock.advance(60 * SECOND).await;
    let waits = bed.spy.waits();
    assert!((11..=14).contains(&waits.len()), "{}", waits.len());
    assert!(waits.iter().all(|wait| wait.carried().is_ok_and(|claim| claim.is_some())));
    drop(pool);
}

#[tokio::test]
async fn many_queues_and_several_with_inboxes_are_left_to_the_bell() {
    let bed = Bed::new();
    let many = (1..9).fold(bed.raw(done), |pool, at| pool.queue(format!("q{at}")));
    let inboxes = bed.raw(done).inbox(true).queue("q1");
    for pool in [many, inboxes] {
        bed.spy.forget();
        let pool = pool.concurrency(20).start().await.unwrap();
        bed.clock.advance(20 * SECOND).await;
        let waits = bed.spy.waits();
        assert!(!waits.is_empty() && waits.iter().all(|wait| wait.claim.is_none()));
        pool.shutdown().await;
    }
}

#[tokio::test]
async fn a_pool_with_too_few_free_slots_hears_its_bell_first() {
    let bed = Bed::new();
    let clock = bed.clock.clone();
    let pool = bed.raw(move |context: Context| {
        let clock = clock.clone();
        async move {
            if context.queue().as_str() == "q" {
                clock.sleep(20 * SECOND).await;
            }
            Verdict::Done
        }
    });
    let pool = pool.queue("q1").queue("q2").concurrency(3).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    bed.push(1).await;
    bed.clock.advance(SECOND).await;
    bed.spy.forget();
    bed.clock.advance(11 * SECOND).await;
    let waits = bed.spy.waits();
    assert!(!waits.is_empty() && waits.iter().all(|wait| wait.claim.is_none()), "{waits:?}");
    bed.push_to(&queue("q2"), vec![raw_task()]).await;
    bed.clock.advance(Duration::from_millis(1)).await;
    assert_eq!(pool.stats().summary.done, 1, "it was heard");
    bed.clock.advance(20 * SECOND).await;
    bed.spy.forget();
    bed.clock.advance(11 * SECOND).await;
    let waits = bed.spy.waits();
    assert!(!waits.is_empty() && waits.iter().all(|wait| wait.claim.is_some()), "{waits:?}");
    drop(pool);
}

#[tokio::test]
async fn of_what_rings_together_the_first_queue_goes_first() {
    let bed = Bed::new();
    let ran = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&ran);
    let pool = bed.raw(move |context: Context| {
        noted.lock().unwrap().push(context.queue().to_string());
        async { Verdict::Done }
    });
    let pool = pool.queue("q1").queue("q2").start().await.unwrap();
    bed.clock.advance(SECOND).await;
    for name in ["q2", "q1", "q"] {
        bed.push_to(&queue(name), vec![raw_task()]).await;
    }
    bed.clock.advance(Duration::from_millis(1)).await;
    assert_eq!(*ran.lock().unwrap(), ["q", "q1", "q2"]);
    drop(pool);
}

#[tokio::test]
async fn a_lost_answer_of_a_wait_for_several_queues_loses_nothing() {
    let bed = Bed::new();
    let pool = bed.raw(done).queue("q1").start().await.unwrap();
    bed.clock.advance(SECOND).await;
    bed.spy.forget();
    bed.spy.lose_claims.store(1, Ordering::SeqCst);
    bed.push(1).await;
    bed.push_to(&queue("q1"), vec![raw_task()]).await;
    bed.clock.advance(Duration::from_millis(1)).await;
    assert_eq!(pool.stats().summary.done, 2);
    let claims = bed.spy.claims();
    assert_eq!(claims[0], claims[1], "the wait's and the one that asks again");
    drop(pool);
}

/// A pool of three slots for `q`, whose tasks run for four seconds and so leave too few slots for who
/// listens with a claim of each queue, and for `q1` and `q2`, whose runs are counted.
async fn taking_turns(bed: &Bed) -> (RunningPool, Arc<AtomicUsize>) {
    let (clock, heard) = (bed.clock.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&heard);
    let pool = bed.raw(move |context: Context| {
        let (clock, counted) = (clock.clone(), Arc::clone(&counted));
        async move {
            if context.queue().as_str() == "q" {
                clock.sleep(4 * SECOND).await;
            } else {
                counted.fetch_add(1, Ordering::SeqCst);
            }
            Verdict::Done
        }
    });
    (pool.queue("q1").queue("q2").concurrency(3).start().await.unwrap(), heard)
}

fn alone(wait: &Wait) -> bool {
    wait.claim.is_none()
}

#[tokio::test]
async fn no_ring_is_missed_while_bell_and_claimer_take_turns_in_listening() {
    let bed = Bed::new();
    let (pool, heard) = taking_turns(&bed).await;
    for pushed in 1..=100 {
        if pushed % 30 == 10 {
            bed.push(1).await;
        }
        bed.clock.advance(Duration::from_millis(370)).await;
        bed.push_to(&queue(["q1", "q2"][pushed % 2]), vec![raw_task()]).await;
        bed.clock.advance(Duration::from_millis(1)).await;
        assert_eq!(heard.load(Ordering::SeqCst), pushed);
    }
    assert!(bed.spy.waits().iter().any(alone) && !bed.spy.waits().iter().all(alone));
    bed.clock.advance(20 * SECOND).await;
    bed.spy.forget();
    bed.clock.advance(60 * SECOND).await;
    assert!(!bed.spy.waits().iter().any(alone));
    assert!((11..=14).contains(&bed.spy.claims().len()), "{}", bed.spy.claims().len());
    drop(pool);
}

#[tokio::test]
async fn what_the_bell_hears_while_the_claimer_takes_over_is_claimed_at_once() {
    let bed = Bed::new();
    let (pool, heard) = taking_turns(&bed).await;
    bed.push(1).await;
    bed.clock.advance(SECOND).await;
    bed.spy.forget();
    let taken_over = || !bed.spy.waits().iter().all(alone);
    assert!(bed.clock.advance_until(10 * SECOND, taken_over).await, "its long run has ended");
    bed.push_to(&queue("q1"), vec![raw_task()]).await;
    bed.clock.advance(Duration::from_millis(1)).await;
    assert_eq!(heard.load(Ordering::SeqCst), 1);
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
async fn what_comes_after_a_pause_is_not_hoarded_because_others_were_quick() {
    let bed = Bed::new();
    let (clock, slow) = (bed.clock.clone(), Arc::new(AtomicBool::new(false)));
    let is_slow = Arc::clone(&slow);
    let pool = bed.raw(move |_: Context| {
        let (clock, slow) = (clock.clone(), is_slow.load(Ordering::SeqCst));
        async move {
            clock.sleep(if slow { SECOND } else { Duration::from_micros(100) }).await;
            Verdict::Done
        }
    });
    bed.push(2_000).await;
    let pool = pool.concurrency(2).start().await.unwrap();
    bed.clock.advance(3 * SECOND).await;
    assert_eq!(pool.stats().summary.done, 2_000);
    slow.store(true, Ordering::SeqCst);
    bed.push(50).await;
    bed.clock.advance(Duration::from_millis(10)).await;
    let stats = pool.stats();
    assert!(stats.running == 2 && stats.waiting <= 2, "{stats:?}");
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
    bed.spy.lose_claims.store(1, Ordering::SeqCst);
    bed.push(1).await;
    bed.clock.advance(SECOND).await;
    let claims = bed.spy.claims();
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
