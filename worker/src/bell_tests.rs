use std::sync::Mutex;

use tireless_core::Clock;

use super::*;
use crate::pool::WorkerPool;
use crate::run::{Context, Verdict};
use crate::testbed::{Bed, SECOND, queue, raw_task};

/// The queues `q`, `q1`, .. are more than a claimer listens to by itself.
fn of_nine(pool: WorkerPool) -> WorkerPool {
    (1..9).fold(pool, |pool, at| pool.queue(format!("q{at}")))
}

#[tokio::test]
async fn a_ring_of_any_queue_starts_its_task_at_once() {
    let of_three = |pool: WorkerPool| pool.queue("q1").queue("q2");
    for queues in [of_three, of_nine] {
        let bed = Bed::new();
        let started = Arc::new(Mutex::new(Vec::new()));
        let (noted, clock) = (Arc::clone(&started), bed.clock.clone());
        let pool = bed.raw(move |_: Context| {
            noted.lock().unwrap().push(clock.now());
            async { Verdict::Done }
        });
        let pool = queues(pool).start().await.unwrap();
        let mut pushed = Vec::new();
        for name in ["q2", "q", "q", "q1", "q2", "q"] {
            bed.clock.advance(Duration::from_millis(1700)).await;
            pushed.push(bed.clock.now());
            bed.push_to(&queue(name), vec![raw_task()]).await;
            bed.clock.advance(Duration::from_millis(1)).await;
        }
        assert_eq!(*started.lock().unwrap(), pushed);
        drop(pool);
    }
}

#[tokio::test]
async fn one_wait_carries_all_empty_queues() {
    let bed = Bed::new();
    let pool = of_nine(bed.raw(|_| async { Verdict::Done })).start().await.unwrap();
    bed.clock.advance(100 * SECOND).await;
    let waits = bed.spy.waits();
    assert!((9..=13).contains(&waits.len()), "{}", waits.len());
    assert!(waits[1..].iter().all(|wait| wait.queues.len() == 9));
    drop(pool);
}

#[tokio::test]
async fn a_full_pool_leaves_the_ring_to_others() {
    let bed = Bed::new();
    let clock = bed.clock.clone();
    let busy = bed.raw(move |_: Context| {
        let clock = clock.clone();
        async move {
            clock.sleep(3600 * SECOND).await;
            Verdict::Done
        }
    });
    let busy = busy.concurrency(1).start().await.unwrap();
    bed.push(1).await;
    bed.clock.advance(SECOND).await;
    bed.spy.forget();
    bed.clock.advance(60 * SECOND).await;
    assert_eq!(bed.spy.waits().len(), 0);
    let free = bed.raw(|_| async { Verdict::Done }).start().await.unwrap();
    bed.clock.advance(60 * SECOND).await;
    bed.push(1).await;
    bed.clock.advance(Duration::from_millis(1)).await;
    assert_eq!(free.stats().summary.done, 1);
    drop((busy, free));
}

#[tokio::test]
async fn a_busy_queue_does_not_keep_the_others_from_being_heard() {
    let bed = Bed::new();
    let clock = bed.clock.clone();
    let first = Arc::new(Mutex::new(None));
    let noted = Arc::clone(&first);
    let pool = bed.raw(move |context: Context| {
        let (clock, noted) = (clock.clone(), Arc::clone(&noted));
        async move {
            if context.queue().as_str() == "q" {
                noted.lock().unwrap().get_or_insert(clock.now());
            } else {
                clock.sleep(Duration::from_millis(100)).await;
            }
            Verdict::Done
        }
    });
    bed.push_to(&queue("q1"), (0..400).map(|_| raw_task()).collect()).await;
    let pool = pool.queue("q1").concurrency(3).prefetch(0).start().await.unwrap();
    bed.clock.advance(2 * SECOND).await;
    let pushed = bed.clock.now();
    bed.push(1).await;
    bed.clock.advance(2 * SECOND).await;
    let waited = first.lock().unwrap().expect("it has run") - pushed;
    assert!(waited <= Duration::from_millis(400), "{waited:?}");
    drop(pool);
}

#[tokio::test]
async fn without_a_bell_the_claimer_polls() {
    let bed = Bed::new();
    let pool = bed.raw(|_| async { Verdict::Done }).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    bed.spy.mute(true);
    bed.clock.advance(20 * SECOND).await;
    bed.push(1).await;
    bed.clock.advance(6 * SECOND).await;
    assert_eq!(pool.stats().summary.done, 1);
    drop(pool);
}

#[tokio::test]
async fn a_broker_that_does_not_wait_is_not_asked_without_end() {
    let of_one = |pool: WorkerPool| pool;
    for queues in [of_one, of_nine] {
        let bed = Bed::new();
        bed.spy.no_waits.store(true, std::sync::atomic::Ordering::SeqCst);
        let pool = queues(bed.raw(|_| async { Verdict::Done })).start().await.unwrap();
        bed.clock.advance(60 * SECOND).await;
        let waits = bed.spy.waits().len();
        assert!((5..=60).contains(&waits), "{waits}");
        bed.push(1).await;
        bed.clock.advance(6 * SECOND).await;
        assert_eq!(bed.counts().await.done, 1, "looked for all the same");
        drop(pool);
    }
}
