//! Random numbers, enough for choosing moments and victims.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// A number below `bound`; 0 for a bound of 0.
pub fn below(bound: u64) -> u64 {
    // Each `RandomState` has keys of its own: randomness enough, without a crate for it.
    RandomState::new().hash_one(bound) % bound.max(1)
}

/// A time between the half of `mean` and one and a half of it.
pub fn around(mean: Duration) -> Duration {
    let micros = u64::try_from(mean.as_micros()).unwrap_or(u64::MAX / 2);
    Duration::from_micros(micros / 2 + below(micros + 1))
}
