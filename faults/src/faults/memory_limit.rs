//! The server reaches its memory limit under load, and a worker dies there.

use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use tireless_testkit::server::TestServer;
use tireless_tests::Pace;

use crate::crew::{Crew, Terms};
use crate::fault::{Fault, Report, Run};
use crate::ground::Ground;
use crate::load::{Load, Plan};
use crate::random::below;

const ROUNDS: u64 = 20;
const LIMIT: &str = "24mb";

/// What the limit is then set to, so that the server is far over it.
const OVER: &str = "12mb";

/// For how long the limit holds in each round.
const AT_LIMIT: Duration = Duration::from_secs(5);

/// Where the numbers of a round begin.
const ROUND_FROM: u64 = 1 << 32;

/// The fault.
#[derive(Debug)]
pub(super) struct MemoryLimit;

#[async_trait]
impl Fault for MemoryLimit {
    fn name(&self) -> &'static str {
        "memory-limit"
    }

    fn bar(&self) -> &'static str {
        "The server at and far over `maxmemory` for 5 s of load, 20 times, with a worker killed there each \
         time: pushes are refused whole, the backlog drains to empty, none lost"
    }

    fn full(&self) -> (u64, &'static str) {
        (ROUNDS, "times at the limit")
    }

    fn small(&self) -> f64 {
        0.05
    }

    fn catches(&self) -> &'static [&'static str] {
        &["ClaimsByGrowing"]
    }

    async fn run(&self, run: &Run) -> Result<Report> {
        let rounds = run.times(ROUNDS, 1);
        let server = TestServer::builder().with_args(["--maxmemory", LIMIT]);
        let server = server.with_args(["--maxmemory-policy", "noeviction"]);
        let ground = Ground::open(run, server).await?;
        let mut crew = Crew::start(&ground.place, Terms::new(8, Pace::FAST), 2)?;
        crew.ready().await?;
        run.progress.set_length(rounds);
        let (mut excuses, mut drained) = (Vec::new(), true);
        let mut report = Report::default();
        let mut refusals = 0;
        for round in 0..rounds {
            let plan = Plan {
                first: 1 + round * ROUND_FROM,
                batch: 50,
                ..Plan::new(u64::MAX, 0.0, heavy)
            };
            let load = Load::start(&ground, &format!("producer-{round}"), plan)?;
            tokio::time::timeout(Duration::from_secs(60), load.refused())
                .await
                .context("the limit was not reached within a minute")?;
            // Far over it: what comes free is not enough to let growing writes pass again.
            limit(&ground, OVER).await?;
            tokio::time::sleep(AT_LIMIT / 2).await;
            excuses.push(crew.kill(round as usize % crew.members.len())?);
            tokio::time::sleep(AT_LIMIT / 2).await;
            let told = load.stop().await?;
            refusals += told.out_of_memory;
            drained &= ground.drain(ground.patience(Duration::from_secs(120))).await;
            report.ended_well(drained, &told);
            limit(&ground, LIMIT).await?;
            if !drained {
                break;
            }
            run.progress.inc(1);
        }
        crew.go_home(Duration::from_secs(40)).await?;
        let findings = ground.check(&excuses).await?;
        let breaches = std::mem::take(&mut report.breaches);
        let mut report = Report::new(rounds, &findings);
        report.breaches.extend(breaches);
        report.count("refusals for memory", refusals);
        report.demand(findings.unknown == 0, || {
            format!("{} pushes were neither accepted nor refused", findings.unknown)
        });
        Ok(report)
    }
}

async fn limit(ground: &Ground, bytes: &str) -> Result<()> {
    let words: [&[u8]; 4] = [b"CONFIG", b"SET", b"maxmemory", bytes.as_bytes()];
    ground.raw().await.try_command(&words).await?;
    Ok(())
}

/// Some fail once, so that sets grow at the limit too.
fn heavy(id: u64) -> String {
    let again = if below(10) == 0 { " again 1" } else { "" };
    format!("{id} sleep {}{again} fill {}", 10 + below(20), "x".repeat(4_000))
}
