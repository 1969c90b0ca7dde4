//! What came of a run, and what is wrong with it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::book::Findings;
use crate::proxy::Struck;

/// What came of it.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was struck.
    pub struck: Struck,
    /// How many commands went through the proxy.
    pub commands: u64,
    /// How many connections were made.
    pub connections: usize,
    /// What the record says.
    pub findings: Findings,
    /// Tasks that the store says were pushed, less those that the record says.
    pub pushed_twice: i128,
    /// Tasks that the store says were done, less those that the record says.
    pub done_twice: i128,
    /// Tasks that are still somewhere.
    pub left: u64,
    /// Tasks that died.
    pub dead: u64,
    /// How long it took, draining included.
    pub took: Duration,
}

impl Report {
    /// What is wrong; nothing if all is as promised.
    pub fn faults(&self) -> Vec<String> {
        let found = &self.findings;
        let counted = [
            ("tasks lost", found.lost),
            ("tasks not run as often as they asked", found.unfinished),
            ("runs too many", found.excess),
            ("runs of what nobody pushed", found.unknown),
            ("outcomes refused", found.lease_lost),
            ("crashes charged to the living", found.crashes),
            ("tasks left", self.left),
            ("tasks dead", self.dead),
        ];
        let counted = counted.into_iter().filter(|(_, count)| *count > 0);
        let mut faults: Vec<_> = counted.map(|(what, count)| format!("{count} {what}")).collect();
        for (what, more) in [("pushed", self.pushed_twice), ("done", self.done_twice)] {
            if more != 0 {
                faults.push(format!("the store counts {more} tasks {what} beyond the record"));
            }
        }
        faults.extend(found.foreign.iter().take(20).cloned());
        faults
    }

    /// How often this kind of command was struck.
    pub fn struck_of(&self, kind: &str) -> u64 {
        self.struck.get(kind).map_or(0, |of| of.values().sum())
    }
}

/// The table of strikes, one line a kind.
pub fn table(struck: &Struck) -> String {
    let names: Vec<_> = ["hole", "cut", "cut before", "delay", "repeat", "resend"].into();
    let line = |(kind, of): (&String, &BTreeMap<&str, u64>)| {
        let counts: Vec<_> = names
            .iter()
            .map(|name| format!("{name} {}", of.get(name).copied().unwrap_or(0)))
            .collect();
        format!("{kind:14} {}", counts.join(", "))
    };
    struck.iter().map(line).collect::<Vec<_>>().join("\n")
}
