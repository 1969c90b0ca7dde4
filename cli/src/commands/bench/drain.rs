//! How fast tasks get out, and what that costs on both sides.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustix::time::{ClockId, clock_gettime};
use tireless::{Backend, Context, Envelope, Handle, QueueName, RunPolicy, Verdict};
use tokio::sync::Notify;

use super::answer::rounded;
use super::per_task;
use crate::exit::Outcome;
use crate::output::progress;
use crate::pool::pool;

/// What a drain came to.
#[derive(Debug)]
pub(super) struct Drained {
    pub(super) per_s: f64,
    pub(super) worker_cpu_us: f64,
    pub(super) server_cpu_us: Option<f64>,
    pub(super) commands: Option<f64>,
}

/// Does nothing, and tells when it did it often enough.
struct Nothing {
    left: Arc<AtomicU64>,
    ended: Arc<Notify>,
}

impl Handle for Nothing {
    fn run(&self, _: Envelope, _: Context) -> BoxFuture<'static, Verdict> {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.ended.notify_one();
        }
        std::future::ready(Verdict::Done).boxed()
    }
}

impl Drained {
    /// Drains the queue, which holds so many tasks; the last outcome is written when it ends.
    pub(super) async fn measure(
        broker: &Arc<dyn Backend>,
        queue: &QueueName,
        tasks: u64,
        concurrency: usize,
    ) -> Outcome<Self> {
        let (left, ended) = (Arc::new(AtomicU64::new(tasks)), Arc::new(Notify::new()));
        let handler = Nothing { left: left.clone(), ended: ended.clone() };
        let queues = [queue.clone()];
        let pool = pool(broker.clone(), &queues, false, RunPolicy::default(), handler)
            .hold_until_settled(false)
            .concurrency(concurrency);
        let bar = progress(Some(tasks), "draining");
        let before = broker.server().await?;
        let (start, cpu) = (Instant::now(), own_cpu());
        let ended = async {
            loop {
                tokio::select! {
                    () = ended.notified() => break,
                    () = tokio::time::sleep(Duration::from_millis(100)) => {
                        bar.set_position(tasks - left.load(Ordering::Relaxed));
                    }
                }
            }
        };
        pool.run_until(ended).await?;
        let (took, cpu) = (start.elapsed(), own_cpu().saturating_sub(cpu));
        bar.finish_and_clear();
        let after = broker.server().await?;
        Ok(Self {
            per_s: tasks as f64 / took.as_secs_f64(),
            worker_cpu_us: rounded(cpu.as_secs_f64() * 1e6 / tasks as f64),
            server_cpu_us: per_task(before.cpu_us, after.cpu_us, tasks),
            commands: per_task(before.commands, after.commands, tasks),
        })
    }
}

/// Processor time that this process has used.
fn own_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
