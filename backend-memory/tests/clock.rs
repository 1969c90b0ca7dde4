//! What only a clock that a test moves can show: a store's time that jumps (B6).

#[path = "harness/clocked.rs"]
mod clocked;
mod harness;

use std::time::Duration;

use harness::Memory;
use tireless_core::limits::LONGEST_LEASE;
use tireless_testkit::fixtures::{Actor, Bench, ids};
use tireless_testkit::{Harness, run};

/// B6: a lease that lies too far ahead after the clock jumped back is cut at the next tick, so
/// that the dead do not keep their tasks for as long as the jump was.
#[tokio::test]
async fn a_clock_that_jumps_back_does_not_keep_the_dead_alive() {
    let memory = Memory::fresh().await;
    let b = Bench::new(&memory);
    let pushed = b.push(1).await;
    let ada = Actor::new(memory.broker(), b.queue.clone(), Duration::from_secs(15));
    assert_eq!(ids(&ada.claim(1).await), pushed);
    memory.clock.jump_wall(-24 * 3600 * 1000);
    b.tick().await;
    memory.advance(LONGEST_LEASE - Duration::from_secs(1)).await;
    let permission = b.permission().await;
    assert_eq!(b.tick_with(Some(permission)).await.reclaimed, 0, "cut, not ended");
    memory.advance(Duration::from_secs(2)).await;
    let permission = b.permission().await;
    assert_eq!(b.tick_with(Some(permission)).await.reclaimed, 1);
}

/// B6: a claim's lease is cut when it is written.
#[test]
fn a_claims_lease_is_cut_to_the_longest() {
    run::<Memory>(clocked::a_claims_lease_is_cut_to_the_longest);
}
