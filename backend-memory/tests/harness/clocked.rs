//! Cases that only a clock that a test moves can try: real time would take minutes.

use std::time::Duration;

use tireless_core::limits::LONGEST_LEASE;
use tireless_testkit::Harness;
use tireless_testkit::fixtures::{Actor, Bench};

/// B6: a claim's lease is cut when it is written.
pub(crate) async fn a_claims_lease_is_cut_to_the_longest(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(1).await;
    let day = Duration::from_secs(24 * 3600);
    Actor::new(h.broker(), b.queue.clone(), day).claim_one().await;
    h.advance(LONGEST_LEASE + Duration::from_secs(1)).await;
    let permission = b.permission().await;
    assert_eq!(b.tick_with(Some(permission)).await.reclaimed, 1);
}
