//! Sentences that terminal and document share.

use super::Report;
use super::number::{grouped, number};
use crate::contestant::{CrashSafety, Fenced, Kind};
use crate::figures::Measure;

/// What the figures were taken with.
pub(super) fn circumstances(report: &Report) -> String {
    let machine = &report.machine;
    let model = machine.model.as_deref().unwrap_or("unknown processor");
    let rounds = match report.rounds {
        1 => "one round".to_owned(),
        rounds => format!("medians of {rounds} rounds"),
    };
    let load = machine.load.as_deref().unwrap_or("unknown");
    format!(
        "{} tasks, {rounds}, {}; Redis {} without persistence on the loopback; {}, {} processors \
         ({model}), load average at the start {load}.",
        grouped(report.tasks),
        report.date,
        report.server,
        machine.system,
        machine.processors,
    )
}

/// How quiet the machine was, by the contestant that needs nothing but the server.
pub(super) fn noise(report: &Report) -> Option<String> {
    let bare = report.rows.iter().find(|row| row.facts.kind == Kind::Yardstick)?;
    let (low, high) = bare.spread(Measure::DrainPerS).filter(|_| report.rounds > 1)?;
    Some(format!(
        "Between the rounds the drain of bare Redis went from {} to {} tasks/s: differences that \
         small between contestants mean nothing.",
        number(low),
        number(high),
    ))
}

/// Whether it is crash-safe, in a word or a few.
pub(super) fn crash_safe(safety: &CrashSafety) -> &'static str {
    match (safety.survives, safety.fenced) {
        (true, Fenced::ByClaim) => "yes, fenced by claim",
        (true, Fenced::ByWorker) => "yes, told apart by worker",
        (true, Fenced::No) => "yes, not fenced",
        (false, _) => "NO",
    }
}
