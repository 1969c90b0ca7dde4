use std::sync::Arc;

use tireless_core::{Clock, ErrorKind, Inspect, Operation, Renew};

use crate::run::Verdict;
use crate::running::RunningPool;
use crate::scheduler::RequeueScheduler;
use crate::testbed::{Bed, Call, SECOND, Trouble, queue, raw_task};

/// A pool for `q` and `q1` with leases of three seconds, whose runs take one.
async fn pool_of(bed: &Bed) -> RunningPool {
    let clock = bed.clock.clone();
    let pool = bed.raw(move |_| {
        let clock = clock.clone();
        async move {
            clock.sleep(SECOND).await;
            Verdict::Done
        }
    });
    let pool = pool.queue_weighted("q1", 1).concurrency(4).lease(3 * SECOND).beat(SECOND);
    pool.start().await.unwrap()
}

fn renewals(bed: &Bed) -> Vec<Renew> {
    let renew = |call: Call| if let Call::Renew(renew) = call { Some(renew) } else { None };
    bed.spy.calls().into_iter().filter_map(renew).collect()
}

#[tokio::test]
async fn all_queues_are_renewed_by_one_call_a_beat() {
    let bed = Bed::new();
    let pool = pool_of(&bed).await;
    bed.push(1000).await;
    bed.clock.advance(5 * SECOND).await;
    // Also after they have been apart.
    bed.spy.cut_off(Some((queue("q1"), ErrorKind::Unavailable)));
    bed.clock.advance(5 * SECOND).await;
    bed.spy.cut_off(None);
    bed.clock.advance(20 * SECOND).await;
    bed.spy.forget();
    bed.clock.advance(60 * SECOND).await;
    let sent = renewals(&bed);
    assert!((59..=61).contains(&sent.len()), "{}", sent.len());
    assert!(sent.iter().all(|renew| renew.held.len() == 2));
    drop(pool);
}

#[tokio::test]
async fn a_dark_server_costs_no_lease_of_other_queues() {
    for dark in ["q", "q1"] {
        for takes in [1, 2, 5, 60] {
            let bed = Bed::new();
            let live = queue(if dark == "q" { "q1" } else { "q" });
            let pool = pool_of(&bed).await;
            let others = RequeueScheduler::new(bed.spy.inner.clone()).queue(live.as_str());
            let others = others.beat(SECOND).clock(Arc::new(bed.clock.clone()));
            let others = tokio::spawn(others.run_until(std::future::pending()));
            bed.push_to(&live, (0..1000).map(|_| raw_task()).collect()).await;
            bed.clock.advance(10 * SECOND).await;
            bed.spy.dark.set(queue(dark), takes * SECOND);
            bed.clock.advance(60 * SECOND).await;
            let summary = pool.stats().summary;
            assert_eq!((summary.lease_lost, summary.released), (0, 0), "{dark}, {takes} s");
            let least = if takes > 5 { 0 } else { 200 };
            assert!(summary.done >= least, "{dark}, {takes} s: {} done", summary.done);
            others.abort();
            drop(pool);
        }
    }
}

#[tokio::test]
async fn a_worker_signs_off_from_the_others_beside_a_dark_server() {
    for nth in 0..20 {
        let bed = Bed::new();
        let pool = pool_of(&bed).await;
        bed.clock.advance(5 * SECOND).await;
        bed.spy.dark.set(queue("q1"), 5 * SECOND);
        bed.clock.advance(20 * SECOND + nth * (SECOND / 3)).await;
        let ending = tokio::spawn(pool.shutdown());
        bed.clock.advance_until(60 * SECOND, || ending.is_finished()).await;
        assert_eq!(bed.counts().await.workers, 0, "{nth}");
    }
}

#[tokio::test]
async fn the_last_renewal_of_a_queue_comes_after_all_its_beats() {
    for takes in [1, 2, 4] {
        let bed = Bed::new();
        let pool = pool_of(&bed).await;
        bed.clock.advance(5 * SECOND).await;
        bed.spy.trouble(Some((Operation::Renew, Trouble::Slow(takes * SECOND))));
        bed.clock.advance(4 * SECOND).await;
        let ending = tokio::spawn(pool.shutdown());
        bed.clock.advance(30 * SECOND).await;
        ending.await.unwrap();
        for name in ["q", "q1"] {
            let workers = bed.spy.inner.counts(&queue(name)).await.unwrap().workers;
            assert_eq!(workers, 0, "{name}, renewals take {takes} s");
        }
    }
}

#[tokio::test]
async fn a_store_that_is_wholly_away_is_asked_by_one_call_at_a_time() {
    let bed = Bed::new();
    let pool = pool_of(&bed).await;
    bed.clock.advance(5 * SECOND).await;
    bed.spy.go_away(true);
    bed.spy.trouble(Some((Operation::Renew, Trouble::Slow(5 * SECOND))));
    bed.clock.advance(20 * SECOND).await;
    bed.spy.forget();
    bed.clock.advance(60 * SECOND).await;
    let sent = renewals(&bed);
    assert!((10..=14).contains(&sent.len()), "{}", sent.len());
    assert!(sent.iter().all(|renew| renew.held.len() == 2), "{sent:?}");
    drop(pool);
}
