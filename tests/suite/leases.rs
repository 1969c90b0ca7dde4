//! B6 where it decides: in the set of leases that ticks go by, no lease reaches further than the
//! longest one. What the registry shows of workers is another matter.

use std::time::Duration;

use redis::Value;
use tireless_core::limits::LONGEST_LEASE;
use tireless_testkit::Harness;
use tireless_testkit::fixtures::{Actor, Bench};
use tireless_tests::{Library, Raw, RedisHarness};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The server's time in milliseconds.
async fn now(raw: &mut Raw) -> u64 {
    let Value::Array(time) = raw.command(&[b"TIME"]).await else { panic!("no time") };
    let parts = time.iter().map(|part| match part {
        Value::BulkString(digits) => String::from_utf8_lossy(digits).parse().expect("a number"),
        other => panic!("{other:?}"),
    });
    let parts: Vec<u64> = parts.collect();
    parts[0] * 1_000 + parts[1] / 1_000
}

/// Until when a worker is believed alive, in milliseconds.
async fn lease_until(raw: &mut Raw, leases: &str, worker: &Actor) -> u64 {
    let score = raw.command(&[b"ZSCORE", leases.as_bytes(), worker.id.as_bytes()]).await;
    match score {
        Value::BulkString(digits) => String::from_utf8_lossy(&digits).parse().expect("a number"),
        Value::Double(millis) => format!("{millis:.0}").parse().expect("a number"),
        other => panic!("no lease, but {other:?}"),
    }
}

/// What `call` wrote is the longest lease, counted from the moment that it was executed.
async fn is_cut<L: Library>(
    h: &RedisHarness<L>,
    b: &Bench<'_>,
    worker: &Actor,
    call: impl Future<Output = ()>,
) {
    let (mut raw, leases) = (h.raw().await, h.key(&b.queue, "leases"));
    let before = now(&mut raw).await;
    call.await;
    let until = lease_until(&mut raw, &leases, worker).await;
    let after = now(&mut raw).await;
    let longest = u64::try_from(LONGEST_LEASE.as_millis()).expect("a small number");
    let span = before + longest..=after + longest;
    assert!(span.contains(&until), "{until} is not in {span:?}");
}

/// Claims have a way through their script for the usual case, and one for all others.
async fn a_claims_lease_is_cut<L: Library>() {
    let h = RedisHarness::<L>::fresh().await;
    let b = Bench::new(&h);
    let ada = Actor::new(h.broker(), b.queue.clone(), DAY);
    b.push(9).await;
    is_cut(&h, &b, &ada, async { assert_eq!(ada.claim(2).await.len(), 2, "its first") }).await;
    is_cut(&h, &b, &ada, async { assert_eq!(ada.claim(2).await.len(), 2, "its second") }).await;
    is_cut(&h, &b, &ada, async { assert_eq!(ada.claim(0).await.len(), 0, "only a look") }).await;
    is_cut(&h, &b, &ada, async { assert_eq!(ada.claim_alone().await.len(), 0) }).await;
}

async fn a_renewals_lease_is_cut<L: Library>() {
    let h = RedisHarness::<L>::fresh().await;
    let b = Bench::new(&h);
    let ada = Actor::new(h.broker(), b.queue.clone(), DAY);
    for round in 0..2 {
        let renewal = async { assert_eq!(ada.renew(&[]).await.released, 0, "round {round}") };
        is_cut(&h, &b, &ada, renewal).await;
    }
}

/// As after a clock that jumped back by a day.
async fn a_tick_cuts_a_lease_that_reaches_too_far<L: Library>() {
    let h = RedisHarness::<L>::fresh().await;
    let b = Bench::new(&h);
    let (ada, bob) = (b.mortal(), b.worker());
    let (mut raw, leases) = (h.raw().await, h.key(&b.queue, "leases"));
    b.push(2).await;
    ada.claim_one().await;
    bob.claim_one().await;
    let far = (now(&mut raw).await + 24 * 3_600_000).to_string();
    raw.command(&[b"ZADD", leases.as_bytes(), far.as_bytes(), ada.id.as_bytes()]).await;
    assert_eq!(lease_until(&mut raw, &leases, &ada).await.to_string(), far);
    let his = lease_until(&mut raw, &leases, &bob).await;
    is_cut(&h, &b, &ada, async { assert_eq!(b.tick().await.promoted, 0) }).await;
    let cut = lease_until(&mut raw, &leases, &ada).await;
    b.tick().await;
    assert_eq!(lease_until(&mut raw, &leases, &ada).await, cut, "cut once, not drawn out");
    assert_eq!(lease_until(&mut raw, &leases, &bob).await, his, "a fair lease is left alone");
    b.holds("running 2").await;
}

/// The registry too, whoever beats; the worker it is about may be long dead.
async fn a_beat_cuts_what_the_registry_believes<L: Library>() {
    let h = RedisHarness::<L>::fresh().await;
    let b = Bench::new(&h);
    let (ada, bob) = (b.worker(), b.worker());
    let (mut raw, workers) = (h.raw().await, h.registry_key("workers"));
    ada.renew(&[]).await;
    let far = (now(&mut raw).await + 24 * 3_600_000).to_string();
    raw.command(&[b"ZADD", workers.as_bytes(), far.as_bytes(), ada.id.as_bytes()]).await;
    bob.renew(&[]).await;
    let longest = u64::try_from(LONGEST_LEASE.as_millis()).expect("a small number");
    let until = lease_until(&mut raw, &workers, &ada).await;
    assert!(until <= now(&mut raw).await + longest, "{until} is too far ahead");
}

/// No claim has such a number, and Redis's scripts cannot tell it from the one before (B17).
async fn a_field_of_a_claim_too_large_to_be_one_stops_no_reclaim<L: Library>() {
    let h = RedisHarness::<L>::fresh().await;
    let b = Bench::new(&h);
    let ada = b.worker();
    let (mut raw, leases) = (h.raw().await, h.key(&b.queue, "leases"));
    b.push(2).await;
    ada.claim_one().await;
    let running = h.key(&b.queue, &format!("running:{}", ada.id));
    raw.command(&[b"HSET", running.as_bytes(), b"9007199254740993", b"odd"]).await;
    raw.command(&[b"ZADD", leases.as_bytes(), b"1", ada.id.as_bytes()]).await;
    let permission = b.permission().await;
    assert_eq!(b.tick_with(Some(permission)).await.reclaimed, 1);
    b.holds("ready 2").await;
}

crate::over_both!(
    a_beat_cuts_what_the_registry_believes,
    a_claims_lease_is_cut,
    a_field_of_a_claim_too_large_to_be_one_stops_no_reclaim,
    a_renewals_lease_is_cut,
    a_tick_cuts_a_lease_that_reaches_too_far,
);
