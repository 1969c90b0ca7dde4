//! Very many tasks fall due at one instant.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use async_trait::async_trait;
use redis::Value;
use tireless_testkit::server::TestServer;
use tireless_tests::{Pace, Raw, quantile};

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
const ENOUGH: usize = 300;

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
        let mut probe = Probe::beside(&ground).await?;
        let patience = Duration::from_secs(3 + tasks / PUSHED_A_SECOND);
        let due = SystemTime::now() + patience;
        let mut plan = Plan::new(tasks, 0.0, |id| id.to_string());
        (plan.batch, plan.at) = (1_000, Some(due));
        let told = Load::start(&ground, "producer", plan)?.finish().await?;
        let spare = due.duration_since(SystemTime::now());
        let spare = spare.context("this machine pushes too slowly: tasks fell due meanwhile")?;
        let due = Instant::now() + spare;
        let limit = ground.patience(Duration::from_secs(600));
        let (mut before, mut during) = probe.until_all_moved(due, limit).await;
        let moved = due.elapsed();
        let drained = ground.drain(limit).await;
        let done = due.elapsed();
        crew.go_home(Duration::from_secs(40)).await?;
        let findings = ground.check(&[]).await?;
        let mut report = Report::new(tasks, &findings);
        report.ended_well(drained, &told);
        report.seconds("all moved after", moved);
        report.seconds("all done after", done);
        report.seconds("others' p99 before", quantile(&mut before.taken, 990));
        report.seconds("others' longest meanwhile", quantile(&mut during.taken, 1_000));
        if during.taken.len() < ENOUGH {
            // One pause of the machine would be that hundredth.
            let p99 = quantile(&mut during.beyond_idle, 990);
            report.within("others' p99 meanwhile, beyond an idle server's", p99, OTHERS * 10);
        } else {
            report.within("others' p99 meanwhile", quantile(&mut during.taken, 990), OTHERS);
        }
        Ok(report)
    }
}

/// Sends plain commands of another to the server, and the same to one that has nothing to do.
struct Probe {
    busy: Raw,
    idle: Raw,
    scheduled: String,
    _idle_server: TestServer,
}

impl Probe {
    async fn beside(ground: &Ground) -> Result<Self> {
        let idle_server = TestServer::builder().start()?;
        Ok(Self {
            busy: ground.raw().await,
            idle: Raw::connect(&idle_server.url()).await,
            scheduled: key(&ground.queue, "scheduled"),
            _idle_server: idle_server,
        })
    }

    /// Asks every few milliseconds until nothing is scheduled any more, up to a limit: before the
    /// moment at which all fall due, and after it.
    async fn until_all_moved(&mut self, due: Instant, limit: Duration) -> (Times, Times) {
        let (mut before, mut during) = (Times::default(), Times::default());
        loop {
            let sent = Instant::now();
            let words = [b"ZCARD".as_slice(), self.scheduled.as_bytes()];
            let ((scheduled, took), (_, usual)) =
                tokio::join!(timed(&mut self.busy, &words), timed(&mut self.idle, &words));
            let times = if sent < due { &mut before } else { &mut during };
            times.taken.push(took);
            times.beyond_idle.push(took.saturating_sub(usual));
            let moved = matches!(scheduled, Value::Int(0));
            if sent >= due && (moved || due.elapsed() > limit) {
                return (before, during);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// How long commands took.
#[derive(Default)]
struct Times {
    taken: Vec<Duration>,
    /// How much longer than at the idle server, where this machine's own pauses show too.
    beyond_idle: Vec<Duration>,
}

async fn timed(raw: &mut Raw, words: &[&[u8]]) -> (Value, Duration) {
    let sent = Instant::now();
    let answer = raw.command(words).await;
    (answer, sent.elapsed())
}
