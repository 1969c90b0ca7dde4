//! How fast tasks get in, and what the server needs to keep them.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use redis::aio::MultiplexedConnection;
use tokio::task::JoinSet;

use crate::contestant::{Body, Caller, Contestant};
use crate::figures::{Figures, Measure};
use crate::stats::Stats;

/// Callers that push side by side.
pub(super) const CALLERS: usize = 64;

/// Callers that push batches side by side.
const BATCH_CALLERS: u64 = 2;

const BATCH: u64 = 1_000;

/// For how long single pushes are measured, after a tenth of it to warm up.
const TIME: Duration = Duration::from_secs(2);

/// Tasks a second that some callers push, each one task at a time.
pub(super) async fn singly(contestant: &dyn Contestant, callers: usize) -> Result<f64> {
    for_a_while(contestant, callers, TIME / 10).await?;
    for_a_while(contestant, callers, TIME).await
}

async fn for_a_while(contestant: &dyn Contestant, callers: usize, time: Duration) -> Result<f64> {
    let start = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..callers {
        let mut caller = contestant.caller();
        running.spawn(async move {
            let mut pushed = 0_u64;
            while start.elapsed() < time {
                caller.push_one(Body::new()).await?;
                pushed += 1;
            }
            anyhow::Ok(pushed)
        });
    }
    let mut pushed = 0;
    while let Some(ended) = running.join_next().await {
        pushed += ended??;
    }
    Ok(pushed as f64 / start.elapsed().as_secs_f64())
}

/// Fills the queue: in batches where there are such, else by many single pushes.
pub(super) async fn fill(
    contestant: &dyn Contestant,
    connection: &mut MultiplexedConnection,
    tasks: u64,
    figures: &mut Figures,
) -> Result<()> {
    // The first pushes make what stays: scripts, connections, settings.
    let warm = contestant.caller().push_batch(bodies(1)).await?;
    if !warm {
        contestant.caller().push_one(Body::new()).await?;
    }
    let before = Stats::read(connection).await?;
    let rest = tasks - 1;
    if warm {
        figures.set(Measure::PushBatchPerS, batches(contestant, rest).await?);
    } else {
        figures.absent(Measure::PushBatchPerS);
        shares(contestant, CALLERS as u64, rest, 1).await?;
    }
    let after = Stats::read(connection).await?;
    figures.set(Measure::MemoryBytes, (after.memory - before.memory) / rest as f64);
    let waiting = contestant.unsettled().await?;
    ensure!(waiting == tasks, "{tasks} tasks were pushed, and {waiting} wait");
    Ok(())
}

async fn batches(contestant: &dyn Contestant, tasks: u64) -> Result<f64> {
    let start = Instant::now();
    shares(contestant, BATCH_CALLERS, tasks, BATCH).await?;
    Ok(tasks as f64 / start.elapsed().as_secs_f64())
}

/// Pushes so many tasks, shared by some callers, so many at a time.
async fn shares(contestant: &dyn Contestant, callers: u64, tasks: u64, batch: u64) -> Result<()> {
    let mut running = JoinSet::new();
    for caller in 0..callers {
        let share = tasks / callers + u64::from(caller < tasks % callers);
        running.spawn(push_share(contestant.caller(), share, batch));
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(())
}

async fn push_share(mut caller: Box<dyn Caller>, mut share: u64, batch: u64) -> Result<()> {
    while share > 0 {
        let count = share.min(batch);
        if batch == 1 {
            caller.push_one(Body::new()).await?;
        } else {
            caller.push_batch(bodies(count)).await?;
        }
        share -= count;
    }
    Ok(())
}

fn bodies(count: u64) -> Vec<Body> {
    (0..count).map(|_| Body::new()).collect()
}
