//! How soon an idle worker starts a task, and what its waiting costs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use redis::aio::MultiplexedConnection;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{sleep, timeout};

use super::worker::Worker;
use crate::contestant::{Body, Caller, Contestant};
use crate::figures::{Figures, Measure};
use crate::stats::Stats;
use crate::tally::Tally;

const SAMPLES: u64 = 100;

/// For how long an idle worker's commands are counted: what comes once in five seconds is to be seen.
const IDLE: Duration = Duration::from_secs(20);

/// How long a worker rests before its commands are counted, after each of the first pushes.
const SETTLED: Duration = Duration::from_millis(500);

/// The least rest of a worker before a push. Each rest is longer by another part of [`SPREAD`], so
/// that pushes meet a worker that polls at all of its phases.
const REST: Duration = Duration::from_millis(20);
const SPREAD: Duration = Duration::from_millis(30);

/// Steps through the spread: with this one, a hundred rests are all different.
const STEP: u64 = 37;

/// How long a start is waited for.
const LIMIT: Duration = Duration::from_secs(30);

/// Pushes one task after the other to an idle worker: from the start of the push to the start of
/// the handler.
pub(super) async fn measure(
    contestant: &Arc<dyn Contestant>,
    connection: &mut MultiplexedConnection,
    figures: &mut Figures,
) -> Result<()> {
    let (tally, mut begins) = Tally::with_begins();
    let mut worker = Worker::start(contestant, Arc::new(tally));
    let mut caller = contestant.caller();
    // Two first ones, which make scripts and connections.
    for _ in 0..2 {
        once(caller.as_mut(), &mut begins, &mut worker).await?;
        sleep(SETTLED).await;
    }
    figures.set(Measure::IdleCommandsPerS, idle_commands(connection).await?);
    let mut times = Vec::new();
    for sample in 0..SAMPLES {
        let part = (sample * STEP % SAMPLES) as f64 / SAMPLES as f64;
        sleep(REST + SPREAD.mul_f64(part)).await;
        times.push(once(caller.as_mut(), &mut begins, &mut worker).await?);
    }
    worker.end().await;
    times.sort_unstable();
    figures.set(Measure::PickUpP50Us, at(&times, 50));
    figures.set(Measure::PickUpP99Us, at(&times, 99));
    Ok(())
}

async fn once(
    caller: &mut dyn Caller,
    begins: &mut UnboundedReceiver<Instant>,
    worker: &mut Worker,
) -> Result<Duration> {
    let pushed = Instant::now();
    caller.push_one(Body::new()).await?;
    worker.check().await?;
    match timeout(LIMIT, begins.recv()).await {
        Ok(Some(begin)) => Ok(begin.saturating_duration_since(pushed)),
        _ => bail!("an idle worker did not start a task within {} s", LIMIT.as_secs()),
    }
}

/// Commands a second while nothing is to do, the counting ones left out.
async fn idle_commands(connection: &mut MultiplexedConnection) -> Result<f64> {
    let before = Stats::read(connection).await?;
    sleep(IDLE).await;
    let after = Stats::read(connection).await?;
    Ok((after.commands - before.commands - 1.0).max(0.0) / IDLE.as_secs_f64())
}

/// The time that so many of a hundred do not exceed, in microseconds.
fn at(sorted: &[Duration], percent: usize) -> f64 {
    let index = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(index).map_or(0.0, |time| time.as_secs_f64() * 1e6)
}
