//! The server is made to forget its scripts (SCRIPT FLUSH), ten times a second, under load.

use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use tireless_testkit::server::TestServer;
use tireless_tests::Pace;

use crate::crew::{Crew, Terms};
use crate::fault::{Fault, Report, Run};
use crate::ground::Ground;
use crate::load::{Load, Plan};
use crate::random::below;

const FLUSHES: u64 = 3_000;
const EVERY: Duration = Duration::from_millis(100);
const RATE: f64 = 400.0;

/// The fault.
#[derive(Debug)]
pub(super) struct ScriptsFlushed;

#[async_trait]
impl Fault for ScriptsFlushed {
    fn name(&self) -> &'static str {
        "scripts-flushed"
    }

    fn bar(&self) -> &'static str {
        "SCRIPT FLUSH ten times a second under load, 3,000 times: no error reaches a user, none \
         lost, none repeated"
    }

    fn full(&self) -> (u64, &'static str) {
        (FLUSHES, "flushes")
    }

    fn small(&self) -> f64 {
        0.017
    }

    fn catches(&self) -> &'static [&'static str] {
        &["NeverLoadsScripts"]
    }

    async fn run(&self, run: &Run) -> Result<Report> {
        let flushes = run.times(FLUSHES, 20);
        let ground = Ground::open(run, TestServer::builder()).await?;
        let crew = Crew::start(&ground.place, Terms::new(8, Pace::FAST), 2)?;
        crew.ready().await?;
        let body = |id| format!("{id} sleep {}", below(20));
        let load = Load::start(&ground, "producer", Plan::new(u64::MAX, RATE, body))?;
        let mut raw = ground.raw().await;
        run.progress.set_length(flushes);
        for _ in 0..flushes {
            raw.try_command(&[b"SCRIPT", b"FLUSH"]).await?;
            tokio::time::sleep(EVERY).await;
            run.progress.inc(1);
        }
        let told = load.stop().await?;
        let drained = ground.drain(ground.patience(Duration::from_secs(60))).await;
        crew.go_home(Duration::from_secs(40)).await?;
        let findings = ground.check(&[]).await?;
        let mut report = Report::new(flushes, &findings);
        report.ended_well(drained, &told);
        report.demand(findings.refused + findings.unknown == 0, || {
            format!("{} pushes were not accepted", findings.refused + findings.unknown)
        });
        report.count("errors to users", told.errors.len() as u64);
        Ok(report)
    }
}
