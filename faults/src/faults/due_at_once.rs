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

/// So long before the tasks fall due others begin to be asked.
const EARLY: Duration = Duration::from_millis(100);

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
        let probe = Probe::beside(&ground)?;
        let mut before = probe.times(spare.saturating_sub(EARLY), Duration::ZERO, 0).await;
        let limit = ground.patience(Duration::from_secs(600));
        let begin = Instant::now();
        let spare = due.duration_since(SystemTime::now()).unwrap_or_default();
        let mut during = probe.times(limit, spare, 1).await;
        let moved = begin.elapsed().saturating_sub(spare);
        let drained = ground.drain(limit).await;
        let done = begin.elapsed().saturating_sub(spare);
        crew.go_home(Duration::from_secs(40)).await?;
        let findings = ground.check(&[]).await?;
        let mut report = Report::new(tasks, &findings);
        report.ended_well(drained, &told);
        report.seconds("all moved after", moved);
        report.seconds("all done after", done);
        report.seconds("others' p99 before", quantile(&mut before.taken, 990));
        let sent = during.taken.len();
        report.count("commands of others meanwhile", sent as u64);
        report.demand(sent > 1, || "no command of others was sent meanwhile".to_owned());
        report.seconds("others' longest meanwhile", quantile(&mut during.taken, 1_000));
        // A short move gives too few samples for a hundredth of them to mean much: one pause of the
        // machine would be that hundredth.
        let (times, allowed) = match sent {
            ..ENOUGH => (&mut during.beyond_idle, OTHERS * 10),
            _ => (&mut during.taken, OTHERS),
        };
        report.within("others' p99 meanwhile", quantile(times, 990), allowed);
        Ok(report)
    }
}

/// Sends plain commands of another to the server, and the same to one that has nothing to do.
struct Probe<'a> {
    ground: &'a Ground,
    idle: TestServer,
}

impl<'a> Probe<'a> {
    fn beside(ground: &'a Ground) -> Result<Self> {
        Ok(Self { ground, idle: TestServer::builder().start()? })
    }

    /// Asks every few milliseconds: up to a limit, or at least for so long, and then for as long as so
    /// many tasks are scheduled.
    async fn times(&self, limit: Duration, at_least: Duration, scheduled: i64) -> Times {
        let mut busy = self.ground.raw().await;
        let mut idle = Raw::connect(&self.idle.url()).await;
        let key = key(&self.ground.queue, "scheduled");
        let (begin, mut times) = (Instant::now(), Times::default());
        loop {
            let words = [b"ZCARD".as_slice(), key.as_bytes()];
            let ((waiting, took), (_, usual)) =
                tokio::join!(timed(&mut busy, &words), timed(&mut idle, &words));
            times.taken.push(took);
            times.beyond_idle.push(took.saturating_sub(usual));
            let moved = matches!(waiting, Value::Int(count) if count < scheduled);
            if (moved && begin.elapsed() > at_least) || begin.elapsed() > limit {
                return times;
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
