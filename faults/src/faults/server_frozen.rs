//! The server stands still (SIGSTOP), or is away, for longer than all leases, under load.

use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use tireless_testkit::server::TestServer;
use tireless_tests::Pace;

use crate::crew::{Crew, Terms};
use crate::fault::{Fault, Report, Run};
use crate::ground::Ground;
use crate::living;
use crate::load::{Load, Plan};
use crate::random::below;

const OUTAGES: u64 = 20;
const SHORT: Duration = Duration::from_secs(5);
const LONG: Duration = Duration::from_secs(60);
const RATE: f64 = 100.0;

/// Tasks that run all through an outage and beyond.
const HELD: u64 = 12;

/// The fault.
#[derive(Debug)]
pub(super) struct ServerFrozen;

#[async_trait]
impl Fault for ServerFrozen {
    fn name(&self) -> &'static str {
        "server-frozen"
    }

    fn bar(&self) -> &'static str {
        "The server frozen (SIGSTOP) or away for 5 s and 60 s under load, 20 times, each longer \
         than the lease: no live claim reclaimed, no crash charged, none lost, none repeated"
    }

    fn full(&self) -> (u64, &'static str) {
        (OUTAGES, "outages")
    }

    fn small(&self) -> f64 {
        0.1
    }

    fn catches(&self) -> &'static [&'static str] {
        &["ReclaimsUnasked"]
    }

    async fn run(&self, run: &Run) -> Result<Report> {
        let outages = run.times(OUTAGES, 2);
        let pace = Pace::FAST;
        let server = TestServer::builder().append_only().with_args(["--appendfsync", "always"]);
        let mut ground = Ground::open(run, server).await?;
        let crew = Crew::start(&ground.place, Terms::new(16, pace), 3)?;
        crew.ready().await?;
        let body = |id| format!("{id} sleep {}", 10 + below(100));
        let load = Load::start(&ground, "producer", Plan::new(u64::MAX, RATE, body))?;
        run.progress.set_length(outages);
        let mut charged = 0;
        for outage in 0..outages {
            let length = if outage % 4 == 3 { LONG } else { SHORT };
            let body = match length {
                LONG => |id| format!("{id} sleep 64000"),
                _ => |id| format!("{id} sleep 9000"),
            };
            living::hold(&ground, outage, HELD, body).await?;
            tokio::time::sleep(Duration::from_secs(1)).await;
            if outage % 3 == 1 {
                ground.server.kill();
                tokio::time::sleep(length).await;
                ground.server.restart()?;
            } else {
                ground.server.stop()?;
                tokio::time::sleep(length).await;
                ground.server.cont()?;
            }
            // Some beats, in which a wrong verdict would be spoken.
            tokio::time::sleep(pace.lease + pace.beat * 3).await;
            charged += living::crashes(&ground).await?;
            run.progress.inc(1);
        }
        let told = load.stop().await?;
        let drained = ground.drain(ground.patience(Duration::from_secs(90))).await;
        crew.go_home(Duration::from_secs(40)).await?;
        let findings = ground.check(&[]).await?;
        let mut report = Report::new(outages, &findings);
        report.ended_well(drained, &told);
        living::unharmed(&mut report, &ground, charged)?;
        Ok(report)
    }
}
