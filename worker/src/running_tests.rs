use std::time::{Duration, Instant};

use crate::pool::WorkerPool;
use crate::run::Verdict;
use crate::testbed::{Bed, Call};

#[test]
fn no_heartbeat_outlives_the_runtime_of_its_pool() {
    let bed = Bed::new();
    let spy = bed.spy.clone();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let pool = WorkerPool::new(spy.clone())
        .queue("q")
        .route(crate::testbed::raw(|_| async { Verdict::Done }))
        .lease(Duration::from_millis(200))
        .beat(Duration::from_millis(10));
    let pool = runtime.block_on(pool.start()).unwrap();
    runtime.spawn(async move {
        let _pool = pool;
        std::future::pending::<()>().await;
    });
    let beats = || spy.calls().iter().filter(|call| matches!(call, Call::Renew(_))).count();
    let patience = Instant::now() + Duration::from_secs(30);
    while beats() < 3 && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(beats() >= 3);
    drop(runtime);
    // One that was under way may still end.
    std::thread::sleep(Duration::from_millis(100));
    let after = beats();
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(beats(), after);
}
