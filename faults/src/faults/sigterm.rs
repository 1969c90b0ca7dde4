//! Workers are asked to end (SIGTERM) under load: some can finish what they run, some cannot.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use async_trait::async_trait;
use tireless_testkit::server::TestServer;
use tireless_tests::Pace;

use crate::checker::Findings;
use crate::crew::{Crew, Terms};
use crate::excuse::Excuse;
use crate::fault::{Fault, Report, Run};
use crate::ground::Ground;
use crate::history::{self, Word, micros};
use crate::load::{Load, Plan};
use crate::random::{around, below};

const TERMS: u64 = 200;
const WORKERS: usize = 3;
const SLOTS: usize = 8;
const RATE: f64 = 150.0;

/// Longer than any short task, shorter than a long one.
const DEADLINE: Duration = Duration::from_millis(1_500);

/// A task that outlasts the deadline. One of so many is long.
const LONG_MS: u64 = 4_000;
const LONG_ONE_IN: u64 = 60;

/// What a pool may need beyond its deadline, and a busy machine beyond that.
const LATEST: Duration = Duration::from_secs(4);

/// Given back at once: long before any lease ends.
const AT_ONCE: Duration = Duration::from_secs(5);

/// The fault.
#[derive(Debug)]
pub(super) struct Sigterm;

#[async_trait]
impl Fault for Sigterm {
    fn name(&self) -> &'static str {
        "sigterm"
    }

    fn bar(&self) -> &'static str {
        "SIGTERM of a worker under load, 200 times: what ends within the deadline is not lost and \
         not repeated; what does not is given back at once and uncharged"
    }

    fn full(&self) -> (u64, &'static str) {
        (TERMS, "SIGTERMs")
    }

    fn small(&self) -> f64 {
        0.03
    }

    fn catches(&self) -> &'static [&'static str] {
        &["ChargesReleases", "AckLeavesTheIdInTheClaim"]
    }

    async fn run(&self, run: &Run) -> Result<Report> {
        let terms = run.times(TERMS, 5);
        let ground = Ground::open(run, TestServer::builder()).await?;
        let conditions = Terms { shutdown: DEADLINE, ..Terms::new(SLOTS, Pace::DEFAULT) };
        let mut crew = Crew::start(&ground.place, conditions, WORKERS)?;
        crew.ready().await?;
        let body = |id| match id % LONG_ONE_IN {
            0 => format!("{id} sleep {LONG_MS}"),
            _ => format!("{id} sleep {}", 20 + below(150)),
        };
        let load = Load::start(&ground, "producer", Plan::new(u64::MAX, RATE, body))?;
        run.progress.set_length(terms);
        let (mut excuses, mut slowest) = (Vec::new(), Duration::ZERO);
        for _ in 0..terms {
            tokio::time::sleep(around(Duration::from_millis(600))).await;
            let member = crew.replace(below(WORKERS as u64) as usize)?;
            member.ready(Duration::from_secs(30)).await?;
            let (asked, begin) = (history::now(), Instant::now());
            member.process.signal("TERM");
            let (name, told) = (member.name.clone(), member.told());
            let ended = member.process.wait(Duration::from_secs(30)).await;
            ensure!(ended, "{name} did not end in good order: {told}");
            slowest = slowest.max(begin.elapsed());
            // Only what ran at the deadline may run again: its end is never written down.
            let deadline = asked + micros(DEADLINE);
            let process = Some(name);
            excuses.push(Excuse {
                process,
                from: deadline,
                to: deadline,
                repeats_from: deadline,
                forgets_until: None,
            });
            run.progress.inc(1);
        }
        let told = load.stop().await?;
        let drained = ground.drain(ground.patience(Duration::from_secs(60))).await;
        crew.go_home(Duration::from_secs(40)).await?;
        let findings = ground.check(&excuses).await?;
        let mut report = Report::new(terms, &findings);
        report.ended_well(drained, &told);
        report.within("slowest end", slowest, DEADLINE + LATEST);
        judge_given_back(&ground, &findings, &excuses, &mut report)?;
        Ok(report)
    }
}

/// Looks at the runs that were open when their processes ended: where and when they went on.
fn judge_given_back(
    ground: &Ground,
    findings: &Findings,
    excuses: &[Excuse],
    report: &mut Report,
) -> Result<()> {
    let histories = history::read_all(&ground.place.dir)?;
    let starts = histories.iter().flat_map(|history| {
        history.events.iter().filter_map(|event| match event.word {
            Word::Start { id, attempt, .. } => Some((id, event.at, attempt)),
            _ => None,
        })
    });
    let starts: Vec<_> = starts.collect();
    let (mut given_back, mut slowest, mut charged) = (0, 0, 0);
    for excuse in excuses {
        let name = excuse.process.as_deref().unwrap_or_default();
        let ours = histories.iter().filter(|history| history.process == name);
        let mut open = Vec::new();
        for event in ours.flat_map(|history| &history.events) {
            match event.word {
                Word::Start { id, .. } => open.push(id),
                Word::Done { id } => open.retain(|other| *other != id),
                _ => {}
            }
        }
        for id in open {
            let later = starts.iter().filter(|(other, at, _)| *other == id && *at > excuse.to);
            let Some((_, at, attempt)) = later.min_by_key(|(_, at, _)| *at) else { continue };
            given_back += 1;
            slowest = slowest.max(at - excuse.to);
            charged += u64::from(*attempt > 1);
        }
    }
    report.count("given back at the deadline", given_back);
    report.demand(given_back > 0, || "no task outlasted a deadline".to_owned());
    report.within("given back and begun again", Duration::from_micros(slowest), AT_ONCE);
    report.demand(charged == 0, || format!("{charged} were charged an attempt"));
    report.demand(findings.extra == given_back, || {
        format!("{} runs repeated, {given_back} of them given back", findings.extra)
    });
    let reclaimed = histories.iter().flat_map(|history| &history.events);
    let reclaimed = reclaimed.filter(|event| matches!(event.word, Word::Reclaimed { .. })).count();
    report.demand(reclaimed == 0, || "tasks had to be reclaimed".to_owned());
    Ok(())
}
