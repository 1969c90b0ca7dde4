use tireless_core::{ErrorKind, Inspect, Operation};

use crate::run::Verdict;
use crate::testbed::{Bed, SECOND, Trouble, queue, raw, raw_task};

#[tokio::test]
async fn beside_others_a_damaged_queue_keeps_no_pool_from_its_start() {
    for kind in [ErrorKind::WrongType, ErrorKind::Unsupported] {
        for (first, second) in [("q", "bad"), ("bad", "q")] {
            let bed = Bed::new();
            bed.spy.cut_off(Some((queue("bad"), kind)));
            bed.push(100).await;
            let route = raw(|_| async { Verdict::Done });
            let pool = bed.pool().queue(first).queue(second).route(route).start().await.unwrap();
            bed.clock.advance(10 * SECOND).await;
            assert_eq!(pool.stats().summary.done, 100, "{kind:?}: {first} {second}");
            assert!(pool.health().is_ready(), "{:?}", pool.health());
            bed.push_to(&queue("bad"), vec![raw_task()]).await;
            bed.spy.cut_off(None);
            bed.clock.advance(10 * SECOND).await;
            assert_eq!(pool.stats().summary.done, 101, "it is served once it was mended");
            pool.shutdown().await;
        }
    }
}

#[tokio::test]
async fn what_concerns_all_queues_or_what_was_told_keeps_a_pool_from_its_start() {
    for (queues, kind) in [
        (1, ErrorKind::WrongType),
        (1, ErrorKind::Unsupported),
        (2, ErrorKind::Denied),
        (2, ErrorKind::InvalidInput),
    ] {
        let bed = Bed::new();
        bed.spy.cut_off(Some((queue("q"), kind)));
        let mut pool = bed.raw(|_| async { Verdict::Done });
        if queues == 2 {
            pool = pool.queue("q1");
        }
        let error = pool.start().await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (kind, "as told"));
    }
}

#[tokio::test]
async fn a_start_that_fails_leaves_no_worker_behind() {
    for kind in [ErrorKind::Denied, ErrorKind::InvalidInput] {
        let bed = Bed::new();
        bed.spy.cut_off(Some((queue("q"), kind)));
        bed.raw(|_| async { Verdict::Done }).queue("q1").start().await.unwrap_err();
        assert_eq!(bed.spy.inner.workers().await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_start_that_fails_waits_for_its_end_no_longer_than_two_seconds() {
    let bed = Bed::new();
    bed.spy.cut_off(Some((queue("q"), ErrorKind::Denied)));
    bed.spy.trouble(Some((Operation::Renew, Trouble::Slow(5 * SECOND))));
    let start = tokio::spawn(bed.raw(|_| async { Verdict::Done }).start());
    bed.clock.advance(6 * SECOND).await;
    assert!(!start.is_finished(), "it leaves");
    bed.clock.advance(SECOND + SECOND / 2).await;
    assert!(start.is_finished());
    assert_eq!(start.await.unwrap().unwrap_err().kind(), ErrorKind::Denied);
}
