//! What is measured, and what came of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One thing that is measured of each contestant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Measure {
    PushOnePerS,
    PushManyPerS,
    PushBatchPerS,
    DrainPerS,
    PickUpP50Us,
    PickUpP99Us,
    IdleCommandsPerS,
    ServerCpuUs,
    WorkerCpuUs,
    Commands,
    MemoryBytes,
}

impl Measure {
    pub(crate) const ALL: [Self; 11] = [
        Self::PushOnePerS,
        Self::PushManyPerS,
        Self::PushBatchPerS,
        Self::DrainPerS,
        Self::PickUpP50Us,
        Self::PickUpP99Us,
        Self::IdleCommandsPerS,
        Self::ServerCpuUs,
        Self::WorkerCpuUs,
        Self::Commands,
        Self::MemoryBytes,
    ];

    /// How tables call it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::PushOnePerS => "push, one by one, tasks/s",
            Self::PushManyPerS => "push, 64 callers, tasks/s",
            Self::PushBatchPerS => "push, batches of 1,000, tasks/s",
            Self::DrainPerS => "drain, tasks/s",
            Self::PickUpP50Us => "pick-up from idle, median, us",
            Self::PickUpP99Us => "pick-up from idle, 99th of 100, us",
            Self::IdleCommandsPerS => "commands while idle, /s",
            Self::ServerCpuUs => "server's processor, drain, us/task",
            Self::WorkerCpuUs => "worker's processor, drain, us/task",
            Self::Commands => "commands, drain, /task",
            Self::MemoryBytes => "memory of a waiting task, bytes",
        }
    }
}

/// A figure, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Figure {
    Measured(f64),
    /// The contestant has no such thing.
    Absent,
    NotMeasured(String),
}

/// All that was measured of one contestant in one round.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Figures(BTreeMap<Measure, Figure>);

impl Figures {
    pub(crate) fn set(&mut self, measure: Measure, value: f64) {
        self.0.insert(measure, Figure::Measured(value));
    }

    pub(crate) fn absent(&mut self, measure: Measure) {
        self.0.insert(measure, Figure::Absent);
    }

    /// For whichever of these has no figure yet.
    pub(crate) fn missing(&mut self, measures: &[Measure], why: &str) {
        for measure in measures {
            self.0.entry(*measure).or_insert_with(|| Figure::NotMeasured(why.to_owned()));
        }
    }

    pub(crate) fn get(&self, measure: Measure) -> Figure {
        let missing = || Figure::NotMeasured("it was not reached".to_owned());
        self.0.get(&measure).cloned().unwrap_or_else(missing)
    }
}

/// The median of each figure; one that is missing in any round is missing.
pub(crate) fn medians(rounds: &[Figures]) -> Figures {
    let medians = Measure::ALL.map(|measure| {
        let figures: Vec<_> = rounds.iter().map(|round| round.get(measure)).collect();
        (measure, median(figures))
    });
    Figures(medians.into())
}

fn median(figures: Vec<Figure>) -> Figure {
    let mut values = Vec::new();
    for figure in figures {
        match figure {
            Figure::Measured(value) => values.push(value),
            other => return other,
        }
    }
    values.sort_by(f64::total_cmp);
    match values.get(values.len() / 2) {
        Some(_) if values.len().is_multiple_of(2) => {
            Figure::Measured((values[values.len() / 2 - 1] + values[values.len() / 2]) / 2.0)
        }
        Some(middle) => Figure::Measured(*middle),
        None => Figure::NotMeasured("there was no round".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_of_sorted_values() {
        let measured =
            |values: &[f64]| median(values.iter().map(|v| Figure::Measured(*v)).collect());
        assert_eq!(measured(&[3.0, 1.0, 2.0]), Figure::Measured(2.0));
        assert_eq!(measured(&[4.0, 1.0]), Figure::Measured(2.5));
    }

    #[test]
    fn what_failed_once_has_no_median() {
        let failed = Figure::NotMeasured("why".to_owned());
        assert_eq!(median(vec![Figure::Measured(1.0), failed.clone()]), failed);
    }
}
