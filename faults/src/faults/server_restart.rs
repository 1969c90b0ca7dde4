//! The server is killed (SIGKILL) and started again under load, with each way to keep its log; and
//! a power cut, in which the end of the log is lost with it.

mod tail;

use std::time::{Duration, Instant};

use anyhow::Result;
use async_trait::async_trait;
use tireless_testkit::server::TestServer;
use tireless_tests::Pace;

use crate::crew::{Crew, Terms};
use crate::excuse::Excuse;
use crate::fault::{Fault, Report, Run};
use crate::ground::Ground;
use crate::history::{self, Moment, micros};
use crate::load::{Load, Plan};
use crate::random::{around, below};
use tail::Tail;

const KILLS: u64 = 50;
/// Tasks a second, of each of two producers.
const RATE: f64 = 150.0;

/// What `everysec` may lose, by the words of its makers.
const EVERYSEC: Duration = Duration::from_secs(2);

/// What a power cut takes here: all that `everysec` may not have put on the disk.
const CUT: Duration = Duration::from_millis(1_500);

/// How long the server may be there again before work goes on.
const RESUMES: Duration = Duration::from_secs(10);

/// The fault, by what the server keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServerRestart {
    /// `appendfsync always`.
    Always,
    /// `appendfsync everysec`; the system goes on, and writes what the server had handed to it.
    Everysec,
    /// `appendfsync everysec`, and the system dies with the server.
    PowerCut,
}

#[async_trait]
impl Fault for ServerRestart {
    fn name(&self) -> &'static str {
        match self {
            Self::Always => "server-restart",
            Self::Everysec => "server-restart-everysec",
            Self::PowerCut => "server-power-cut",
        }
    }

    fn bar(&self) -> &'static str {
        match self {
            Self::Always => {
                "SIGKILL of the server and a restart under load, 50 times, `appendfsync always`: \
                 none lost, none repeated"
            }
            Self::Everysec => {
                "SIGKILL of the server and a restart under load, 50 times, `appendfsync everysec`: \
                 lost, if any, only what was pushed in the last 2 s"
            }
            Self::PowerCut => {
                "The same, and the last 1.5 s of the log are cut off, as when the machine dies \
                 too: lost is only what was pushed in the last 2 s"
            }
        }
    }

    fn full(&self) -> (u64, &'static str) {
        (KILLS, "kills")
    }

    fn small(&self) -> f64 {
        0.06
    }

    fn catches(&self) -> &'static [&'static str] {
        match self {
            Self::Always => &["PopWithoutRecord", "ReclaimsUnasked"],
            _ => &["PopWithoutRecord"],
        }
    }

    async fn run(&self, run: &Run) -> Result<Report> {
        let kills = run.times(KILLS, 2);
        let policy = if *self == Self::Always { "always" } else { "everysec" };
        let server = TestServer::builder().append_only().with_args(["--appendfsync", policy]);
        let server = server.with_args(["--auto-aof-rewrite-percentage", "0"]);
        let mut ground = Ground::open(run, server).await?;
        let crew = Crew::start(&ground.place, Terms::new(8, Pace::FAST), 3)?;
        crew.ready().await?;
        let body = |id| format!("{id} sleep {}", 5 + below(60));
        let mut plan = Plan::new(u64::MAX, RATE, body);
        plan.patience = Duration::from_millis(500);
        // Some are left unknown, as by a producer that has no time.
        plan.forsake_one_in = 20;
        let mut later = plan.clone();
        // Accepted long before the server may forget it, and not yet run.
        (later.first, later.after) = (1 << 32, Duration::from_secs(3));
        let load = Load::start(&ground, "producer-now", plan)?;
        let delayed = Load::start(&ground, "producer-later", later)?;
        run.progress.set_length(kills);
        let (mut excuses, mut slowest) = (Vec::new(), Duration::ZERO);
        for kill in 0..kills {
            tokio::time::sleep(around(Duration::from_secs(3))).await;
            // Every third time longer than a lease.
            let away = if kill % 3 == 2 { 3_000 } else { 100 + below(900) };
            let away = Duration::from_millis(away);
            excuses.push(self.kill(&mut ground, away).await?);
            slowest = slowest.max(until_work_goes_on(&ground).await?);
            run.progress.inc(1);
        }
        let mut told = load.stop().await?;
        told.errors.extend(delayed.stop().await?.errors);
        let drained = ground.drain(ground.patience(Duration::from_secs(60))).await;
        crew.go_home(Duration::from_secs(40)).await?;
        let excuses = if *self == Self::Always { Vec::new() } else { excuses };
        let findings = ground.check(&excuses).await?;
        let mut report = Report::new(kills, &findings);
        report.ended_well(drained, &told);
        report.count("forgotten, of the last 2 s", findings.forgotten.len() as u64);
        report.within("work goes on after", slowest, RESUMES);
        Ok(report)
    }
}

impl ServerRestart {
    /// Kills the server, keeps it away, starts it again; what it may have forgotten.
    async fn kill(self, ground: &mut Ground, away: Duration) -> Result<Excuse> {
        let tail = match self {
            Self::PowerCut => Some(tail_of(ground).await?),
            _ => None,
        };
        let killed = history::now();
        ground.server.kill();
        let mut since = killed - micros(EVERYSEC);
        if let Some(tail) = tail {
            since = tail.noted();
            tail.cut_off()?;
        }
        tokio::time::sleep(away).await;
        let next_started = history::now();
        ground.server.restart()?;
        Ok(Excuse::forgotten(since, killed, next_started, after(history::now())))
    }
}

/// What a power cut takes now: not more than the store may forget.
async fn tail_of(ground: &Ground) -> Result<Tail> {
    loop {
        let tail = Tail::before(ground, CUT).await?;
        if history::now() - tail.noted() <= micros(EVERYSEC) {
            return Ok(tail);
        }
    }
}

/// Runs that were claimed before the kill, under a claim that was forgotten, begin a little later.
fn after(restarted: Moment) -> Moment {
    restarted + micros(Duration::from_secs(1))
}

/// How long it takes until tasks are done again.
async fn until_work_goes_on(ground: &Ground) -> Result<Duration> {
    let begin = Instant::now();
    let mut before = None;
    while begin.elapsed() < RESUMES * 2 {
        if let Ok(counts) = ground.counts().await {
            let first = *before.get_or_insert(counts.done);
            if counts.done > first {
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(begin.elapsed())
}
