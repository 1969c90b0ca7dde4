//! How fast tasks get out, and what that costs on both sides.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use redis::aio::MultiplexedConnection;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::sleep;

use super::worker::Worker;
use crate::contestant::Contestant;
use crate::figures::{Figures, Measure};
use crate::stats::Stats;
use crate::tally::Tally;

/// How often the end is looked for.
const LOOK: Duration = Duration::from_millis(1);

/// How long the server rests between filling and draining.
const REST: Duration = Duration::from_millis(200);

/// Drains the queue, which holds so many tasks: from the worker's start until all have run and the
/// store knows of all that they are done.
pub(super) async fn measure(
    contestant: &Arc<dyn Contestant>,
    connection: &mut MultiplexedConnection,
    tasks: u64,
    figures: &mut Figures,
) -> Result<()> {
    contestant.before_drain().await?;
    sleep(REST).await;
    let tally = Arc::new(Tally::default());
    let before = Stats::read(connection).await?;
    let (start, cpu) = (Instant::now(), own_cpu());
    let mut worker = Worker::start(contestant, tally.clone());
    let ended = settled(contestant, &tally, &mut worker, tasks).await;
    ended.with_context(|| format!("{} of {tasks} ran", tally.count()))?;
    let (took, cpu) = (start.elapsed(), own_cpu().saturating_sub(cpu));
    let after = Stats::read(connection).await?;
    worker.end().await;
    let per_task = |total: f64| total / tasks as f64;
    figures.set(Measure::DrainPerS, tasks as f64 / took.as_secs_f64());
    figures.set(Measure::WorkerCpuUs, per_task(cpu.as_secs_f64() * 1e6));
    figures.set(Measure::ServerCpuUs, per_task(after.cpu_us - before.cpu_us));
    figures.set(Measure::Commands, per_task(after.commands - before.commands));
    Ok(())
}

async fn settled(
    contestant: &Arc<dyn Contestant>,
    tally: &Tally,
    worker: &mut Worker,
    tasks: u64,
) -> Result<()> {
    loop {
        worker.check().await?;
        if tally.count() >= tasks && contestant.unsettled().await? == 0 {
            return Ok(());
        }
        sleep(LOOK).await;
    }
}

/// Processor time that this process has used.
fn own_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
