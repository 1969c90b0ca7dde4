use tireless_core::ErrorKind;

use crate::run::Verdict;
use crate::testbed::{Bed, SECOND, queue, raw, raw_task};

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
