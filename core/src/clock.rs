//! The clock that pools, schedulers and the memory broker read and sleep by.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::StoreTime;

/// A pending sleep. Dropping it cancels the sleep.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send + 'static>>;

/// Where time comes from. A test injects one that it can move.
///
/// Nothing in a worker or a scheduler asks a runtime for the time: an hour of retries then runs
/// in milliseconds under a test's clock.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Time since an arbitrary start; never goes back. For measuring intervals.
    fn monotonic(&self) -> Duration;

    /// Wall time. Only the memory broker uses it, as its store's time (B6).
    fn wall(&self) -> StoreTime;

    /// Ends after `duration` by this clock.
    fn sleep(&self, duration: Duration) -> Sleep;
}
