//! Addresses that stayed silent while another one of the same host answered: they are tried last, so
//! that not every connection waits for them anew.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long an address is put last (RFC 6555, section 4.2, has this order of time).
const REMEMBERED: Duration = Duration::from_secs(600);

/// How many are remembered at most.
const MOST: usize = 64;

/// The addresses, with when they were found silent, the latest last.
#[derive(Debug)]
pub(super) struct Silent(Mutex<Vec<(SocketAddr, Instant)>>);

impl Silent {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Moves those that were silent behind the others, which keep their order.
    pub(super) fn put_last(&self, order: &mut [SocketAddr]) {
        if order.len() < 2 {
            return;
        }
        let found = self.remembered();
        order.sort_by_key(|address| found.iter().any(|(silent, _)| silent == address));
    }

    /// Notes which were silent, and that one was not.
    pub(super) fn note(&self, silent: &[SocketAddr], answered: SocketAddr) {
        let mut found = self.remembered();
        found.retain(|(address, _)| *address != answered && !silent.contains(address));
        let now = Instant::now();
        found.extend(silent.iter().map(|address| (*address, now)));
        let beyond = found.len().saturating_sub(MOST);
        found.drain(..beyond);
    }

    fn remembered(&self) -> MutexGuard<'_, Vec<(SocketAddr, Instant)>> {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.retain(|(_, since)| since.elapsed() < REMEMBERED);
        found
    }
}

#[cfg(test)]
#[path = "silent_tests.rs"]
mod tests;
