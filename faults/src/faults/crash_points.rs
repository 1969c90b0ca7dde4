//! Processes kill themselves at named points, one after the other at every point that there is.

mod lane;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use async_trait::async_trait;
use redis::Value;
use tireless_testkit::server::TestServer;
use tireless_tests::Pace;

use crate::crash_point::{COUNT, Point};
use crate::crew::{Crew, Terms};
use crate::fault::{Fault, Report, Run};
use crate::ground::{Ground, key};
use crate::load::{Load, Plan, Told};
use crate::random::below;
use lane::{Agenda, Death, Lane};

/// At each point.
const DEATHS: u64 = 20;

/// Processes that live, and those that are about to die at any moment.
const HEALTHY: usize = 3;
const DOOMED: usize = 4;
const SLOTS: usize = 6;

/// Shorter than the long tasks: who is asked to end has something to give back.
const SHUTDOWN: Duration = Duration::from_millis(200);

/// Tasks a second that are ready at once, and that are due later.
const RATE: f64 = 40.0;
const RATE_LATER: f64 = 15.0;

/// How long after the end leases of the dead may still be there.
const FORGOTTEN: Duration = Duration::from_secs(15);

/// The fault.
#[derive(Debug)]
pub(super) struct CrashPoints;

#[async_trait]
impl Fault for CrashPoints {
    fn name(&self) -> &'static str {
        "crash-points"
    }

    fn bar(&self) -> &'static str {
        "Processes die at each of 29 named points of push, claim, settle, release, renew, leave, \
         wait, tick, reclaim and handler, 20 times each: none lost, no innocent buried, only what \
         the dead had in flight is repeated, none left behind"
    }

    fn full(&self) -> (u64, &'static str) {
        (COUNT as u64 * DEATHS, "deaths")
    }

    fn small(&self) -> f64 {
        0.05
    }

    fn catches(&self) -> &'static [&'static str] {
        &["PopWithoutRecord", "AckLeavesTheIdInTheClaim", "NeverReclaims"]
    }

    async fn run(&self, run: &Run) -> Result<Report> {
        let each = run.times(DEATHS, 1);
        let ground = Ground::open(run, TestServer::builder()).await?;
        let terms = Terms { shutdown: SHUTDOWN, ..Terms::new(SLOTS, Pace::FAST) };
        let healthy = Terms { shutdown: Duration::from_secs(25), ..terms.clone() };
        let crew = Crew::start(&ground.place, healthy, HEALTHY)?;
        crew.ready().await?;
        let loads = mixed(&ground)?;
        let agenda = Arc::new(Agenda::new(each));
        run.progress.set_length(each * COUNT as u64);
        let deaths = all_deaths(&ground, &terms, &agenda, run).await?;
        let mut told = Told::default();
        for load in loads {
            told.errors.extend(load.stop().await?.errors);
        }
        let drained = ground.drain(ground.patience(Duration::from_secs(60))).await;
        let forgotten = dead_are_forgotten(&ground).await?;
        crew.go_home(Duration::from_secs(40)).await?;
        let excuses: Vec<_> = deaths.iter().map(|death| death.excuse.clone()).collect();
        let findings = ground.check(&excuses).await?;
        let died = deaths.iter().filter(|death| death.reached).count();
        let mut report = Report::new(died as u64, &findings);
        report.ended_well(drained, &told);
        report.demand(findings.extra <= findings.in_flight, || {
            format!("{} extra runs, {} in flight", findings.extra, findings.in_flight)
        });
        report.demand(forgotten, || "dead workers still have leases".to_owned());
        let left = ground.left_behind().await?;
        report.demand(left == 0, || format!("{left} entries of finished tasks are left"));
        judge_points(&deaths, each, &mut report);
        Ok(report)
    }
}

/// Tasks that succeed, fail and are repeated, last long, are due later.
fn mixed(ground: &Ground) -> Result<Vec<Load>> {
    let mut plan = Plan::new(u64::MAX, RATE, body);
    let now = Load::start(ground, "producer-now", plan.clone())?;
    (plan.first, plan.rate, plan.after) = (1 << 40, RATE_LATER, Duration::from_secs(1));
    Ok(vec![now, Load::start(ground, "producer-later", plan)?])
}

/// What a producer pushes until it dies.
pub fn doomed_plan(first: u64) -> Plan {
    Plan { first, ..Plan::new(u64::MAX - first, 50.0, body) }
}

fn body(id: u64) -> String {
    let sleep = if below(12) == 0 { 700 + below(700) } else { 10 + below(50) };
    let again = if below(12) == 0 { " again 1" } else { "" };
    format!("{id} sleep {sleep}{again}")
}

/// Lets processes die at all points, some at once.
async fn all_deaths(
    ground: &Ground,
    terms: &Terms,
    agenda: &Arc<Agenda>,
    run: &Run,
) -> Result<Vec<Death>> {
    let mut lanes = Vec::new();
    for number in 0..DOOMED {
        let name = format!("doomed-{number}");
        let crew = Crew::start_named(&ground.place, terms.clone(), 0, &name)?;
        let lane = Lane::new(crew, agenda.clone(), run.progress.clone());
        lanes.push(tokio::spawn(lane.run()));
    }
    let mut deaths = Vec::new();
    for lane in lanes {
        deaths.extend(lane.await.context("a lane panicked")??);
    }
    Ok(deaths)
}

/// Waits until only the healthy have leases.
async fn dead_are_forgotten(ground: &Ground) -> Result<bool> {
    let (mut raw, key) = (ground.raw().await, key(&ground.queue, "leases"));
    let (begin, limit) = (Instant::now(), ground.patience(FORGOTTEN));
    while begin.elapsed() < limit {
        let leases = raw.try_command(&[b"ZCARD", key.as_bytes()]).await?;
        if leases == Value::Int(HEALTHY as i64) {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(false)
}

/// Counts the deaths at each point, and demands that none was missed.
fn judge_points(deaths: &[Death], each: u64, report: &mut Report) {
    for point in Point::all() {
        let here = deaths.iter().filter(|death| death.reached && death.point == point);
        let died = here.count() as u64;
        report.count(&format!("died at: {point}"), died);
        report.demand(died > 0, || format!("{point} was never reached"));
        report.demand(died == 0 || died >= each, || {
            format!("{died} died at {point}, {each} were to")
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crash_point::Verb;

    #[test]
    fn the_bar_names_what_there_is() {
        let bar = CrashPoints.bar();
        assert!(bar.contains(&format!("each of {COUNT} named points")), "{bar}");
        assert!(bar.contains(&format!("{DEATHS} times each")), "{bar}");
        for verb in Verb::ALL {
            assert!(bar.contains(verb.name()), "{}", verb.name());
        }
    }

    #[test]
    fn a_point_without_a_death_is_a_breach() {
        let mut report = Report::default();
        judge_points(&[], 1, &mut report);
        assert_eq!(report.breaches.len(), COUNT);
        assert_eq!(report.breaches[0], "push.before was never reached");
    }
}
