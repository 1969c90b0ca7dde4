//! How late this process itself is: on a machine that has too much to do, or with threads that are
//! held up, it is as if the servers were silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

/// How often it is measured.
const EVERY: Duration = Duration::from_millis(20);

/// Measures until it is dropped.
#[derive(Debug)]
pub struct Lateness {
    worst_ms: Arc<AtomicU64>,
    measuring: JoinHandle<()>,
}

impl Lateness {
    /// Begins to measure on the runtime of the caller.
    pub fn watch() -> Self {
        let worst_ms = Arc::new(AtomicU64::new(0));
        let measuring = tokio::spawn(measure(worst_ms.clone()));
        Self { worst_ms, measuring }
    }

    /// By how much a short sleep was too long at worst.
    pub fn worst(&self) -> Duration {
        Duration::from_millis(self.worst_ms.load(Ordering::Relaxed))
    }
}

impl Drop for Lateness {
    fn drop(&mut self) {
        self.measuring.abort();
    }
}

async fn measure(worst_ms: Arc<AtomicU64>) {
    loop {
        let begin = Instant::now();
        tokio::time::sleep(EVERY).await;
        let late = begin.elapsed().saturating_sub(EVERY);
        worst_ms.fetch_max(u64::try_from(late.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_that_is_held_up_shows() {
        let lateness = Lateness::watch();
        tokio::time::sleep(EVERY / 2).await;
        std::thread::sleep(Duration::from_millis(200));
        tokio::time::sleep(2 * EVERY).await;
        assert!(lateness.worst() >= Duration::from_millis(150), "{:?}", lateness.worst());
    }
}
