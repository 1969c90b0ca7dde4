//! Chance: what keeps many workers from doing the same thing at the same moment.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// A duration drawn evenly between two parts (in percent) of `whole`.
pub(crate) fn between(whole: Duration, from: u32, to: u32) -> Duration {
    // The keys of a `RandomState` differ at each call: enough to keep loops apart.
    let random = u32::from(RandomState::new().hash_one(0u8) as u16);
    let (low, high) = (whole / 100 * from, whole / 100 * to);
    low + high.saturating_sub(low) / 65_536 * random
}

/// How long to wait after this many failures in a row: doubles from `first` up to `cap`, drawn
/// between its half and its whole.
pub(crate) fn backoff(failures: u32, first: Duration, cap: Duration) -> Duration {
    let factor = 2u32.saturating_pow(failures.saturating_sub(1).min(20));
    between(first.saturating_mul(factor).min(cap), 50, 100)
}

#[cfg(test)]
#[path = "random_tests.rs"]
mod tests;
