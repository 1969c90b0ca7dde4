//! Mixed load for a long time, with a random fault every minute.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use async_trait::async_trait;
use tireless_testkit::server::TestServer;
use tireless_tests::{Pace, Raw};

use crate::crew::{Crew, Terms};
use crate::excuse::Excuse;
use crate::fault::{Fault, Report, Run};
use crate::ground::Ground;
use crate::history;
use crate::load::{Load, Plan};
use crate::random::below;
use crate::samples::{Sampler, must_be_flat};

const FAULTS: u64 = 60;
const MINUTE: Duration = Duration::from_secs(60);

/// The minute of a short run: the longest fault takes six seconds, and its echo two.
const SHORT_MINUTE: Duration = Duration::from_secs(9);

const WORKERS: usize = 4;
const RATE: f64 = 120.0;

/// What one minute brings, by chance.
const KINDS: [&str; 6] = [
    "worker killed",
    "worker stopped",
    "worker ended",
    "server killed",
    "server frozen",
    "flushed",
];

/// The fault.
#[derive(Debug)]
pub(super) struct Soak;

#[async_trait]
impl Fault for Soak {
    fn name(&self) -> &'static str {
        "soak"
    }

    fn bar(&self) -> &'static str {
        "One hour of mixed load with a random fault a minute: none lost; resident memory, open \
         files, connections, keys and the server's used memory flat after the first ten minutes"
    }

    fn full(&self) -> (u64, &'static str) {
        (FAULTS, "minutes")
    }

    fn small(&self) -> f64 {
        0.04
    }

    fn catches(&self) -> &'static [&'static str] {
        &["KeepsFinishedTasks"]
    }

    async fn run(&self, run: &Run) -> Result<Report> {
        let faults = run.times(FAULTS, 3);
        let minute = if run.scale >= 0.1 { MINUTE } else { SHORT_MINUTE };
        let server = TestServer::builder().append_only().with_args(["--appendfsync", "always"]);
        let mut ground = Ground::open(run, server).await?;
        let mut crew = Crew::start(&ground.place, Terms::new(8, Pace::FAST), WORKERS)?;
        crew.ready().await?;
        // The first one lives to the end: only so can be seen whether it grows.
        let sampler = Sampler::start(crew.members[0].process.id(), ground.server.url());
        let loads = mixed(&ground)?;
        run.progress.set_length(faults);
        let mut excuses = Vec::new();
        let mut kinds = [0_u64; KINDS.len()];
        for _ in 0..faults {
            let begin = Instant::now();
            tokio::time::sleep(minute / 6).await;
            let kind = below(KINDS.len() as u64) as usize;
            kinds[kind] += 1;
            excuses.extend(inflict(KINDS[kind], &mut ground, &mut crew).await?);
            tokio::time::sleep(minute.saturating_sub(begin.elapsed())).await;
            run.progress.inc(1);
        }
        let samples = sampler.end().await;
        let mut ends = Vec::new();
        for load in loads {
            ends.push(load.stop().await?);
        }
        let drained = ground.drain(ground.patience(Duration::from_secs(90))).await;
        let left = ground.left_behind().await?;
        crew.go_home(Duration::from_secs(40)).await?;
        let findings = ground.check(&excuses).await?;
        let mut report = Report::new(faults, &findings);
        for told in &ends {
            report.ended_well(drained, told);
        }
        for (kind, times) in KINDS.iter().zip(kinds) {
            report.count(kind, times);
        }
        report.demand(left == 0, || format!("finished tasks left {left} entries behind"));
        must_be_flat(&mut report, &samples, minute * u32::try_from(faults)? / 6);
        Ok(report)
    }
}

/// Tasks that are due at once, due later, and that fail.
fn mixed(ground: &Ground) -> Result<Vec<Load>> {
    let quick = |id| format!("{id} sleep {}", 5 + below(80));
    let failing = |id| format!("{id} sleep {} again {}", below(30), 1 + below(2));
    let now = Plan::new(u64::MAX, RATE, quick);
    let mut later = Plan::new(u64::MAX, RATE / 4.0, quick);
    (later.first, later.after) = (1 << 32, Duration::from_secs(3));
    let mut again = Plan::new(u64::MAX, RATE / 4.0, failing);
    again.first = 1 << 33;
    let plans = [("now", now), ("later", later), ("again", again)];
    plans
        .into_iter()
        .map(|(name, plan)| Load::start(ground, &format!("producer-{name}"), plan))
        .collect()
}

/// Does it, and says what it excuses.
async fn inflict(kind: &str, ground: &mut Ground, crew: &mut Crew) -> Result<Option<Excuse>> {
    let victim = 1 + below(WORKERS as u64 - 1) as usize;
    match kind {
        "worker killed" => return Ok(Some(crew.kill(victim)?)),
        "worker stopped" => {
            let member = &crew.members[below(WORKERS as u64) as usize];
            let from = history::now();
            member.process.signal("STOP");
            tokio::time::sleep(Pace::FAST.lease * 3).await;
            member.process.signal("CONT");
            return Ok(Some(Excuse::stopped(&member.name, from, history::now())));
        }
        "worker ended" => {
            let member = crew.replace(victim)?;
            member.ready(Duration::from_secs(30)).await?;
            member.process.signal("TERM");
            let name = member.name.clone();
            ensure!(member.process.wait(Duration::from_secs(40)).await, "{name} did not end");
        }
        "server killed" => {
            ground.server.kill();
            tokio::time::sleep(Duration::from_secs(1)).await;
            ground.server.restart()?;
        }
        "server frozen" => {
            ground.server.stop()?;
            tokio::time::sleep(Duration::from_secs(5)).await;
            ground.server.cont()?;
        }
        _ => {
            let mut raw = Raw::try_connect(&ground.server.url()).await?;
            raw.try_command(&[b"SCRIPT", b"FLUSH"]).await?;
        }
    }
    Ok(None)
}
