//! Recovery: how long it takes from a worker's death until its tasks are in the queue again.

use std::time::{Duration, Instant};

use redis::Value;
use tireless::WorkerId;
use tireless_tests::{Raw, quantile};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::ground::{Ground, key};

/// Beyond this nobody waits.
const HOPELESS: Duration = Duration::from_secs(60);

/// Watches the dead until the store has forgotten their leases, which it does in the step that takes
/// back the last of their tasks.
#[derive(Debug)]
pub struct Recovery {
    deaths: UnboundedSender<(WorkerId, Instant)>,
    watching: JoinHandle<Vec<Duration>>,
}

impl Recovery {
    /// Starts to watch.
    pub async fn watch(ground: &Ground) -> Self {
        let leases = key(&ground.queue, "leases");
        let (deaths, told) = unbounded_channel();
        let watching = tokio::spawn(watch(ground.raw().await, leases, told));
        Self { deaths, watching }
    }

    /// Notes a death of this moment.
    pub fn died(&self, worker: WorkerId) {
        // The watcher ends after its last death, not before.
        let _ = self.deaths.send((worker, Instant::now()));
    }

    /// Waits until all dead are recovered from, and tells how long each took, sorted.
    pub async fn end(self) -> Vec<Duration> {
        drop(self.deaths);
        self.watching.await.unwrap_or_default()
    }
}

async fn watch(
    mut raw: Raw,
    leases: String,
    mut told: UnboundedReceiver<(WorkerId, Instant)>,
) -> Vec<Duration> {
    let mut waiting: Vec<(WorkerId, Instant)> = Vec::new();
    let mut took = Vec::new();
    loop {
        loop {
            match told.try_recv() {
                Ok(death) => waiting.push(death),
                Err(tokio::sync::mpsc::error::TryRecvError::Empty) => break,
                Err(_) if waiting.is_empty() => {
                    took.sort_unstable();
                    return took;
                }
                Err(_) => break,
            }
        }
        let mut still = Vec::new();
        for (worker, since) in waiting {
            let words: [&[u8]; 3] = [b"ZSCORE", leases.as_bytes(), &worker.as_bytes()[..]];
            let score = raw.try_command(&words).await;
            let recovered = matches!(score, Ok(Value::Nil));
            if recovered || since.elapsed() > HOPELESS {
                took.push(since.elapsed());
            } else {
                still.push((worker, since));
            }
        }
        waiting = still;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The 99th of a hundred, and the longest.
pub fn p99_and_longest(mut times: Vec<Duration>) -> (Duration, Duration) {
    if times.is_empty() {
        return (Duration::ZERO, Duration::ZERO);
    }
    (quantile(&mut times, 990), quantile(&mut times, 1_000))
}
