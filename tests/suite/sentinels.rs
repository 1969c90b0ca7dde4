//! A master that dies, or hands over, and the sentinels that name another one.

use std::time::Duration;

use tireless::Durability;
use tireless_core::ErrorKind;
use tireless_testkit::server::TestServer;
use tireless_testkit::set_up::TestSentinels;
use tireless_tests::{Library, Stream, Traffic, fresh_namespace, scaled, small_cap};

/// How long traffic may take to flow again.
const RESUMED: Duration = Duration::from_secs(30);

/// From the promotion of a replica on, tasks are run again within this.
const CONSUMED: Duration = Duration::from_secs(10);

/// What nobody has to confirm, to see when tasks are run again: while the old master is away, no
/// replica is there to confirm the others.
const UNCONFIRMED: Stream<'_> =
    Stream { queue: "unconfirmed", durability: Durability::Stored, after: Duration::ZERO };

async fn a_killed_master_is_left_for_its_replica<L: Library>() {
    let mut set_up = TestSentinels::start(1).expect("sentinels");
    let streams = [
        Stream { queue: "confirmed", durability: Durability::REPLICATED, ..UNCONFIRMED },
        UNCONFIRMED,
    ];
    let traffic = Traffic::of_streams::<L>(&set_up.url(), &streams).await;
    let (mut slowest, mut confirmed) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..scaled("TIRELESS_FAILOVERS", 2) {
        let old = set_up.kill_master().expect("a failover");
        slowest = slowest.max(traffic.goes_on_in(&[UNCONFIRMED.queue], CONSUMED).await);
        set_up.servers[old].restart().expect("the old master as a replica");
        confirmed = confirmed.max(traffic.goes_on(RESUMED).await);
        set_up.until_healthy().expect("health");
    }
    let sum = traffic.end().await;
    let (accepted, excess) = (sum.accepted, sum.excess);
    println!("{}: {accepted} accepted, {excess} run twice", L::NAME);
    println!("{}: tasks run {slowest:?} after, are confirmed {confirmed:?} after", L::NAME);
    assert!(sum.lost_of("confirmed").is_empty(), "confirmed and lost: {:?}", sum.lost);
}

async fn a_master_that_hands_over_is_left<L: Library>() {
    let set_up = TestSentinels::start(1).expect("sentinels");
    let traffic = Traffic::start::<L>(&set_up.url(), &["one"], Durability::REPLICATED).await;
    let old = set_up.master().expect("a master");
    let failover = ["SENTINEL", "FAILOVER", tireless_testkit::set_up::MASTER];
    set_up.sentinels[0].ask(&failover).expect("a failover");
    traffic.goes_on(RESUMED).await;
    set_up.until_healthy().expect("health");
    assert_ne!(set_up.master().expect("a master"), old);
    traffic.goes_on(RESUMED).await;
    let sum = traffic.end().await;
    assert!(sum.lost.is_empty(), "confirmed and lost: {:?}", sum.lost);
}

async fn what_is_wrong_is_told<L: Library>() {
    let mut set_up = TestSentinels::start(0).expect("sentinels");
    let settings = || small_cap(fresh_namespace());
    let url = set_up.url();
    let unknown = url.replace("/main?", "/other?");
    let error = L::connect(&unknown, settings()).await.expect_err("no such master");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.to_string().contains("no master called other"), "{error}");
    set_up.sentinels[0].kill();
    L::connect(&url, settings()).await.expect("the other sentinels know");
    set_up.sentinels.iter_mut().for_each(TestServer::kill);
    let error = L::connect(&url, settings()).await.expect_err("no sentinel");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.to_string().contains("the sentinel 127.0.0.1:"), "{error}");
}

crate::over_both!(
    a_killed_master_is_left_for_its_replica,
    a_master_that_hands_over_is_left,
    what_is_wrong_is_told,
);
