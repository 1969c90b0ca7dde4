//! Very many tasks fall due at one instant.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use async_trait::async_trait;
use redis::Value;
use tireless_testkit::server::TestServer;
use tireless_tests::{Pace, quantile};

use crate::crew::{Crew, Terms};
use crate::fault::{Fault, Report, Run};
use crate::ground::{Ground, key};
use crate::load::{Load, Plan};

const TASKS: u64 = 1_000_000;
const WORKERS: usize = 4;

/// Tasks a second that the slowest machine pushes: their due time must lie behind the last push.
const PUSHED_A_SECOND: u64 = 2_500;

/// The longest that the slowest of a hundred commands of others may take meanwhile.
const OTHERS: Duration = Duration::from_millis(20);

/// Of how many commands one in a hundred says something.
const ENOUGH: usize = 1_000;

/// The fault.
#[derive(Debug)]
pub(super) struct DueAtOnce;

#[async_trait]
impl Fault for DueAtOnce {
    fn name(&self) -> &'static str {
        "due-at-once"
    }

    fn bar(&self) -> &'static str {
        "A million tasks due at one instant: all are moved and done, none twice, none early; \
         other commands take less than 20 ms (p99) meanwhile"
    }

    fn full(&self) -> (u64, &'static str) {
        (TASKS, "tasks")
    }

    fn small(&self) -> f64 {
        0.01
    }

    fn catches(&self) -> &'static [&'static str] {
        &["AckLeavesTheIdInTheClaim"]
    }

    async fn run(&self, run: &Run) -> Result<Report> {
        let tasks = run.times(TASKS, 2_000);
        let ground = Ground::open(run, TestServer::builder()).await?;
        let crew = Crew::start(&ground.place, Terms::new(16, Pace::FAST), WORKERS)?;
        crew.ready().await?;
        run.progress.set_length(tasks);
        let patience = Duration::from_secs(3 + tasks / PUSHED_A_SECOND);
        let due = SystemTime::now() + patience;
        let mut plan = Plan::new(tasks, 0.0, |id| id.to_string());
        (plan.batch, plan.at) = (1_000, Some(due));
        let told = Load::start(&ground, "producer", plan)?.finish().await?;
        let spare = due.duration_since(SystemTime::now());
        let spare = spare.context("this machine pushes too slowly: tasks fell due meanwhile")?;
        let mut before = probe(&ground, spare.saturating_sub(Duration::from_millis(100)), 0).await;
        tokio::time::sleep(due.duration_since(SystemTime::now()).unwrap_or_default()).await;
        let begin = Instant::now();
        let limit = ground.patience(Duration::from_secs(600));
        let mut during = probe(&ground, limit, 1).await;
        let moved = begin.elapsed();
        let drained = ground.drain(limit).await;
        let done = begin.elapsed();
        crew.go_home(Duration::from_secs(40)).await?;
        let findings = ground.check(&[]).await?;
        let mut report = Report::new(tasks, &findings);
        report.ended_well(drained, &told);
        report.seconds("all moved after", moved);
        report.seconds("all done after", done);
        report.seconds("others' p99 before", quantile(&mut before, 990));
        report.seconds("others' longest meanwhile", quantile(&mut during, 1_000));
        // A short move gives too few samples for a hundredth of them to mean much.
        let allowed = if during.len() < ENOUGH { OTHERS * 10 } else { OTHERS };
        report.within("others' p99 meanwhile", quantile(&mut during, 990), allowed);
        Ok(report)
    }
}

/// How long a plain command of another takes, asked every few milliseconds: up to a limit, or for
/// as long as at least so many tasks are scheduled.
async fn probe(ground: &Ground, limit: Duration, while_scheduled: i64) -> Vec<Duration> {
    let mut raw = ground.raw().await;
    let key = key(&ground.queue, "scheduled");
    let (begin, mut times) = (Instant::now(), Vec::new());
    loop {
        let sent = Instant::now();
        let waiting = raw.command(&[b"ZCARD", key.as_bytes()]).await;
        times.push(sent.elapsed());
        let moved = matches!(waiting, Value::Int(count) if count < while_scheduled);
        if moved || begin.elapsed() > limit {
            return times;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
