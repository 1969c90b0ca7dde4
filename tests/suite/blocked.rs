//! Handlers that block every thread of their runtime: their lease is kept all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tireless::{Event, RequeueScheduler, Summary, WorkerPool};
use tireless_redis_broker::Settings;
use tireless_testkit::server::shared_url;
use tireless_tests::{Library, Pace, Site, eventually, fresh_namespace, small_cap};
use tokio::sync::oneshot;

use crate::WORKER;

/// A pool on a runtime of one thread, which its handler blocks for three leases. Ends with its task.
fn blocked_pool<L: Library>(url: &str, settings: Settings, site: &Site) -> Summary {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let broker = L::connect(url, settings).await.expect("a broker");
        let (over, ended) = oneshot::channel();
        let over = Arc::new(std::sync::Mutex::new(Some(over)));
        let run = move |_: Bytes| {
            let over = over.clone();
            async move {
                std::thread::sleep(Pace::FAST.lease * 3);
                let over = over.lock().expect("nobody panicked").take();
                over.expect("it runs once").send(()).expect("the pool waits");
            }
        };
        let pool = WorkerPool::new(broker).lease(Pace::FAST.lease).beat(Pace::FAST.beat);
        let pool = pool.without_scheduler().handle_raw(&site.queue, run);
        let pool = pool.start().await.expect("a pool");
        ended.await.expect("it runs");
        pool.shutdown().await
    })
}

async fn threads_that_are_blocked_lose_no_lease<L: Library>() {
    let url = shared_url().expect("a server");
    let settings = small_cap(fresh_namespace());
    let site = Arc::new(Site::open::<L>(WORKER, &url, settings.clone()).await);
    site.push(["block"]).await;
    let reclaimed = Arc::new(AtomicU64::new(0));
    let counted = reclaimed.clone();
    let judge = RequeueScheduler::new(site.connect::<L>().await).queue(&site.queue);
    let judge = judge.beat(Pace::FAST.beat).observe(move |event: &Event| {
        if let Event::Reclaimed { tasks, .. } = event {
            counted.fetch_add(*tasks, Ordering::Relaxed);
        }
    });
    let judging = tokio::spawn(judge.run_until(std::future::pending()));
    let place = site.clone();
    let pool = tokio::task::spawn_blocking(move || blocked_pool::<L>(&url, settings, &place));
    let summary = pool.await.expect("a pool");
    assert_eq!((summary.done, summary.lease_lost), (1, 0));
    assert_eq!(reclaimed.load(Ordering::Relaxed), 0, "it lived");
    let gone = async || site.broker.workers().await.expect("workers").is_empty();
    eventually("it has signed off", Duration::from_secs(10), gone).await;
    judging.abort();
}

crate::over_both!(threads_that_are_blocked_lose_no_lease);
