//! A clock that all processes of a machine share and nobody can set.

use rustix::time::{ClockId, clock_gettime};

use super::Moment;

/// Microseconds of the kernel's monotonic clock, the same in every process.
pub fn now() -> Moment {
    let time = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    seconds * 1_000_000 + u64::try_from(time.tv_nsec).unwrap_or_default() / 1_000
}
