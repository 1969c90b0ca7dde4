//! Workers whose clocks are an hour fast or an hour slow.

use std::time::{Duration, SystemTime};

use anyhow::Result;
use async_trait::async_trait;
use tireless_testkit::server::TestServer;
use tireless_tests::Pace;

use crate::crew::{Crew, Terms};
use crate::faketime;
use crate::fault::{Fault, Report, Run};
use crate::ground::Ground;
use crate::history::{self, Word};
use crate::load::{Load, Plan};
use crate::random::below;

const TASKS: u64 = 20_000;
const RATE: f64 = 100.0;

/// One crew for each; the true clock is among them.
const SKEWS: [&str; 3] = ["+1h", "-1h", "+0"];

/// The fault.
#[derive(Debug)]
pub(super) struct WorkerClock;

#[async_trait]
impl Fault for WorkerClock {
    fn name(&self) -> &'static str {
        "worker-clock"
    }

    fn bar(&self) -> &'static str {
        "Workers with clocks an hour fast, an hour slow and right side by side, delayed and \
         failing tasks: nothing runs early, nothing runs again, none lost"
    }

    fn full(&self) -> (u64, &'static str) {
        (TASKS, "tasks")
    }

    fn small(&self) -> f64 {
        0.025
    }

    fn missing(&self) -> Option<String> {
        faketime::missing()
    }

    fn catches(&self) -> &'static [&'static str] {
        &["ClientClock"]
    }

    async fn run(&self, run: &Run) -> Result<Report> {
        let tasks = run.times(TASKS, 200);
        let ground = Ground::open(run, TestServer::builder()).await?;
        let mut crews = Vec::new();
        for skew in SKEWS {
            let mut terms = Terms::new(8, Pace::FAST);
            terms.environment = faketime::environment(&[("FAKETIME", skew)])?;
            crews.push(Crew::start_named(&ground.place, terms, 2, &format!("clock{skew}"))?);
        }
        for crew in &crews {
            crew.ready().await?;
        }
        run.progress.set_length(tasks);
        let mut plan = Plan::new(tasks / 2, RATE / 2.0, failing);
        let at_once = Load::start(&ground, "producer-now", plan.clone())?;
        (plan.first, plan.after) = (1 << 32, Duration::from_millis(1_500));
        let delayed = Load::start(&ground, "producer-later", plan)?;
        let mut told = at_once.finish().await?;
        told.errors.extend(delayed.finish().await?.errors);
        let drained = ground.drain(ground.patience(Duration::from_secs(60))).await;
        for crew in crews {
            crew.go_home(Duration::from_secs(40)).await?;
        }
        let findings = ground.check(&[]).await?;
        let mut report = Report::new(tasks, &findings);
        report.ended_well(drained, &told);
        report.count("early", findings.early.len() as u64);
        let skews = skews(&ground)?;
        report.demand(skews == [-1, 0, 1], || format!("the clocks were {skews:?} hours off"));
        Ok(report)
    }
}

/// One of five fails once.
fn failing(id: u64) -> String {
    let again = if below(5) == 0 { " again 1" } else { "" };
    format!("{id} sleep {}{again}", 5 + below(50))
}

/// By how many hours the clocks of the workers that ran tasks were off.
fn skews(ground: &Ground) -> Result<Vec<i64>> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let mut hours = Vec::new();
    for history in history::read_all(&ground.place.dir)? {
        let worked = history.events.iter().any(|event| matches!(event.word, Word::Done { .. }));
        for event in history.events.iter().filter(|_| worked) {
            if let Word::Clock { wall_ms } = event.word {
                let off = i64::try_from(wall_ms / 1_000)? - i64::try_from(now)?;
                hours.push((off as f64 / 3_600.0).round() as i64);
            }
        }
    }
    hours.sort_unstable();
    hours.dedup();
    Ok(hours)
}
