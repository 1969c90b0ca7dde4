//! What was seen, in the shapes people and programs read.

pub(crate) mod chart;
pub(crate) mod docs;
pub(crate) mod json;
mod markdown;
pub(crate) mod number;
mod prose;
pub(crate) mod terminal;

use serde::Serialize;

use crate::contestant::Facts;
use crate::figures::{Figure, Figures, Measure, medians};
use crate::machine::Machine;
use crate::versions;

/// One run of this program.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) date: String,
    pub(crate) tasks: u64,
    pub(crate) rounds: u8,
    pub(crate) server: String,
    pub(crate) machine: Machine,
    pub(crate) rows: Vec<Row>,
}

/// One contestant.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) facts: Facts,
    pub(crate) version: String,
    pub(crate) medians: Figures,
    pub(crate) rounds: Vec<Figures>,
}

impl Row {
    pub(crate) fn new(facts: Facts, rounds: Vec<Figures>) -> Self {
        let medians = medians(&rounds);
        Self { facts, version: versions::of(facts.package), medians, rounds }
    }

    /// The name with the version, such as `oxana 2.5.0`.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.facts.name, self.version)
    }

    /// The lowest and the highest figure of the rounds.
    pub(crate) fn spread(&self, measure: Measure) -> Option<(f64, f64)> {
        let values = self.rounds.iter().filter_map(|round| match round.get(measure) {
            Figure::Measured(value) => Some(value),
            _ => None,
        });
        values.fold(None, |spread, value| {
            let (low, high) = spread.unwrap_or((value, value));
            Some((value.min(low), value.max(high)))
        })
    }
}

impl Report {
    /// Why figures are missing, each reason once a contestant.
    pub(crate) fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        for row in &self.rows {
            let mut told: Vec<String> = Vec::new();
            for measure in Measure::ALL {
                if let Figure::NotMeasured(why) = row.medians.get(measure)
                    && !told.contains(&why)
                {
                    reasons.push(format!("{}: {}: {why}", row.facts.name, measure.title()));
                    told.push(why);
                }
            }
        }
        reasons
    }
}
