//! Real time, by tokio.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tireless_core::{Clock, Sleep, StoreTime};

/// The clock of a running program.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioClock;

/// One origin for all, so that readings of several clocks can be compared.
fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

impl Clock for TokioClock {
    fn monotonic(&self) -> Duration {
        origin().elapsed()
    }

    fn wall(&self) -> StoreTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        StoreTime::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}
