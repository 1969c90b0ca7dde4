//! Samples of what must not grow: the memory, files and connections of a process and of the server.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use redis::Value;
use tireless_tests::Raw;
use tokio::task::JoinHandle;

use crate::fault::Report;

const EVERY: Duration = Duration::from_secs(1);

/// What is sampled: its name, and by how much a tenth more may be exceeded.
pub const KINDS: [(&str, u64); 5] = [
    ("worker's resident KiB", 4_096),
    ("worker's open files", 6),
    ("server's connections", 8),
    ("server's keys", 40),
    ("server's used KiB", 2_048),
];

/// One value of each kind.
pub type Sample = [u64; KINDS.len()];

/// Takes samples until it is told to end.
#[derive(Debug)]
pub struct Sampler {
    over: Arc<AtomicBool>,
    sampling: JoinHandle<Vec<(Duration, Sample)>>,
}

impl Sampler {
    /// Samples this process and this server. Moments at which the server does not answer are left
    /// out.
    pub fn start(pid: u32, url: String) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ended = over.clone();
        let sampling = tokio::spawn(async move {
            let (begin, mut samples) = (Instant::now(), Vec::new());
            while !ended.load(Ordering::Relaxed) {
                let sample = tokio::time::timeout(EVERY, take(pid, &url)).await;
                if let Ok(Some(sample)) = sample {
                    samples.push((begin.elapsed(), sample));
                }
                tokio::time::sleep(EVERY).await;
            }
            samples
        });
        Self { over, sampling }
    }

    /// All samples, each with the time since the start.
    pub async fn end(self) -> Vec<(Duration, Sample)> {
        self.over.store(true, Ordering::Relaxed);
        self.sampling.await.unwrap_or_default()
    }
}

async fn take(pid: u32, url: &str) -> Option<Sample> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let files = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count() as u64;
    let mut raw = Raw::try_connect(url).await.ok()?;
    let info = text(raw.try_command(&[b"INFO"]).await.ok()?)?;
    let Value::Int(keys) = raw.try_command(&[b"DBSIZE"]).await.ok()? else { return None };
    Some([
        field(&status, "VmRSS:")?,
        files,
        field(&info, "connected_clients:")?,
        u64::try_from(keys).ok()?,
        field(&info, "used_memory:")? / 1_024,
    ])
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        Value::VerbatimString { text, .. } => Some(text),
        _ => None,
    }
}

/// The number that follows a name at the beginning of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// Demands that the last third of the samples after this time is no higher than the first third: by
/// their medians, with a tenth and something small to spare.
pub fn must_be_flat(report: &mut Report, samples: &[(Duration, Sample)], after: Duration) {
    let settled: Vec<&Sample> =
        samples.iter().filter(|(at, _)| *at >= after).map(|(_, sample)| sample).collect();
    report.demand(settled.len() >= 6, || format!("only {} samples", settled.len()));
    let third = (settled.len() / 3).max(1).min(settled.len());
    for (kind, (name, spare)) in KINDS.iter().enumerate() {
        let median = |part: &[&Sample]| {
            let mut values: Vec<u64> = part.iter().map(|sample| sample[kind]).collect();
            values.sort_unstable();
            values.get(values.len() / 2).copied().unwrap_or_default()
        };
        let (first, last) = (median(&settled[..third]), median(&settled[settled.len() - third..]));
        report.worst.insert(format!("{name}, first"), first as f64);
        report.worst.insert(format!("{name}, last"), last as f64);
        report.demand(last <= first + first / 10 + spare, || {
            format!("{name} grew from {first} to {last}")
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(value: impl Fn(u64) -> u64) -> Vec<String> {
        let sample = |second| (Duration::from_secs(second), [0, 0, 0, value(second), 0]);
        let samples: Vec<_> = (0..60).map(sample).collect();
        let mut report = Report::default();
        must_be_flat(&mut report, &samples, Duration::from_secs(10));
        report.breaches
    }

    #[test]
    fn what_grows_is_told_and_what_settled_is_not() {
        assert_eq!(breaches(|second| second * 10), ["server's keys grew from 180 to 520"]);
        assert_eq!(breaches(|second| second.min(10) * 100), Vec::<String>::new());
        assert_eq!(breaches(|second| 100 + second % 7), Vec::<String>::new());
    }

    #[test]
    fn fields_are_read() {
        assert_eq!(field("Name: x\nVmRSS:\t  123 kB\n", "VmRSS:"), Some(123));
        assert_eq!(field("used_memory:77\r\n", "used_memory:"), Some(77));
        assert_eq!(field("used_memory:77\r\n", "keys:"), None);
    }
}
