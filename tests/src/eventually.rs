//! Waiting for what must come, on a machine that may be busy.

use std::time::{Duration, Instant};

/// Asks again and again until the answer is yes; returns how long that took.
///
/// Panics when it is still no after `limit`.
pub async fn eventually(
    what: &str,
    limit: Duration,
    mut check: impl AsyncFnMut() -> bool,
) -> Duration {
    let begin = Instant::now();
    while !check().await {
        assert!(begin.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begin.elapsed()
}

/// The value below which this share of the samples lies, in thousandths; sorts them.
///
/// Panics without samples.
pub fn quantile(samples: &mut [Duration], thousandths: usize) -> Duration {
    samples.sort_unstable();
    samples[(samples.len() * thousandths / 1_000).min(samples.len() - 1)]
}
