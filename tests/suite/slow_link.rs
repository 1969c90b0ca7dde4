//! A link on which what one claim may carry takes longer than a call waits for its answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tireless::{Event, Producer, WorkerPool};
use tireless_redis_broker::Settings;
use tireless_testkit::server::TestServer;
use tireless_tests::proxy::Proxy;
use tireless_tests::{Library, eventually, fresh_namespace};

/// What a claim carries at most is there in six seconds, a body in less than half a one.
const BYTES_PER_SECOND: u64 = 700_000;
const BODY: usize = 300_000;

/// More than two such claims: what one leaves is not small either.
const TASKS: usize = 30;

async fn what_is_too_much_at_once_is_claimed_in_parts<L: Library>() {
    let server = TestServer::start().expect("a server");
    let settings = Settings::of(fresh_namespace());
    let direct = L::connect(&server.url(), settings.clone()).await.expect("a connection");
    let producer = Producer::new(direct.clone());
    for _ in 0..TASKS {
        producer.push_raw("q", vec![b'x'; BODY]).await.expect("a push");
    }
    let proxy = Proxy::to(server.port()).await;
    let broker = L::connect(proxy.url(), settings).await.expect("a connection");
    proxy.throttle(BYTES_PER_SECOND);
    let (runs, reclaimed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (run, seen) = (runs.clone(), reclaimed.clone());
    let pool = WorkerPool::new(broker)
        .concurrency(TASKS)
        .handle_raw("q", move |body: Bytes| {
            assert_eq!(body.len(), BODY);
            run.fetch_add(1, Ordering::Relaxed);
            async {}
        })
        .observe(move |event| {
            seen.fetch_add(matches!(event, Event::Reclaimed { .. }).into(), Ordering::Relaxed);
        });
    let pool = pool.start().await.expect("a pool");
    let queue = "q".parse().expect("a legal name");
    let done = async || direct.counts(&queue).await.expect("counts").done == TASKS as u64;
    let took = eventually("all done", Duration::from_secs(90), done).await;
    assert!(took > Duration::from_secs(10), "{took:?}: the first claim and its copy were in time");
    let (runs, reclaimed) = (runs.load(Ordering::Relaxed), reclaimed.load(Ordering::Relaxed));
    assert_eq!((runs, reclaimed), (TASKS, 0));
    println!("{}: {took:.1?}", L::NAME);
    proxy.throttle(0);
    pool.shutdown().await;
}

crate::over_both!(what_is_too_much_at_once_is_claimed_in_parts);
