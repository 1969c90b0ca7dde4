//! A queue that is taken away leaves no key without an end (B12).

use std::time::Duration;

use redis::Value;
use tireless_core::{
    CallSequence, Claim, ClaimFrom, ClaimMode, Outcome, Settle, Settlement, WorkerId,
};
use tireless_testkit::server::shared_url;
use tireless_tests::{Library, Raw, Site, fresh_namespace, small_cap};

use crate::WORKER;

/// Claims one task and settles it, as a worker that is not heard of again.
async fn work_once(site: &Site) {
    let worker = WorkerId::new();
    let from = ClaimFrom { queue: site.queue.clone(), max: 1, inbox: false };
    let lease = Duration::from_millis(20);
    let queues = vec![from];
    let claim = Claim { worker, number: 1, lease, mode: ClaimMode::Shared, queues };
    let claimed = site.broker.claim(&claim).await.remove(0).1.expect("a claim");
    let outcome = |id| Settlement { claim: 1, id, outcome: Outcome::ACK };
    let outcomes = claimed.tasks.iter().map(|task| outcome(task.id)).collect();
    let call = CallSequence::new().next().call();
    let settle = Settle { queue: site.queue.clone(), worker, call, outcomes };
    site.broker.settle(&settle).await.expect("a settle");
}

async fn nothing_without_an_end_is_left<L: Library>() {
    let url = shared_url().expect("a server");
    let namespace = fresh_namespace();
    let site = Site::open::<L>(WORKER, &url, small_cap(namespace.clone())).await;
    site.push(["x"]).await;
    work_once(&site).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(site.broker.discard(&site.queue).await.expect("a discard"));
    let mut hand = Raw::connect(&url).await;
    for key in hand.keys(namespace.as_str()).await {
        let Value::Int(millis) = hand.command(&[b"PTTL", &key]).await else { panic!("no time") };
        assert!(millis > 0, "{} never ends", String::from_utf8_lossy(&key));
    }
}

crate::over_both!(nothing_without_an_end_is_left);
