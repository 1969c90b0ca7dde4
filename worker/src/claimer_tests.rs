use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tireless_core::{Admin, Broker, Claim, ClaimFrom, ClaimMode, Clock, Renew, Tick, WorkerId};

use super::*;
use crate::run::{Context, Verdict};
use crate::testbed::{Bed, Call, SECOND, queue};

async fn done(_: Context) -> Verdict {
    Verdict::Done
}

fn claims(calls: &[Call]) -> Vec<Claim> {
    let claim = |call: &Call| match call {
        Call::Claim(claim) => Some(claim.clone()),
        _ => None,
    };
    calls.iter().filter_map(claim).collect()
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
    let looks: usize = claims(&bed.spy.calls()).iter().map(|claim| claim.queues.len()).sum();
    assert!((300 * 11..=300 * 13).contains(&looks), "{looks} looks at 300 queues in 60 s");
    drop(pool);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_with_the_same_number() {
    let bed = Bed::new();
    bed.push(3).await;
    bed.spy.lose_claims.store(1, Ordering::SeqCst);
    let pool = bed.raw(done).start().await.unwrap();
    bed.clock.advance(2 * SECOND).await;
    let claims = claims(&bed.spy.calls());
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

/// Has a worker that dies claim everything, so that it all comes back with one crash more.
async fn crash(bed: &Bed, count: usize) {
    crash_in(bed, &bed.queue, count).await;
}

async fn crash_in(bed: &Bed, queue: &tireless_core::QueueName, count: usize) {
    let worker = WorkerId::new();
    let from = ClaimFrom { queue: queue.clone(), max: count, inbox: false };
    for mode in [ClaimMode::Shared, ClaimMode::Alone] {
        let number = if mode == ClaimMode::Shared { 1 } else { 2 };
        let queues = vec![from.clone()];
        bed.spy.inner.claim(&Claim { worker, number, lease: SECOND, mode, queues }).await;
    }
    bed.clock.advance(2 * SECOND).await;
    let not_after = tireless_core::StoreTime::from_millis(u64::MAX);
    let reclaim = Some(tireless_core::Reclaim { not_after, lone_crashes: 3 });
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
            Call::Renew(Renew { .. }) | Call::Wait(_) | Call::Tick => {}
        }
    }
    drop(pool);
}

#[tokio::test]
async fn claims_are_large_when_handlers_are_quick() {
    let bed = Bed::new();
    bed.push(10_000).await;
    let pool = bed.raw(done).concurrency(8).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    assert_eq!(pool.stats().summary.done, 10_000);
    let calls = claims(&bed.spy.calls()).len();
    assert!(calls <= 40, "{calls} claims");
    drop(pool);
}

/// A pool of so many slots far from its store, whose tasks take this long each and end like this.
async fn far(bed: &Bed, slots: usize, each: Duration, end: fn() -> Verdict) -> crate::RunningPool {
    bed.spy.answers_take(Duration::from_millis(5));
    let clock = bed.clock.clone();
    let pool = bed.raw(move |_| {
        let clock = clock.clone();
        async move {
            clock.sleep(each).await;
            end()
        }
    });
    pool.concurrency(slots).start().await.unwrap()
}

#[tokio::test]
async fn claims_and_acks_go_side_by_side_while_tasks_are_quick() {
    let bed = Bed::new();
    bed.push(20_000).await;
    let pool = far(&bed, 100, Duration::from_micros(200), || Verdict::Done).await;
    bed.clock.advance(SECOND).await;
    assert_eq!(pool.stats().summary.done, 20_000);
    let (claims, settles) = (bed.spy.most_claims(), bed.spy.most_settles());
    assert!((2..=8).contains(&claims), "{claims} claims in flight");
    assert!((2..=4).contains(&settles), "{settles} settles in flight");
    drop(pool);
}

#[tokio::test]
async fn other_outcomes_are_written_by_one_call_after_the_other() {
    let bed = Bed::new();
    bed.push(5_000).await;
    let snooze = || Verdict::Snooze(3600 * SECOND);
    let pool = far(&bed, 100, Duration::from_micros(200), snooze).await;
    bed.clock.advance(SECOND).await;
    assert_eq!((pool.stats().summary.snoozed, bed.spy.most_settles()), (5_000, 1));
    drop(pool);
}

#[tokio::test]
async fn no_more_are_kept_ready_than_was_said() {
    let bed = Bed::new();
    bed.push(20_000).await;
    let pool = far(&bed, 100, Duration::from_millis(1), || Verdict::Done).await;
    bed.spy.answers_take(Duration::from_micros(400));
    let mut most = 0;
    while pool.stats().summary.done < 20_000 {
        bed.clock.advance(Duration::from_micros(100)).await;
        most = most.max(pool.stats().running + pool.stats().waiting);
    }
    assert!((600..=1100).contains(&most), "{most} at a time");
    drop(pool);
}

#[tokio::test]
async fn one_claim_at_a_time_is_enough_while_tasks_are_slow() {
    let bed = Bed::new();
    bed.push(1000).await;
    let pool = far(&bed, 10, Duration::from_millis(150), || Verdict::Done).await;
    bed.clock.advance(30 * SECOND).await;
    assert_eq!((pool.stats().summary.done, bed.spy.most_claims()), (1000, 1));
    drop(pool);
}

#[tokio::test]
async fn a_stop_gives_back_what_claims_in_flight_take() {
    let bed = Bed::new();
    bed.push(20_000).await;
    let pool = far(&bed, 100, Duration::from_micros(200), || Verdict::Done).await;
    bed.clock.advance_until(SECOND, || bed.spy.most_claims() > 1).await;
    let stopped = tokio::spawn(pool.shutdown());
    bed.clock.advance(2 * SECOND).await;
    let summary = stopped.await.unwrap();
    let counts = bed.counts().await;
    assert_eq!((counts.running, summary.lease_lost), (0, 0));
    assert_eq!((counts.ready + summary.done, counts.done), (20_000, summary.done));
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
    let alone: Vec<Claim> = claims(&bed.spy.calls())
        .into_iter()
        .filter(|claim| claim.mode == ClaimMode::Alone)
        .collect();
    let asked = |at: usize| alone[at].queues.iter().map(|from| from.max).collect::<Vec<_>>();
    assert_eq!((alone[1].number, asked(0), asked(1)), (alone[0].number, vec![1, 1], vec![0]));
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
        let reclaim = Some(tireless_core::Reclaim { not_after, lone_crashes: 3 });
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
