//! What a fault is, what it needs, and what it reports.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use indicatif::ProgressBar;
use tireless::Client;

use crate::checker::Findings;
use crate::load::Told;

/// Something that is done on purpose to processes or to the server.
#[async_trait]
pub trait Fault: Send + Sync {
    /// Its name, as the command line has it.
    fn name(&self) -> &'static str;

    /// What must hold, in one sentence.
    fn bar(&self) -> &'static str;

    /// How often it is done at scale 1, and the word for it.
    fn full(&self) -> (u64, &'static str);

    /// The scale that takes a few seconds: what a change must pass.
    fn small(&self) -> f64;

    /// What it needs beyond Linux and a server's binary and has not here; none if it can be run.
    fn missing(&self) -> Option<String> {
        None
    }

    /// The broken brokers that it must catch.
    fn catches(&self) -> &'static [&'static str];

    /// Does it.
    ///
    /// # Errors
    /// What kept it from being done: neither a pass nor a failure of what is tested.
    async fn run(&self, run: &Run) -> Result<Report>;
}

/// How a fault is to be run.
#[derive(Clone, Debug)]
pub struct Run {
    /// The client library.
    pub client: Client,
    /// 1 is the full bar.
    pub scale: f64,
    /// The broken broker to stand in for the true one.
    pub broken: Option<&'static str>,
    /// The program of the worker processes.
    pub worker: PathBuf,
    /// Shows how far it is.
    pub progress: ProgressBar,
}

impl Run {
    /// So many at this scale, and some at any.
    pub fn times(&self, full: u64, at_least: u64) -> u64 {
        ((full as f64 * self.scale).round() as u64).max(at_least)
    }
}

/// What a fault has measured, and what it holds against the bar.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How often it was done.
    pub n: u64,
    /// Figures that add up over runs.
    pub counts: BTreeMap<String, u64>,
    /// Figures of which the highest over runs counts.
    pub worst: BTreeMap<String, f64>,
    /// What must not be; none is a pass.
    pub breaches: Vec<String>,
}

impl Report {
    /// A report about so many faults with what the checker found.
    pub fn new(n: u64, findings: &Findings) -> Self {
        let mut report = Self { n, breaches: findings.breaches(), ..Self::default() };
        for (name, value) in [
            ("tasks", findings.pushed),
            ("accepted", findings.accepted),
            ("refused", findings.refused),
            ("unknown", findings.unknown),
            ("unknown and done", findings.unknown_done),
            ("done", findings.done),
            ("in flight", findings.in_flight),
            ("extra runs", findings.extra),
            ("in excess", findings.excess.len() as u64),
            ("lost", findings.lost.len() as u64),
        ] {
            report.count(name, value);
        }
        report
    }

    /// Notes a figure that adds up.
    pub fn count(&mut self, name: &str, value: u64) {
        self.counts.insert(name.to_owned(), value);
    }

    /// Notes a time in seconds of which the highest counts.
    pub fn seconds(&mut self, name: &str, time: Duration) {
        self.worst.insert(format!("{name}, s"), (time.as_secs_f64() * 1e3).round() / 1e3);
    }

    /// Holds something against the bar unless it is true.
    pub fn demand(&mut self, holds: bool, breach: impl FnOnce() -> String) {
        if !holds {
            self.breaches.push(breach());
        }
    }

    /// Demands that the queue was drained, and that no push failed for a reason no fault explains.
    pub fn ended_well(&mut self, drained: bool, told: &Told) {
        self.demand(drained, || "the queue was not drained in time".to_owned());
        let errors = &told.errors;
        self.demand(errors.is_empty(), || format!("{} pushes failed: {}", errors.len(), errors[0]));
    }

    /// Demands that a time is no longer than a limit.
    pub fn within(&mut self, name: &str, time: Duration, limit: Duration) {
        self.seconds(name, time);
        self.demand(time <= limit, || format!("{name} took {time:.1?}, {limit:?} is the most"));
    }
}
