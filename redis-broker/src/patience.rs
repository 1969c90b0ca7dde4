//! How long a client waits for what, whatever its library.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// How long the first connection may take, with its greeting.
pub const CONNECT: Duration = Duration::from_secs(3);

/// How long a sentinel may take to name the master, with the connection to it.
pub(crate) const SENTINEL: Duration = Duration::from_secs(1);

/// How long a call waits for a new connection after the old one was lost, and a wait for one of its
/// own while others are before it in line.
pub const RECONNECT: Duration = Duration::from_secs(2);

/// How long a call waits for its answer. A link that stays silent for so long is given up.
pub const ANSWER: Duration = Duration::from_secs(5);

/// How much longer than asked for the answer to a held command is waited for.
pub(crate) const HOLD_MARGIN: Duration = Duration::from_secs(2);

/// How long a call to a Cluster waits for a connection to one of its servers before it looks
/// whether another one has the slot by now.
pub(crate) const NODE: Duration = Duration::from_millis(300);

/// How long a call to a Cluster looks for the server of its slot, while that is between two or is
/// being replaced.
pub const REDIRECTED: Duration = Duration::from_secs(2);

const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest pause between two tries to connect, where no lease asks for less.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause between two tries to connect of a client through which leases as short as this
/// are kept. When a server returns, others may take back what a worker holds half a beat later: who
/// lives must be back by then (B16).
pub fn longest_pause(lease: Duration) -> Duration {
    (lease / 8).clamp(FIRST_PAUSE, LONGEST_PAUSE)
}

/// How long to wait after so many failures in a row before the next try to connect: twice as long
/// each time, up to the longest, less a random part of up to a half so that the clients of a server
/// that returns do not come all at once.
pub(crate) fn pause(failures: u32, longest: Duration) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let longest = (FIRST_PAUSE * 2_u32.pow(doublings)).min(longest);
    // Each `RandomState` has keys of its own: randomness enough, without a crate for it.
    let thousandth = (RandomState::new().hash_one(failures) % 500) as u32;
    longest - longest * thousandth / 1_000
}

#[cfg(test)]
#[path = "patience_tests.rs"]
mod tests;
