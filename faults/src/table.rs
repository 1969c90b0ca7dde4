//! Tables: what was just run, for the terminal, and `docs/faults.md`, made from all records.

mod breakdown;
mod versions;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets};

use crate::fault::Fault;
use crate::faults::ALL;
use crate::record::{self, Record};

/// The verdict of what did not pass.
const FAILED: &str = "FAILED";

/// How one fault went.
#[derive(Clone, Debug)]
pub enum Row {
    /// It was run to its end.
    Ran(Box<Record>),
    /// It could not be run to its end.
    Broke {
        /// The fault, with its client.
        what: String,
        /// Why.
        why: String,
    },
    /// It cannot be run here.
    NotRun {
        /// The fault.
        what: String,
        /// Why.
        why: String,
    },
}

/// The rows for a terminal.
pub fn of_rows(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["fault", "client", "scale", "verdict", "took", "figures"]);
    for row in rows {
        match row {
            Row::Ran(record) => table.add_row([
                label(record),
                record.client.clone(),
                record.scale.to_string(),
                verdict(record),
                format!("{} s", record.seconds),
                figures(&record.counts, &record.worst),
            ]),
            Row::Broke { what, why } => {
                let why = format!("it could not be run to its end: {why}");
                table.add_row([what, "", "", FAILED, "", &why])
            }
            Row::NotRun { what, why } => table.add_row([what, "", "", "not run", "", why]),
        };
    }
    table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// A line for each row that failed, to stand below a table that is too wide to be read at a glance.
pub fn failures(rows: &[Row]) -> Vec<String> {
    let failure = |row: &Row| match row {
        Row::Ran(record) => {
            let verdict = verdict(record);
            let why = verdict.strip_prefix(FAILED)?;
            Some(format!("{FAILED} {} {}{why}", label(record), record.client))
        }
        Row::Broke { what, why } => Some(format!("{FAILED} {what}: {why}")),
        Row::NotRun { .. } => None,
    };
    rows.iter().filter_map(failure).collect()
}

fn label(record: &Record) -> String {
    match &record.broken {
        Some(broken) => format!("{} over {broken}", record.fault),
        None => record.fault.clone(),
    }
}

fn verdict(record: &Record) -> String {
    match (record.passed(), record.broken.is_some()) {
        (true, false) => "passed".to_owned(),
        (false, false) => format!("{FAILED}: {}", record.breaches.join("; ")),
        (false, true) => format!("caught: {}", record.breaches.join("; ")),
        (true, true) => format!("{FAILED}: a broken broker passed"),
    }
}

/// Zeros are said only where they are the point.
fn figures(counts: &BTreeMap<String, u64>, worst: &BTreeMap<String, f64>) -> String {
    let counts = counts.iter().filter(|(name, _)| breakdown::part(name).is_none());
    let counts = counts.map(|(name, value)| format!("{name} {value}"));
    let worst = worst.iter().map(|(name, value)| format!("{name} {value}"));
    counts.chain(worst).collect::<Vec<_>>().join(", ")
}

/// The page of all records in a folder.
///
/// # Errors
/// When one cannot be read.
pub fn from_records(folder: &Path) -> Result<String> {
    let mut records = Vec::new();
    for fault in ALL {
        records.extend(record::read(folder, fault.name())?);
    }
    Ok(page(ALL, &records, &record::read(folder, "broken")?))
}

/// The page `docs/faults.md`.
pub fn page(faults: &[&dyn Fault], records: &[Record], broken: &[Record]) -> String {
    let mut page = format!("{HEAD}{}", summary(faults, records, broken));
    for fault in faults {
        let (full, word) = fault.full();
        let _ = write!(page, "\n## {}\n\n{}.\n\n", fault.name(), fault.bar());
        let ours: Vec<_> = records.iter().filter(|record| record.fault == fault.name()).collect();
        if ours.is_empty() {
            page.push_str("Not run yet.\n");
        } else {
            let _ = writeln!(page, "| client | {word}, of {full} | runs | passed | figures |");
            page.push_str("| --- | --- | --- | --- | --- |\n");
        }
        let clients: BTreeSet<_> = ours.iter().map(|record| &record.client).collect();
        for client in clients {
            let runs: Vec<_> = ours.iter().filter(|record| record.client == *client).collect();
            let _ = writeln!(page, "{}", line(client, &runs));
        }
        page.push_str(&breakdown::of(&ours));
        for record in ours.iter().filter(|record| !record.passed()) {
            let Record { client, date, tireless, .. } = record;
            let breaches = record.breaches.join("; ");
            let _ = writeln!(page, "\nFailed over {client} on {date} ({tireless}): {breaches}.");
        }
        page.push_str(&caught(*fault, broken));
    }
    page.push_str(&versions::versions(records));
    page
}

const HEAD: &str = "\
# Faults

What was done on purpose to processes and servers, how often, and what came of it. Made by
`cargo xtask faults --table` from the records in [faults](faults), one a run; figures add up over
runs, times are the longest. A run may be a part of the full bar.

`cargo xtask faults --list` tells what there is, `cargo xtask faults NAME` runs one at full scale,
`--scale 0.1` a tenth of it. How the checker judges: `faults/src/checker.rs`. `lost` is what was
accepted, never done and nowhere to be seen; `in excess` are runs that were repeated although
nothing was done to the process that ran them before. Processes and servers are killed with
SIGKILL on one machine: what the system still had to write to its disk is written. Only
server-power-cut takes that away too.
";

/// The first table: how far each is, and whether anything was found.
fn summary(faults: &[&dyn Fault], records: &[Record], broken: &[Record]) -> String {
    let mut table = String::from(
        "\n| fault | client | done | of | runs | passed | lost | in excess | broken brokers caught |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for fault in faults {
        let (full, word) = fault.full();
        let is_caught = |name: &&&str| {
            let last = records_over(*fault, name, broken).next_back();
            last.is_some_and(|record| !record.passed())
        };
        let caught = fault.catches().iter().filter(is_caught).count();
        let caught = format!("{caught} of {}", fault.catches().len());
        let ours: Vec<_> = records.iter().filter(|record| record.fault == fault.name()).collect();
        let clients: BTreeSet<_> = ours.iter().map(|record| &record.client).collect();
        let name = fault.name();
        if clients.is_empty() {
            let _ = writeln!(table, "| {name} | | 0 | {full} {word} | 0 | | | | {caught} |");
        }
        for client in clients {
            let runs = ours.iter().filter(|record| record.client == *client);
            let sum = |figure: &str| -> u64 {
                runs.clone().filter_map(|record| record.counts.get(figure)).sum()
            };
            let n: u64 = runs.clone().map(|record| record.n).sum();
            let passed = runs.clone().filter(|record| record.passed()).count();
            let (all, lost, excess) = (runs.clone().count(), sum("lost"), sum("in excess"));
            let _ = writeln!(
                table,
                "| {name} | {client} | {n} | {full} {word} | {all} | {passed} | {lost} | {excess} \
                 | {caught} |"
            );
        }
    }
    table
}

/// The runs of a fault with this broken broker.
fn records_over<'a>(
    fault: &dyn Fault,
    name: &str,
    records: &'a [Record],
) -> impl DoubleEndedIterator<Item = &'a Record> {
    let (fault, name) = (fault.name(), name.to_owned());
    let ours = move |record: &&Record| {
        record.fault == fault && record.broken.as_deref() == Some(name.as_str())
    };
    records.iter().filter(ours)
}

fn line(client: &str, runs: &[&&Record]) -> String {
    let n: u64 = runs.iter().map(|record| record.n).sum();
    let passed = runs.iter().filter(|record| record.passed()).count();
    let (mut counts, mut worst) = (BTreeMap::new(), BTreeMap::new());
    for record in runs {
        for (name, value) in &record.counts {
            *counts.entry(name.clone()).or_insert(0) += value;
        }
        for (name, value) in &record.worst {
            let highest = worst.entry(name.clone()).or_insert(*value);
            *highest = highest.max(*value);
        }
    }
    format!("| {client} | {n} | {} | {passed} | {} |", runs.len(), figures(&counts, &worst))
}

/// Which broken brokers it was seen to catch.
fn caught(fault: &dyn Fault, records: &[Record]) -> String {
    let mut seen = Vec::new();
    for name in fault.catches() {
        let last = records_over(fault, name, records).next_back();
        seen.push(match last {
            Some(record) if !record.passed() => {
                format!("- {name}: caught on {} ({})", record.date, record.breaches.join("; "))
            }
            Some(record) => format!("- {name}: NOT caught on {}", record.date),
            None => format!("- {name}: not tried yet"),
        });
    }
    format!("\nBroken brokers that it must catch:\n\n{}\n", seen.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;

    #[test]
    fn pieces_add_up_and_failures_are_told() {
        let name = ALL[0].name();
        let mut bad = sample(name);
        bad.breaches.push("1 accepted and lost".to_owned());
        bad.worst.insert("recovery, s".to_owned(), 9.0);
        let page = page(ALL, &[sample(name), bad], &[]);
        assert!(
            page.contains("| fred | 300 | 2 | 1 | lost 0, tasks 200, recovery, s 9 |"),
            "{page}"
        );
        assert!(page.contains("Failed over fred on 2026-11-26T10:00:00Z (0.1.0): 1 accepted"));
        assert!(page.contains("not tried yet"));
    }

    #[test]
    fn the_page_is_what_the_records_say() {
        let folder = crate::record::folder();
        let made = from_records(&folder).unwrap();
        let kept = std::fs::read_to_string(folder.with_extension("md")).unwrap();
        assert!(made == kept, "docs/faults.md is old; make it: cargo xtask faults --table");
    }

    #[test]
    fn what_failed_is_told_in_a_line_each() {
        let mut bad = sample("worker-kill");
        bad.breaches = vec!["1 lost".to_owned(), "2 in excess".to_owned()];
        let (good, bad) = (Row::Ran(Box::new(sample("soak"))), Row::Ran(Box::new(bad)));
        let broke = Row::Broke { what: "replies fred".to_owned(), why: "it panicked".to_owned() };
        let not_run = Row::NotRun { what: "sigterm".to_owned(), why: "needs Linux".to_owned() };
        assert_eq!(
            failures(&[good, bad, broke, not_run]),
            ["FAILED worker-kill fred: 1 lost; 2 in excess", "FAILED replies fred: it panicked"]
        );
    }

    #[test]
    fn a_broken_broker_that_passes_is_a_failure() {
        let record = crate::record::Record { broken: Some("Some".to_owned()), ..sample("some") };
        assert!(verdict(&record).starts_with("FAILED"));
    }
}
