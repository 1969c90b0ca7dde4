//! Workers are killed (SIGKILL) at random moments under load.

use std::time::{Duration, Instant};

use anyhow::Result;
use async_trait::async_trait;
use tireless_testkit::server::TestServer;
use tireless_tests::Pace;

use crate::crew::{Crew, Terms};
use crate::fault::{Fault, Report, Run};
use crate::ground::Ground;
use crate::load::{Load, Plan};
use crate::random::{around, below};
use crate::recovery::{Recovery, p99_and_longest};

const WORKERS: usize = 4;
/// Few enough that all are busy: a killed idler proves nothing.
const SLOTS: usize = 8;
const TASKS: u64 = 200_000;
const KILLS: u64 = 300;

/// Between two kills, on average.
const GAP: Duration = Duration::from_millis(1_800);

/// Until tasks are in the queue again: of all deaths but one in a hundred, and of all.
const P99: Duration = Duration::from_secs(20);
const LONGEST: Duration = Duration::from_secs(30);

/// The fault.
#[derive(Debug)]
pub(super) struct WorkerKill;

#[async_trait]
impl Fault for WorkerKill {
    fn name(&self) -> &'static str {
        "worker-kill"
    }

    fn bar(&self) -> &'static str {
        "300 SIGKILLs at random moments of 200,000 tasks on 4 processes: none lost, no innocent \
         buried, no more runs repeated than were in flight, back in the queue after 20 s (p99) and \
         30 s (longest) at the default lease"
    }

    fn full(&self) -> (u64, &'static str) {
        (KILLS, "kills")
    }

    fn small(&self) -> f64 {
        0.01
    }

    fn catches(&self) -> &'static [&'static str] {
        &["PopWithoutRecord", "NeverReclaims", "AckLeavesTheIdInTheClaim"]
    }

    async fn run(&self, run: &Run) -> Result<Report> {
        let (kills, tasks) = (run.times(KILLS, 3), run.times(TASKS, 2_000));
        let ground = Ground::open(run, TestServer::builder()).await?;
        let mut crew = Crew::start(&ground.place, Terms::new(SLOTS, Pace::DEFAULT), WORKERS)?;
        crew.ready().await?;
        let recovery = Recovery::watch(&ground).await;
        let rate = tasks as f64 / (GAP.as_secs_f64() * kills as f64);
        let body = |id| format!("{id} sleep {}", 20 + below(100));
        let load = Load::start(&ground, "producer", Plan::new(tasks, rate, body))?;
        let mut excuses = Vec::new();
        run.progress.set_length(kills);
        for _ in 0..kills {
            tokio::time::sleep(around(GAP)).await;
            let victim = below(WORKERS as u64) as usize;
            let worker = crew.members[victim].worker();
            excuses.push(crew.kill(victim)?);
            if let Some(worker) = worker {
                recovery.died(worker);
            }
            run.progress.inc(1);
        }
        let told = load.finish().await?;
        let since = Instant::now();
        let drained = ground.drain(ground.patience(Duration::from_secs(180))).await;
        let drain = since.elapsed();
        let (p99, longest) = p99_and_longest(recovery.end().await);
        crew.go_home(Duration::from_secs(40)).await?;
        let findings = ground.check(&excuses).await?;
        let mut report = Report::new(kills, &findings);
        report.ended_well(drained, &told);
        report.demand(findings.extra <= findings.in_flight, || {
            format!("{} extra runs, {} in flight", findings.extra, findings.in_flight)
        });
        // Of a few deaths the slowest would be that hundredth.
        let p99_bar = if kills < 100 { LONGEST } else { P99 };
        report.within("recovery p99", p99, p99_bar);
        report.within("longest recovery", longest, LONGEST);
        report.seconds("drained after", drain);
        Ok(report)
    }
}
