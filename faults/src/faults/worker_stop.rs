//! Workers stand still (SIGSTOP) for longer than their leases and then go on (SIGCONT).

use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use tireless_testkit::server::TestServer;
use tireless_tests::Pace;

use crate::crew::{Crew, Terms};
use crate::excuse::{CLAIMED_BEFORE, Excuse};
use crate::fault::{Fault, Report, Run};
use crate::ground::Ground;
use crate::history::{self, Moment, Word, micros};
use crate::load::{Load, Plan};
use crate::random::below;

const STOPS: u64 = 50;
const LEASES: u32 = 3;
const WORKERS: usize = 4;
const SLOTS: usize = 12;

/// Tasks a second.
const RATE: f64 = 30.0;

/// Long tasks that were cut twice run alone, one after the other: in the end some are left.
const DRAINED: Duration = Duration::from_secs(150);

/// One of so many tasks runs for as long as a worker stands still: when it goes on, such a task is in
/// the midst of its second run elsewhere, and the outcome of the first must be refused.
const LONG_ONE_IN: u64 = 10;

/// How long a worker has after it went on to hear that its lease is gone.
const HEARS: Duration = Duration::from_secs(2);

/// The fault.
#[derive(Debug)]
pub(super) struct WorkerStop;

#[async_trait]
impl Fault for WorkerStop {
    fn name(&self) -> &'static str {
        "worker-stop"
    }

    fn bar(&self) -> &'static str {
        "SIGSTOP of a worker for 3 leases, then SIGCONT, 50 times: no stale outcome accepted, none \
         lost, the cancellation of what it ran fires when it goes on"
    }

    fn full(&self) -> (u64, &'static str) {
        (STOPS, "stops")
    }

    fn small(&self) -> f64 {
        0.04
    }

    fn catches(&self) -> &'static [&'static str] {
        &["AcksForOthers"]
    }

    async fn run(&self, run: &Run) -> Result<Report> {
        let stops = run.times(STOPS, 2);
        let pace = Pace::FAST;
        let ground = Ground::open(run, TestServer::builder()).await?;
        // To the store, standing still is dying: a task that is cut often enough while it runs alone
        // would be called poison, and here that is nobody's fault.
        let terms = Terms { bury_after: u32::MAX, ..Terms::new(SLOTS, pace) };
        let crew = Crew::start(&ground.place, terms, WORKERS)?;
        crew.ready().await?;
        let body = |id| match id % LONG_ONE_IN {
            0 => format!("{id} sleep {}", 5_000 + below(1_500)),
            _ => format!("{id} sleep {}", 200 + below(500)),
        };
        let load = Load::start(&ground, "producer", Plan::new(u64::MAX, RATE, body))?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        run.progress.set_length(stops);
        let mut excuses = Vec::new();
        for stop in 0..stops {
            let member = &crew.members[stop as usize % WORKERS];
            let from = history::now();
            member.process.signal("STOP");
            tokio::time::sleep(pace.lease * LEASES).await;
            member.process.signal("CONT");
            excuses.push(Excuse::stopped(&member.name, from, history::now()));
            // It writes what it can, and takes new tasks, before the next one stops.
            tokio::time::sleep(pace.lease).await;
            run.progress.inc(1);
        }
        let told = load.stop().await?;
        let drained = ground.drain(ground.patience(DRAINED)).await;
        crew.go_home(Duration::from_secs(40)).await?;
        let findings = ground.check(&excuses).await?;
        let mut report = Report::new(stops, &findings);
        report.ended_well(drained, &told);
        let cut = cut_runs(&ground, &excuses)?;
        report.count("runs cut", cut.runs);
        report.count("runs cut, refused", cut.refused);
        report.count("stale accepted", findings.stale.len() as u64);
        report.seconds("cancelled after", Duration::from_micros(cut.slowest));
        report.demand(cut.runs >= stops, || format!("only {} runs were cut by a stop", cut.runs));
        report.demand(cut.refused > 0, || "no outcome was refused: nothing was tested".to_owned());
        report.demand(cut.deaf == 0, || format!("the cancellation of {} did not fire", cut.deaf));
        Ok(report)
    }
}

/// Runs that began before a stop and ended after it.
#[derive(Default)]
struct Cut {
    runs: u64,
    /// Outcomes that the store refused.
    refused: u64,
    /// Whose cancellation did not fire although they went on for long enough.
    deaf: u64,
    /// From going on to the cancellation.
    slowest: Moment,
}

fn cut_runs(ground: &Ground, excuses: &[Excuse]) -> Result<Cut> {
    let mut cut = Cut::default();
    for history in history::read_all(&ground.place.dir)? {
        let ours = |excuse: &&Excuse| excuse.process.as_deref() == Some(&history.process);
        for excuse in excuses.iter().filter(ours) {
            let (stopped, went_on) = (excuse.from, excuse.to - micros(CLAIMED_BEFORE));
            let mut open: Vec<u64> = Vec::new();
            for event in &history.events {
                match event.word {
                    Word::Start { id, .. } if event.at < stopped => open.push(id),
                    Word::Done { id } if event.at < stopped => open.retain(|other| *other != id),
                    Word::Cancelled { id } if event.at >= stopped && open.contains(&id) => {
                        cut.runs += 1;
                        cut.slowest = cut.slowest.max(event.at.saturating_sub(went_on));
                        open.retain(|other| *other != id);
                    }
                    // One that was done at once, before the word could reach it, is not deaf.
                    Word::Done { id } if event.at >= stopped && open.contains(&id) => {
                        cut.runs += 1;
                        cut.deaf += u64::from(event.at > went_on + micros(HEARS));
                        open.retain(|other| *other != id);
                    }
                    _ => {}
                }
            }
        }
        let refused = history.events.iter().filter(|e| matches!(e.word, Word::Lost { .. }));
        cut.refused += refused.count() as u64;
    }
    Ok(cut)
}
