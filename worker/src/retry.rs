//! Backoff: how long a failed task waits for its next attempt.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

/// How long a failed task waits before it is tried again.
///
/// The default is exponential: 2 s, doubling up to an hour, each delay drawn between its half and
/// its whole. Ten retries then spread over about half an hour.
///
/// ```
/// use std::time::Duration;
/// use tireless_worker::Backoff;
///
/// let backoff = Backoff::linear(Duration::from_secs(10), Duration::from_secs(25));
/// assert_eq!(backoff.delay(1), Duration::from_secs(10));
/// assert_eq!(backoff.delay(2), Duration::from_secs(20));
/// assert_eq!(backoff.delay(3), Duration::from_secs(25));
/// ```
#[derive(Clone)]
pub struct Backoff {
    shape: Shape,
    jitter: bool,
}

#[derive(Clone)]
enum Shape {
    Fixed(Duration),
    Linear { step: Duration, cap: Duration },
    Exponential { first: Duration, cap: Duration },
    Custom(Arc<dyn Fn(u32) -> Duration + Send + Sync>),
}

impl Backoff {
    /// The same delay after each attempt, without jitter.
    pub fn fixed(delay: Duration) -> Self {
        Self { shape: Shape::Fixed(delay), jitter: false }
    }

    /// `step` after the first attempt, twice that after the second and so on up to `cap`; without
    /// jitter.
    pub fn linear(step: Duration, cap: Duration) -> Self {
        Self { shape: Shape::Linear { step, cap }, jitter: false }
    }

    /// `first` after the first attempt, doubling up to `cap`, with jitter.
    pub fn exponential(first: Duration, cap: Duration) -> Self {
        Self { shape: Shape::Exponential { first, cap }, jitter: true }
    }

    /// What a function of the failed attempt's number says, without jitter.
    pub fn custom(delay: impl Fn(u32) -> Duration + Send + Sync + 'static) -> Self {
        Self { shape: Shape::Custom(Arc::new(delay)), jitter: false }
    }

    /// Whether each delay is drawn between its half and its whole, so that tasks that failed
    /// together do not come back together.
    #[must_use]
    pub fn jitter(mut self, jitter: bool) -> Self {
        self.jitter = jitter;
        self
    }

    /// How long to wait after attempt number `attempt` (the first is 1) has failed.
    pub fn delay(&self, attempt: u32) -> Duration {
        let whole = match &self.shape {
            Shape::Fixed(delay) => *delay,
            Shape::Linear { step, cap } => step.saturating_mul(attempt.max(1)).min(*cap),
            Shape::Exponential { first, cap } => {
                let factor = 2u32.checked_pow(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
                first.saturating_mul(factor).min(*cap)
            }
            Shape::Custom(delay) => delay(attempt),
        };
        if self.jitter { drawn_below(whole) } else { whole }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::exponential(Duration::from_secs(2), Duration::from_secs(3600))
    }
}

impl<F> From<F> for Backoff
where
    F: Fn(u32) -> Duration + Send + Sync + 'static,
{
    fn from(delay: F) -> Self {
        Self::custom(delay)
    }
}

impl fmt::Debug for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shape {
            Shape::Fixed(delay) => write!(f, "fixed {delay:?}")?,
            Shape::Linear { step, cap } => write!(f, "linear {step:?}..{cap:?}")?,
            Shape::Exponential { first, cap } => write!(f, "exponential {first:?}..{cap:?}")?,
            Shape::Custom(_) => f.write_str("custom")?,
        }
        if self.jitter { f.write_str(" with jitter") } else { Ok(()) }
    }
}

/// A duration drawn evenly between the half of `whole` and `whole`.
fn drawn_below(whole: Duration) -> Duration {
    // The keys of a `RandomState` differ at each call, and its hash spreads them: enough to keep
    // tasks apart, and no crate is needed for it.
    let random = RandomState::new().hash_one(0u8) as u16;
    let half = whole / 2;
    half.saturating_add(half / 65_536 * u32::from(random))
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;
