//! What the two ways of measuring the hot paths share: the criterion benches in `times`, which tell
//! how long they take, and the program `hot-paths`, whose instructions callgrind counts.
//!
//! Neither needs a server. The memory broker is measured as it is; of the Redis broker all but the
//! connection is, over a [client](canned) that answers at once what it was given beforehand.

pub mod callers;
pub mod canned;
pub mod drain;
pub mod fixture;
pub mod greeting;
pub mod late_broker;
pub mod memory;
pub mod redis;
pub mod scenario;
pub mod still_clock;

use std::future::Future;

use futures_util::FutureExt;

/// The answer of what never has to wait: no runtime takes part in what is measured.
///
/// # Panics
/// If it has to wait.
pub fn at_once<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("nothing here waits for anything")
}
