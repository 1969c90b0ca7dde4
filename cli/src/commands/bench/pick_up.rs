//! How soon an idle pool starts a task.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tireless::{Backend, Context, Envelope, Handle, QueueName, RunPolicy, Verdict};
use tokio::sync::mpsc;

use super::push::Load;
use crate::exit::{Outcome, Stop};
use crate::output::progress;
use crate::pool::pool;

const SAMPLES: usize = 200;

/// How long the pool rests before each push.
const REST: Duration = Duration::from_millis(20);

/// How long a start is waited for: a lost bell costs 5 s.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// Times from the start of a push to the start of the handler.
#[derive(Debug)]
pub(super) struct PickUp {
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
}

/// Tells when it was started.
struct Stamp(mpsc::UnboundedSender<Instant>);

impl Handle for Stamp {
    fn run(&self, _: Envelope, _: Context) -> BoxFuture<'static, Verdict> {
        // Nobody listens any more at the end.
        let _ = self.0.send(Instant::now());
        std::future::ready(Verdict::Done).boxed()
    }
}

impl PickUp {
    /// Pushes one task after the other to an idle pool.
    pub(super) async fn measure(
        broker: &Arc<dyn Backend>,
        queue: &QueueName,
        load: &Load,
        concurrency: usize,
    ) -> Outcome<Self> {
        let (sender, mut stamps) = mpsc::unbounded_channel();
        let queues = [queue.clone()];
        let pool = pool(broker.clone(), &queues, false, RunPolicy::default(), Stamp(sender))
            .concurrency(concurrency)
            .start()
            .await?;
        let bar = progress(Some(SAMPLES as u64), "picking up");
        let producer = load.producer();
        let mut times = Vec::with_capacity(SAMPLES);
        tokio::time::sleep(REST * 10).await;
        for _ in 0..SAMPLES {
            tokio::time::sleep(REST).await;
            let pushed = Instant::now();
            load.push(&producer).await?;
            match tokio::time::timeout(LIMIT, stamps.recv()).await {
                Ok(Some(started)) => times.push(started.saturating_duration_since(pushed)),
                _ => return Err(Stop::failed("an idle pool did not pick a task up within 30 s")),
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        pool.shutdown().await;
        Ok(Self::of(times))
    }

    /// The same of a bare hand-over, where there is one.
    pub(super) async fn bare(broker: &dyn Backend) -> Outcome<Option<Self>> {
        Ok(broker.hand_over_limit(SAMPLES).await?.map(Self::of))
    }

    /// The two of these times that count.
    pub(super) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self { p50_us: at(&times, 50), p99_us: at(&times, 99) }
    }
}

/// The time that so many of a hundred do not exceed, in microseconds.
fn at(sorted: &[Duration], percent: usize) -> f64 {
    let index = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(index).map_or(0.0, |time| (time.as_nanos() / 100) as f64 / 10.0)
}
