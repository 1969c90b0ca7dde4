use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tireless_core::{Clock, ReleaseReason};

use super::*;
use crate::RunningPool;
use crate::events::Event;
use crate::run::Verdict;
use crate::testbed::{Bed, SECOND};

#[test]
fn the_hoard_is_what_starts_within_a_tenth_of_a_second() {
    let hoard = |mean| by_mean(&Load { mean, ..Load::default() }, 10, 1000);
    assert_eq!(hoard(None), 0);
    assert_eq!(hoard(Some(Duration::from_secs(1))), 0);
    assert_eq!(hoard(Some(Duration::from_millis(10))), 100);
    assert_eq!(hoard(Some(Duration::ZERO)), 1000);
}

/// Pools whose tasks take no time, or this long once it is said.
async fn pools(
    bed: &Bed,
    count: usize,
    slots: usize,
    long: Duration,
) -> (Vec<RunningPool>, Arc<AtomicBool>) {
    let slow = Arc::new(AtomicBool::new(false));
    let mut pools = Vec::new();
    for _ in 0..count {
        let (slow, clock) = (Arc::clone(&slow), bed.clock.clone());
        let pool = bed.raw(move |_| {
            let (slow, clock) = (slow.load(Ordering::SeqCst), clock.clone());
            async move {
                if slow {
                    clock.sleep(long).await;
                }
                Verdict::Done
            }
        });
        pools.push(pool.concurrency(slots).start().await.unwrap());
    }
    (pools, slow)
}

fn done(pools: &[RunningPool]) -> u64 {
    pools.iter().map(|pool| pool.stats().summary.done).sum()
}

/// How long a thousand tasks of a tenth of a second take.
async fn thousand(bed: &Bed, pools: &[RunningPool]) -> Duration {
    let (began, before) = (bed.clock.now(), done(pools));
    bed.push(1000).await;
    bed.clock.advance_until(60 * SECOND, || done(pools) >= before + 1000).await;
    bed.clock.now() - began
}

#[test]
fn the_quicker_tasks_are_the_more_of_a_queue_are_worth_a_call() {
    let shares = [1, 200, 300, 1000, 5000].map(worth_a_call);
    assert_eq!(shares, [16, 16, 18, 62, 64]);
}

#[tokio::test]
async fn idle_pools_share_what_comes_also_after_quick_tasks() {
    let bed = Bed::new();
    let (pools, slow) = pools(&bed, 10, 10, Duration::from_millis(100)).await;
    bed.clock.advance(SECOND).await;
    slow.store(true, Ordering::SeqCst);
    let took = thousand(&bed, &pools).await;
    assert!(took <= 2 * SECOND, "at first: {took:?}");
    slow.store(false, Ordering::SeqCst);
    for _ in 0..40 {
        bed.push(1000).await;
        bed.clock.advance(Duration::from_millis(200)).await;
    }
    assert_eq!(done(&pools), 41_000);
    slow.store(true, Ordering::SeqCst);
    let took = thousand(&bed, &pools).await;
    assert!(took <= 2 * SECOND, "after quick tasks: {took:?}");
    drop(pools);
}

#[tokio::test]
async fn what_waits_behind_long_runs_is_given_to_pools_that_are_idle() {
    let bed = Bed::new();
    let (warm, slow) = pools(&bed, 2, 2, 3600 * SECOND).await;
    for _ in 0..10 {
        bed.push(100).await;
        bed.clock.advance(Duration::from_millis(50)).await;
    }
    slow.store(true, Ordering::SeqCst);
    bed.push(4).await;
    bed.clock.advance(10 * SECOND).await;
    let loads: Vec<_> =
        warm.iter().map(|pool| (pool.stats().running, pool.stats().waiting)).collect();
    assert_eq!(loads, [(2, 0), (2, 0)]);
    drop(warm);
}

#[tokio::test]
async fn tasks_that_turn_slow_in_a_flood_are_not_kept_from_others() {
    let bed = Bed::new();
    let (begun, clock) = (Arc::new(AtomicUsize::new(0)), bed.clock.clone());
    let pool = bed.raw(move |_| {
        let slow = begun.fetch_add(1, Ordering::SeqCst) >= 15_000;
        let clock = clock.clone();
        async move {
            if slow {
                clock.sleep(Duration::from_millis(100)).await;
            }
            Verdict::Done
        }
    });
    bed.push(20_000).await;
    let pool = pool.concurrency(10).start().await.unwrap();
    bed.clock.advance(Duration::from_millis(50)).await;
    assert!(pool.stats().waiting > 100, "{}", pool.stats().waiting);
    bed.clock.advance(Duration::from_millis(700)).await;
    let waiting = pool.stats().waiting;
    assert!(waiting <= 40, "{waiting} wait");
    drop(pool);
}

#[tokio::test]
async fn what_is_given_back_unstarted_is_told_as_it_is_counted() {
    let bed = Bed::new();
    let (pools, slow) = pools(&bed, 1, 2, 100 * SECOND).await;
    bed.push(50).await;
    bed.clock.advance(Duration::from_millis(10)).await;
    slow.store(true, Ordering::SeqCst);
    let ids = bed.push(200).await;
    bed.clock.advance(5 * SECOND).await;
    let given_back = |event: Event| match event {
        Event::Released { run, reason: ReleaseReason::Unfinished, .. } => Some(run),
        _ => None,
    };
    let told: Vec<_> = bed.events().into_iter().filter_map(given_back).collect();
    assert!(!told.is_empty());
    assert_eq!(told.len() as u64, pools[0].stats().summary.released);
    for run in told {
        assert!(ids.contains(&run.id) && run.queue == bed.queue && run.attempt == 1);
    }
    drop(pools);
}
