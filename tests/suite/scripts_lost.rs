//! The server forgets its scripts while calls are under way: nobody notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tireless_testkit::Harness;
use tireless_testkit::fixtures::Bench;
use tireless_tests::{Fred, Library, OwnServer, Raw, RedisRs};

async fn survives<L: Library>() {
    let own = OwnServer::<L>::fresh().await;
    let bench = Bench::new(&own);
    let actor = bench.worker();
    let over = Arc::new(AtomicBool::new(false));
    let flusher = {
        let (mut raw, over) = (Raw::connect(&own.server.url()).await, over.clone());
        tokio::spawn(async move {
            let mut flushes = 0;
            while !over.load(Ordering::Relaxed) {
                raw.command(&[b"SCRIPT", b"FLUSH"]).await;
                flushes += 1;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            flushes
        })
    };
    for _ in 0..100 {
        bench.push(10).await;
        let held = actor.claim(10).await;
        assert_eq!(held.len(), 10, "{}", L::NAME);
        actor.ack(&held).await;
    }
    over.store(true, Ordering::Relaxed);
    assert!(flusher.await.expect("the flusher") > 1);
    assert_eq!(bench.counts().await.done, 1_000);
}

#[tokio::test]
async fn over_redis_rs() {
    survives::<RedisRs>().await;
}

#[tokio::test]
async fn over_fred() {
    survives::<Fred>().await;
}
