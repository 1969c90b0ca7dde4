use std::sync::atomic::{AtomicUsize, Ordering};

use tireless_core::Clock;

use super::alone::tests::crash_in;
use super::*;
use crate::run::{Context, Verdict};
use crate::testbed::{Bed, SECOND, raw_task};

const HOUR: Duration = Duration::from_secs(3600);

/// A pool of four slots whose runs take so long, by what has begun before them.
async fn pool(bed: &Bed, time: fn(usize) -> Duration) -> crate::RunningPool {
    let (began, clock) = (Arc::new(AtomicUsize::new(0)), bed.clock.clone());
    let pool = bed.raw(move |_: Context| {
        let (before, clock) = (began.fetch_add(1, Ordering::SeqCst), clock.clone());
        async move {
            clock.sleep(time(before)).await;
            if time(before).is_zero() { Verdict::Snooze(10 * SECOND) } else { Verdict::Done }
        }
    });
    pool.concurrency(4).start().await.unwrap()
}

#[tokio::test]
async fn a_suspect_waits_for_no_pool_that_runs_something_for_hours() {
    let bed = Bed::new();
    bed.push(1).await;
    crash_in(&bed, &bed.queue, 1).await;
    crash_in(&bed, &bed.queue, 1).await;
    bed.push_to(&bed.queue, (0..20_000).map(|_| raw_task()).collect()).await;
    // The suspect wants to run later. Until then the pool has begun what takes an hour.
    let time = |before| [Duration::ZERO, HOUR].get(before).copied().unwrap_or(SECOND / 10);
    let long = pool(&bed, time).await;
    bed.clock.advance(15 * SECOND).await;
    assert_eq!((long.stats().summary.snoozed, bed.counts().await.suspects), (1, 1));
    let short = pool(&bed, |_| SECOND / 10).await;
    bed.clock.advance(30 * SECOND).await;
    assert_eq!(bed.counts().await.suspects, 0);
    drop((long, short));
}
