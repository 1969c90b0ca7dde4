//! A Cluster: queues in several slots, slots that move, masters that die.

mod conformance;

use std::collections::HashMap;
use std::time::Duration;

use tireless::Durability;
use tireless_core::{ErrorKind, QueueName};
use tireless_redis_broker::{Adoption, Settings};
use tireless_testkit::server::TestServer;
use tireless_testkit::set_up::TestCluster;
use tireless_tests::{Library, Traffic, fresh_namespace, scaled, small_cap};

/// How long traffic may take to flow again.
const RESUMED: Duration = Duration::from_secs(30);

/// More than the bells that a wait holds commands for, so that some are looked at.
const QUEUES: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

async fn a_pool_serves_queues_of_many_slots<L: Library>() {
    let cluster = TestCluster::start(0).expect("a Cluster");
    let traffic = Traffic::start::<L>(&cluster.url(), &QUEUES, Durability::Stored).await;
    let sum = traffic.end().await;
    assert_eq!((sum.lost.len(), sum.excess, sum.reclaimed), (0, 0, 0));
}

async fn a_slot_that_moves_under_load_loses_and_repeats_nothing<L: Library>() {
    let cluster = TestCluster::start(0).expect("a Cluster");
    let queues = ["hot", "other"];
    let mut traffic = Traffic::start::<L>(&cluster.url(), &queues, Durability::Stored).await;
    traffic.put_by("hot", scaled("TIRELESS_WAITING", 1_000)).await;
    let mut slowest = Duration::ZERO;
    for _ in 0..scaled("TIRELESS_MOVES", 4) {
        let key = traffic.tag("hot");
        let master = cluster.master_of(&key).expect("a master");
        cluster.move_slot(&key, (master + 1) % 3, 4).expect("a move");
        slowest = slowest.max(traffic.goes_on(RESUMED).await);
    }
    let sum = traffic.end().await;
    println!("{}: {} accepted, again {slowest:?} after a move", L::NAME, sum.accepted);
    assert!(sum.lost.is_empty(), "accepted and lost: {:?}", sum.lost);
    assert_eq!((sum.excess, sum.reclaimed), (0, 0));
}

async fn a_killed_master_is_left_for_its_replica<L: Library>() {
    // One each: of several, one that lags behind the one that confirmed may be promoted.
    let mut cluster = TestCluster::start(1).expect("a Cluster");
    let queues = ["one", "two", "three"];
    let traffic = Traffic::start::<L>(&cluster.url(), &queues, Durability::REPLICATED).await;
    let mut slowest = Duration::ZERO;
    for _ in 0..scaled("TIRELESS_FAILOVERS", 2) {
        let old = cluster.master_of(&traffic.tag("one")).expect("a master");
        cluster.servers[old].kill();
        cluster.until_healthy().expect("a promotion");
        // From here on there is somebody to confirm again.
        cluster.servers[old].restart().expect("the old master as a replica");
        let took = traffic.goes_on(RESUMED).await;
        slowest = slowest.max(took);
        cluster.until_healthy().expect("health");
    }
    let sum = traffic.end().await;
    let (accepted, excess) = (sum.accepted, sum.excess);
    println!("{}: {accepted} accepted, {excess} run twice, again {slowest:?} after", L::NAME);
    assert!(sum.lost.is_empty(), "confirmed and lost: {:?}", sum.lost);
}

async fn what_a_cluster_cannot_do_is_told<L: Library>() {
    let cluster = TestCluster::start(0).expect("a Cluster");
    let adoption = Adoption {
        list: "tasks".into(),
        failed_set: "failed".into(),
        sweep_every: Duration::from_secs(60),
    };
    let mut settings: Settings = small_cap(fresh_namespace());
    settings.adopted = HashMap::from([(QueueName::new("q").expect("a name"), adoption)]);
    let error = L::connect(&cluster.url(), settings.clone()).await.expect_err("two slots");
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert!(error.to_string().contains("different slots"), "{error}");
    for adoption in settings.adopted.values_mut() {
        adoption.failed_set = "{tasks}:failed".into();
    }
    L::connect(&cluster.url(), settings).await.expect("one slot");

    let single = TestServer::start().expect("a server");
    let url = single.url().replace("redis://", "redis-cluster://");
    let error = L::connect(&url, small_cap(fresh_namespace())).await.expect_err("no Cluster");
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert!(error.to_string().contains("write redis://"), "{error}");
}

crate::over_both!(
    a_pool_serves_queues_of_many_slots,
    a_slot_that_moves_under_load_loses_and_repeats_nothing,
    a_killed_master_is_left_for_its_replica,
    what_a_cluster_cannot_do_is_told,
);
