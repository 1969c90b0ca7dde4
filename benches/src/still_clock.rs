//! A clock on which no time passes: a pool then takes the same decisions in each run, and the
//! count of its instructions is the same.

use std::time::Duration;

use tireless_core::{Clock, Sleep, StoreTime};

/// See the module's words.
#[derive(Clone, Copy, Debug, Default)]
pub struct StillClock;

impl Clock for StillClock {
    fn monotonic(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn wall(&self) -> StoreTime {
        StoreTime::from_millis(1_000_000_000_000)
    }

    fn sleep(&self, _: Duration) -> Sleep {
        Box::pin(std::future::pending())
    }
}
