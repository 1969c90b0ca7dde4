use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tireless_core::{Admin, Broker, Claim, ClaimFrom, Clock, Renew, Tick, WorkerId};

use super::*;
use crate::run::{Context, Verdict};
use crate::testbed::{Bed, Call, SECOND, queue};

/// Has a worker that dies claim everything, so that it all comes back with one crash more.
async fn crash(bed: &Bed, count: usize) {
    crash_in(bed, &bed.queue, count).await;
}

pub(in crate::claimer) async fn crash_in(
    bed: &Bed,
    queue: &tireless_core::QueueName,
    count: usize,
) {
    let worker = WorkerId::new();
    let from = ClaimFrom { queue: queue.clone(), max: count, inbox: false };
    for mode in [ClaimMode::Shared, ClaimMode::Alone] {
        let number = if mode == ClaimMode::Shared { 1 } else { 2 };
        let queues = vec![from.clone()];
        bed.spy.inner.claim(&Claim { worker, number, lease: SECOND, mode, queues }).await;
    }
    bed.clock.advance(2 * SECOND).await;
    let not_after = tireless_core::StoreTime::from_millis(u64::MAX);
    let reclaim = Some(tireless_core::Reclaim { not_after, bury_after_crashes: 3 });
    let tick =
        Tick { queues: vec![queue.clone()], limit: 1000, beat: 5 * SECOND, anew: false, reclaim };
    bed.spy.inner.tick(&tick).await;
}

#[tokio::test]
async fn suspects_run_alone_and_the_others_side_by_side() {
    let bed = Bed::new();
    let suspects = bed.push(3).await;
    crash(&bed, 3).await;
    crash(&bed, 3).await;
    assert_eq!(bed.counts().await.suspects, 3);
    let others = bed.push(40).await;
    let beside = Arc::new(Mutex::new(Vec::new()));
    let running = Arc::new(AtomicUsize::new(0));
    let (noted, counted, clock) = (Arc::clone(&beside), Arc::clone(&running), bed.clock.clone());
    let pool = bed.raw(move |context: Context| {
        let (noted, counted, clock) = (Arc::clone(&noted), Arc::clone(&counted), clock.clone());
        async move {
            let before = counted.fetch_add(1, Ordering::SeqCst);
            clock.sleep(Duration::from_millis(50)).await;
            let after = counted.fetch_sub(1, Ordering::SeqCst) - 1;
            noted.lock().unwrap().push((context.id(), before.max(after)));
            Verdict::Done
        }
    });
    let pool = pool.queue("q1").concurrency(4).start().await.unwrap();
    bed.clock.advance(10 * SECOND).await;
    assert_eq!(pool.stats().summary.done, 43);
    let beside = beside.lock().unwrap();
    let most = |ids: &[tireless_core::TaskId]| {
        beside.iter().filter(|(id, _)| ids.contains(id)).map(|(_, count)| *count).max()
    };
    assert_eq!(most(&suspects), Some(0));
    assert!(most(&others) > Some(0));
    // While a suspect is held no other claim is made.
    let mut alone = false;
    for call in bed.spy.calls() {
        match call {
            Call::Claim(claim) => {
                assert!(!alone, "{claim:?}");
                alone = claim.mode == ClaimMode::Alone;
            }
            Call::Settle => alone = false,
            Call::Renew(Renew { .. }) | Call::Wait(_) | Call::Tick(_) => {}
        }
    }
    drop(pool);
}

#[tokio::test]
async fn a_lost_answer_does_not_bring_a_second_suspect_beside_the_first() {
    let bed = Bed::new();
    let q1 = queue("q1");
    for q in [&bed.queue, &q1] {
        bed.push_to(q, vec![crate::testbed::raw_task()]).await;
        crash_in(&bed, q, 1).await;
        crash_in(&bed, q, 1).await;
    }
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (running, noted, clock) = (Arc::clone(&now), Arc::clone(&most), bed.clock.clone());
    let pool = bed.raw(move |_| {
        let (running, noted, clock) = (Arc::clone(&running), Arc::clone(&noted), clock.clone());
        async move {
            noted.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            clock.sleep(10 * SECOND).await;
            running.fetch_sub(1, Ordering::SeqCst);
            Verdict::Done
        }
    });
    bed.spy.lose_alone_tail.store(1, Ordering::SeqCst);
    let pool = pool.queue("q1").start().await.unwrap();
    bed.clock.advance(60 * SECOND).await;
    assert_eq!(bed.spy.lose_alone_tail.load(Ordering::SeqCst), 0);
    assert_eq!((pool.stats().summary.done, most.load(Ordering::SeqCst)), (2, 1));
    let alone: Vec<Claim> =
        bed.spy.claims().into_iter().filter(|claim| claim.mode == ClaimMode::Alone).collect();
    let asked = |at: usize| alone[at].queues.iter().map(|from| from.max).collect::<Vec<_>>();
    assert_eq!((alone[1].number, asked(0), asked(1)), (alone[0].number, vec![1, 1], vec![0]));
    drop(pool);
}

#[tokio::test]
async fn a_lost_suspect_is_asked_for_before_anything_else_whatever_becomes_of_the_copies() {
    let bed = Bed::new();
    bed.push(1).await;
    crash(&bed, 1).await;
    crash(&bed, 1).await;
    bed.push(5).await;
    bed.spy.lose_alone.store(1, Ordering::SeqCst);
    bed.spy.unsent_claims.store(2, Ordering::SeqCst);
    let pool = bed.raw(|_| async { Verdict::Done }).start().await.unwrap();
    bed.clock.advance(10 * SECOND).await;
    assert_eq!(pool.stats().summary.done, 6);
    let claims = bed.spy.claims();
    let first = claims.iter().position(|claim| claim.mode == ClaimMode::Alone).unwrap();
    let number = claims[first].number;
    assert!(claims[first..first + 4].iter().all(|claim| claim.number == number), "{claims:?}");
    drop(pool);
}

#[tokio::test]
async fn a_suspect_beside_a_long_run_does_not_starve_the_others() {
    let bed = Bed::new();
    let (q1, long) = (queue("q1"), bed.push(1).await[0]);
    let clock = bed.clock.clone();
    let pool = bed.raw(move |context: Context| {
        let clock = clock.clone();
        async move {
            if context.id() == long {
                clock.sleep(3600 * SECOND).await;
            }
            Verdict::Done
        }
    });
    let pool = pool.queue("q1").concurrency(4).without_scheduler().start().await.unwrap();
    bed.clock.advance(SECOND).await;
    assert_eq!(pool.stats().running, 1);
    // A queue that pauses gives nothing to the pool while another worker crashes over it.
    bed.spy.inner.pause(&bed.queue).await.unwrap();
    bed.clock.advance(6 * SECOND).await;
    bed.push(1).await;
    for _ in 0..2 {
        bed.spy.inner.resume(&bed.queue).await.unwrap();
        let (worker, queue) = (WorkerId::new(), bed.queue.clone());
        let queues = vec![ClaimFrom { queue, max: 1, inbox: false }];
        let lease = Duration::from_millis(1);
        let claim = Claim { worker, number: 1, lease, mode: ClaimMode::Shared, queues };
        bed.spy.inner.claim(&claim).await;
        bed.spy.inner.pause(&bed.queue).await.unwrap();
        bed.clock.advance(Duration::from_millis(10)).await;
        let not_after = tireless_core::StoreTime::from_millis(u64::MAX);
        let reclaim = Some(tireless_core::Reclaim { not_after, bury_after_crashes: 3 });
        let tick = Tick {
            queues: vec![bed.queue.clone()],
            limit: 1000,
            beat: 5 * SECOND,
            anew: false,
            reclaim,
        };
        bed.spy.inner.tick(&tick).await;
    }
    bed.spy.inner.resume(&bed.queue).await.unwrap();
    assert_eq!(bed.counts().await.suspects, 1);
    bed.clock.advance(8 * SECOND).await;
    let others = (0..100).map(|_| crate::testbed::raw_task()).collect();
    bed.push_to(&q1, others).await;
    bed.clock.advance(40 * SECOND).await;
    assert_eq!((pool.stats().summary.done, bed.counts().await.suspects), (100, 1));
    drop(pool);
}

/// A pool of two queues whose only suspect ends at once and whose outcomes cannot be written; how
/// many tasks of the other queue it runs.
async fn others_beside_an_unwritten_suspect(hold_until_settled: bool) -> usize {
    let (bed, q1) = (Bed::new(), queue("q1"));
    bed.push(1).await;
    crash(&bed, 1).await;
    crash(&bed, 1).await;
    let others = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&others);
    let pool = bed.raw(move |context: Context| {
        let is_other = context.queue().as_str() == "q1";
        counted.fetch_add(usize::from(is_other), Ordering::SeqCst);
        async { Verdict::Done }
    });
    bed.spy.deny_settles(true);
    let pool = pool.queue("q1").concurrency(4).hold_until_settled(hold_until_settled);
    let pool = pool.start().await.unwrap();
    bed.clock.advance(5 * SECOND).await;
    assert_eq!(pool.stats().held, 1, "the suspect has run, and is kept");
    bed.push_to(&q1, (0..3).map(|_| crate::testbed::raw_task()).collect()).await;
    bed.clock.advance(8 * SECOND).await;
    assert_eq!(others.load(Ordering::SeqCst), 0, "what kills the process is charged to it");
    bed.clock.advance(5 * SECOND).await;
    bed.spy.deny_settles(false);
    let runs = others.load(Ordering::SeqCst);
    bed.clock.advance(10 * SECOND).await;
    assert_eq!(pool.stats().summary.done, 4);
    drop(pool);
    runs
}

#[tokio::test]
async fn a_suspect_whose_outcome_cannot_be_written_does_not_starve_the_others() {
    for hold_until_settled in [false, true] {
        assert_eq!(others_beside_an_unwritten_suspect(hold_until_settled).await, 3);
    }
}

#[tokio::test]
async fn over_a_slow_link_a_suspect_waits_until_what_was_given_up_is_back() {
    let bed = Bed::new();
    let suspect = bed.push(1).await[0];
    crash(&bed, 1).await;
    crash(&bed, 1).await;
    bed.push(20).await;
    bed.spy.link.each_takes(2 * SECOND);
    let beside = Arc::new(Mutex::new(None));
    let (noted, store, queue) = (Arc::clone(&beside), bed.spy.inner.clone(), bed.queue.clone());
    let pool = bed.raw(move |context: Context| {
        let (noted, store, queue) = (Arc::clone(&noted), store.clone(), queue.clone());
        async move {
            if context.id() == suspect {
                let counts = tireless_core::Inspect::counts(&store, &queue).await.unwrap();
                *noted.lock().unwrap() = Some(counts.running - 1);
            }
            Verdict::Done
        }
    });
    let pool = pool.concurrency(10).start().await.unwrap();
    bed.clock.advance(90 * SECOND).await;
    assert!(bed.spy.link.lost() > 0);
    assert_eq!((pool.stats().summary.done, *beside.lock().unwrap()), (21, Some(0)));
    drop(pool);
}

#[tokio::test]
async fn what_was_given_up_of_a_queue_that_stays_away_keeps_no_suspect_of_others_waiting() {
    let (bed, q1) = (Bed::new(), queue("q1"));
    bed.push(1).await;
    crash(&bed, 1).await;
    crash(&bed, 1).await;
    bed.spy.cut_off(Some((q1.clone(), tireless_core::ErrorKind::Timeout)));
    let pool = bed.pool().route(crate::testbed::raw(|_| async { Verdict::Done }));
    let pool = pool.queue_weighted("q", 1).queue_weighted("q1", 3);
    let pool = pool.concurrency(10).start().await.unwrap();
    bed.clock.advance(30 * SECOND).await;
    let of_q1 = |claim: Claim| claim.queues.into_iter().find(|from| from.queue == q1);
    let asked: Vec<usize> =
        bed.spy.claims().into_iter().filter_map(of_q1).map(|from| from.max).collect();
    assert!(asked[0] > 1 && asked.ends_with(&[0]), "the large one was given up: {asked:?}");
    assert_eq!(pool.stats().summary.done, 1);
    drop(pool);
}

/// A pool of four slots for `q`, whose outcomes cannot be written, and `q1` with many tasks of a tenth of
/// a second; when those of `q1` began.
async fn beside_unwritable(bed: &Bed) -> (crate::RunningPool, Arc<Mutex<Vec<Duration>>>) {
    let began = Arc::new(Mutex::new(Vec::new()));
    let (noted, clock) = (Arc::clone(&began), bed.clock.clone());
    let pool = bed.raw(move |context: Context| {
        let (noted, clock) = (Arc::clone(&noted), clock.clone());
        async move {
            if context.queue().as_str() == "q1" {
                noted.lock().unwrap().push(clock.monotonic());
                clock.sleep(Duration::from_millis(100)).await;
            }
            Verdict::Done
        }
    });
    bed.push_to(&queue("q1"), (0..10_000).map(|_| crate::testbed::raw_task()).collect()).await;
    bed.spy.deny_settles_of(Some(bed.queue.clone()));
    let pool = pool.queue_weighted("q1", 1).concurrency(4).start().await.unwrap();
    (pool, began)
}

fn longest_pause_of(began: &Mutex<Vec<Duration>>) -> Duration {
    let began = began.lock().unwrap();
    began.windows(2).map(|two| two[1] - two[0]).max().unwrap()
}

#[tokio::test]
async fn nobody_keeps_empty_for_a_suspect_while_outcomes_cannot_be_written() {
    let bed = Bed::new();
    bed.push(1).await;
    crash(&bed, 1).await;
    crash(&bed, 1).await;
    bed.push(1).await;
    let (pool, began) = beside_unwritable(&bed).await;
    bed.clock.advance(60 * SECOND).await;
    let pause = longest_pause_of(&began);
    let count = began.lock().unwrap().len();
    assert!(count >= 2350 && pause < SECOND, "{count} of 2400 began, the longest pause {pause:?}");
    bed.spy.deny_settles_of(None);
    bed.clock.advance(30 * SECOND).await;
    let counts = bed.counts().await;
    assert_eq!((counts.done, counts.suspects), (2, 0), "now it keeps empty");
    drop(pool);
}
