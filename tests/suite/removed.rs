//! Removing looks at what workers hold, as far as it has to.

use redis::Value;
use tireless_core::Removed;
use tireless_testkit::Harness;
use tireless_testkit::fixtures::Bench;
use tireless_tests::{Library, RedisHarness};

/// What somebody else wrote among the leases is no worker that came meanwhile.
async fn a_lease_of_no_worker_stops_no_removal<L: Library>() {
    let h = RedisHarness::<L>::fresh().await;
    let b = Bench::new(&h);
    let ids = b.push(3).await;
    b.worker().claim(1).await;
    let (mut raw, leases) = (h.raw().await, h.key(&b.queue, "leases"));
    raw.command(&[b"ZADD", leases.as_bytes(), b"9999999999999", b"nobody"]).await;
    let removed = b.broker.remove(&b.queue, &ids).await.expect("a removal");
    assert_eq!(removed, [Removed::Running, Removed::Removed, Removed::Removed]);
    b.holds("running 1").await;
}

/// A claim that cannot be read shows that it is not: of what is in a set, or nowhere, no worker holds
/// anything.
async fn what_no_worker_can_hold_is_looked_for_in_no_claim<L: Library>() {
    let h = RedisHarness::<L>::fresh().await;
    let b = Bench::new(&h);
    let ada = b.worker();
    let ids = b.push(3).await;
    let dead = ada.claim(1).await;
    ada.finish(&dead, tireless_testkit::fixtures::bury()).await;
    ada.claim(1).await;
    let mut raw = h.raw().await;
    let running = h.key(&b.queue, &format!("running:{}", ada.id));
    raw.command(&[b"RENAME", running.as_bytes(), h.key(&b.queue, "away").as_bytes()]).await;
    raw.command(&[b"SET", running.as_bytes(), b"not yours"]).await;
    let gone = tireless_core::TaskId::new();
    let removed = b.broker.remove(&b.queue, &[ids[0], gone]).await.expect("a removal");
    assert_eq!(removed, [Removed::Removed, Removed::Missing]);
    assert!(b.broker.remove(&b.queue, &ids[2..]).await.is_err(), "it may be held");
    let dead = h.key(&b.queue, "dead");
    assert_eq!(raw.command(&[b"EXISTS", dead.as_bytes()]).await, Value::Int(0));
}

crate::over_both!(
    a_lease_of_no_worker_stops_no_removal,
    what_no_worker_can_hold_is_looked_for_in_no_claim,
);
