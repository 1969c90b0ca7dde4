use std::sync::atomic::{AtomicUsize, Ordering};

use tireless_core::Clock;

use super::*;
use crate::run::{Context, Verdict};
use crate::testbed::{Bed, Call, SECOND, queue};

async fn done(_: Context) -> Verdict {
    Verdict::Done
}

#[tokio::test]
async fn an_idle_pool_sends_less_than_a_call_a_second_over_any_number_of_queues() {
    for queues in [1, 5] {
        let bed = Bed::new();
        let mut pool = bed.raw(done);
        for at in 1..queues {
            pool = pool.queue(format!("q{at}"));
        }
        let pool = pool.start().await.unwrap();
        bed.clock.advance(60 * SECOND).await;
        bed.spy.forget();
        bed.clock.advance(600 * SECOND).await;
        let calls = bed.spy.calls().len();
        assert!((300..=600).contains(&calls), "{calls} calls in 600 s over {queues} queues");
        drop(pool);
    }
}

#[tokio::test]
async fn each_of_many_idle_queues_is_looked_at_every_five_seconds_and_not_more() {
    let bed = Bed::new();
    let mut pool = bed.raw(done).concurrency(10);
    for at in 1..300 {
        pool = pool.queue_weighted(format!("q{at}"), 1);
    }
    let pool = pool.start().await.unwrap();
    bed.clock.advance(20 * SECOND).await;
    bed.spy.forget();
    bed.clock.advance(60 * SECOND).await;
    let looks: usize = bed.spy.claims().iter().map(|claim| claim.queues.len()).sum();
    assert!((300 * 11..=300 * 13).contains(&looks), "{looks} looks at 300 queues in 60 s");
    drop(pool);
}

#[tokio::test]
async fn no_more_claims_are_held_than_one_renewal_names() {
    let bed = Bed::new();
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let closed = Arc::clone(&gate);
    let pool = bed.raw(move |_| {
        let gate = Arc::clone(&closed);
        async move {
            gate.acquire().await.unwrap().forget();
            Verdict::Done
        }
    });
    let pool = pool.concurrency(20_000).start().await.unwrap();
    for _ in 0..10_200 {
        bed.push(1).await;
        bed.clock.advance(Duration::from_millis(1)).await;
    }
    bed.clock.advance(2 * SECOND).await;
    let held = pool.stats().held;
    assert!((9_900..10_000).contains(&held), "{held}");
    // One that ends makes room for others.
    gate.add_permits(1);
    bed.clock.advance(2 * SECOND).await;
    assert_eq!((pool.stats().summary.done, pool.stats().held), (1, held));
    drop(pool);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_with_the_same_number() {
    let bed = Bed::new();
    bed.push(3).await;
    bed.spy.lose_claims.store(1, Ordering::SeqCst);
    let pool = bed.raw(done).start().await.unwrap();
    bed.clock.advance(2 * SECOND).await;
    let claims = bed.spy.claims();
    assert_eq!(claims[1], claims[0]);
    assert!(claims[2].number > claims[1].number);
    assert_eq!(pool.stats().summary.done, 3);
    drop(pool);
}

#[tokio::test]
async fn a_lost_settle_does_not_run_anything_twice() {
    let bed = Bed::new();
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let pool = bed.raw(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        async { Verdict::Done }
    });
    bed.push(3).await;
    bed.spy.lose_settle.store(true, Ordering::SeqCst);
    let pool = pool.start().await.unwrap();
    bed.clock.advance(60 * SECOND).await;
    let summary = pool.stats().summary;
    assert_eq!((summary.done, summary.lease_lost, runs.load(Ordering::SeqCst)), (3, 0, 3));
    drop(pool);
}

#[tokio::test]
async fn the_other_queue_goes_on_while_one_answer_is_lost() {
    let bed = Bed::new();
    let pool = bed.raw(done).queue("q1").start().await.unwrap();
    bed.clock.advance(SECOND).await;
    // Asked for again, the answer is there after a third of a second at the earliest.
    bed.spy.lose_claims.store(3, Ordering::SeqCst);
    bed.push(1).await;
    bed.clock.advance(Duration::from_millis(10)).await;
    bed.push_to(&queue("q1"), vec![crate::testbed::raw_task()]).await;
    bed.clock.advance(Duration::from_millis(100)).await;
    assert_eq!(pool.stats().summary.done, 1);
    bed.clock.advance(SECOND).await;
    assert_eq!(pool.stats().summary.done, 2);
    drop(pool);
}

#[tokio::test]
async fn claims_are_large_when_handlers_are_quick() {
    let bed = Bed::new();
    bed.push(10_000).await;
    let pool = bed.raw(done).concurrency(8).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    assert_eq!(pool.stats().summary.done, 10_000);
    let calls = bed.spy.claims().len();
    assert!(calls <= 40, "{calls} claims");
    drop(pool);
}

#[tokio::test]
async fn of_many_queues_with_quick_tasks_each_is_asked_for_many() {
    let bed = Bed::new();
    let mut pool = bed.pool().route(crate::testbed::raw(|_| async { Verdict::Done }));
    for at in 0..100 {
        let name = format!("q{at}");
        bed.push_to(&queue(&name), (0..100).map(|_| crate::testbed::raw_task()).collect()).await;
        pool = pool.queue_weighted(name, 1);
    }
    let pool = pool.concurrency(10).start().await.unwrap();
    bed.clock.advance(4 * SECOND).await;
    assert_eq!(pool.stats().summary.done, 10_000);
    let asked = |call| if let Call::Claim(claim) = call { claim.queues } else { Vec::new() };
    let asked = bed.spy.calls().into_iter().flat_map(asked).filter(|from| from.max > 0).count();
    // A call a task at first, until they have proved quick; then 62 at once.
    assert!(asked <= 600, "{asked}");
    drop(pool);
}

#[tokio::test]
async fn what_a_lost_claim_took_is_not_hidden_behind_long_runs() {
    let bed = Bed::new();
    let clock = bed.clock.clone();
    let pool = bed.raw(move |context: Context| {
        let clock = clock.clone();
        async move {
            if context.queue().as_str() == "q1" {
                clock.sleep(3600 * SECOND).await;
            }
            Verdict::Done
        }
    });
    let pool = pool.queue("q1").concurrency(2).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    // The one that a wait carried, and the same by itself, twice.
    bed.spy.lose_claims.store(3, Ordering::SeqCst);
    bed.push(2).await;
    bed.clock.advance(Duration::from_millis(5)).await;
    let long = vec![crate::testbed::raw_task(), crate::testbed::raw_task()];
    bed.push_to(&queue("q1"), long).await;
    bed.clock.advance(30 * SECOND).await;
    assert_eq!(pool.stats().running, 2);
    let counts = bed.counts().await;
    assert_eq!((counts.ready, counts.running), (2, 0));
    drop(pool);
}
