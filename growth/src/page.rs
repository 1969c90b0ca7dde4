//! The page: `docs/performance/growth.md`, whose words are written by hand and whose figures are
//! put between markers, from the records.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::bars::{shown, spread};
use crate::curve::{Curve, Line, Panel, Plan};
use crate::curves::ALL;
use crate::plot;
use crate::record::{self, Record};

/// A curve that costs at most this much more at one size than at another is called flat.
const FLAT: f64 = 1.5;

/// The files of clients that are not the usual one end in these.
const CLIENTS: [&str; 2] = ["", "-fred"];

/// Makes all pictures, and the figures of the page, from the records.
///
/// # Errors
/// When a file cannot be read or written, or the page lacks a marker.
pub fn renew(folder: &Path) -> Result<()> {
    let path = folder.join("growth.md");
    let mut page = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    for curve in ALL {
        let records = records(folder, curve.plan())?;
        for record in &records {
            let picture = folder.join(format!("{}.svg", record.stem()));
            fs::write(&picture, plot::draw(curve.plan(), &record.rows))
                .with_context(|| picture.display().to_string())?;
        }
        page = replaced(&page, curve.plan().name, &section(*curve, &records))?;
    }
    fs::write(&path, page).with_context(|| path.display().to_string())
}

fn records(folder: &Path, plan: &Plan) -> Result<Vec<Record>> {
    let read = |client| record::read(folder, &format!("{}{client}", plan.name)).transpose();
    CLIENTS.iter().filter_map(read).collect()
}

/// The page with other words between the markers of a curve.
fn replaced(page: &str, name: &str, words: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let lacks = || format!("growth.md has no {} followed by {end}; add both", begin.trim());
    let (before, rest) = page.split_once(&begin).with_context(lacks)?;
    let (_, after) = rest.split_once(&end).with_context(lacks)?;
    Ok(format!("{before}{begin}{words}{end}{after}"))
}

/// What is said of one curve.
fn section(curve: &dyn Curve, records: &[Record]) -> String {
    if records.is_empty() {
        return "\nNot measured yet.\n\n".to_owned();
    }
    records.iter().map(|record| of_record(curve, record)).collect()
}

fn of_record(curve: &dyn Curve, record: &Record) -> String {
    let plan = curve.plan();
    let mut out = format!("\n![{}]({}.svg)\n\n", plan.title, record.stem());
    for panel in plan.panels {
        for line in panel.lines.iter().filter(|line| !line.bare) {
            // Writing to a string does not fail.
            let _ = writeln!(out, "- {}", sentence(plan, record, panel, line));
        }
    }
    for verdict in curve.verdicts(record) {
        let _ = writeln!(out, "- {verdict}");
    }
    let _ = write!(out, "\n{}\n{}\n\n", table(plan, record), origin(record));
    out
}

/// How a figure goes from the first size to the last.
fn sentence(plan: &Plan, record: &Record, panel: &Panel, line: &Line) -> String {
    let what = format!("{}, {}", panel.title, line.label);
    let points: Vec<(f64, f64)> = record
        .rows
        .iter()
        .filter_map(|row| Some((*row.get(plan.grows.name)?, *row.get(line.name)?)))
        .collect();
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return format!("{what}: not measured.");
    };
    let at = |point: &(f64, f64)| format!("{} at {}", shown(point.1), shown(point.0));
    let spread = match spread(&record.rows, line.name) {
        Some(spread) if spread <= FLAT => format!("flat within {spread:.2} times"),
        Some(spread) => format!("{} times from the least to the most", shown(spread)),
        None => "from nothing on".to_owned(),
    };
    let (from, to, unit, grows) = (at(first), at(last), panel.unit, plan.grows.head);
    format!("{what}: {from}, {to} {grows} ({unit}); {spread}.")
}

fn table(plan: &Plan, record: &Record) -> String {
    let columns = || std::iter::once(&plan.grows).chain(plan.columns);
    let heads: Vec<&str> = columns().map(|column| column.head).collect();
    let mut out = format!("| {} |\n|{}\n", heads.join(" | "), " ---: |".repeat(heads.len()));
    for row in &record.rows {
        let cell = |name| row.get(name).map_or_else(|| "-".to_owned(), |value| shown(*value));
        let cells: Vec<String> = columns().map(|column| cell(column.name)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out
}

fn origin(record: &Record) -> String {
    let load = record.load.map_or_else(|| "not known".to_owned(), shown);
    format!(
        "{}, {}, scale {}, tireless {} ({}), {} processors for all, load before {load}, {}, {} s.",
        record.server,
        record.client,
        record.scale,
        record.tireless,
        record.build,
        record.processors,
        record.date,
        record.seconds,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_the_records_say() {
        let folder = record::folder();
        let page = fs::read_to_string(folder.join("growth.md")).unwrap();
        for curve in ALL {
            let plan = curve.plan();
            let records = records(&folder, plan).unwrap();
            let made = replaced(&page, plan.name, &section(*curve, &records)).unwrap();
            assert!(made == page, "{} is not as recorded: cargo xtask growth --page", plan.name);
            for record in records {
                let picture = folder.join(format!("{}.svg", record.stem()));
                let drawn = plot::draw(plan, &record.rows);
                assert!(fs::read_to_string(&picture).unwrap() == drawn, "{}", picture.display());
            }
        }
    }

    #[test]
    fn words_between_markers_are_replaced() {
        let page = "a\n<!-- batch -->\nold\n<!-- end of batch -->\nb\n";
        let made = replaced(page, "batch", "new\n").unwrap();
        assert_eq!(made, "a\n<!-- batch -->\nnew\n<!-- end of batch -->\nb\n");
        assert!(replaced(page, "queues", "new").is_err());
    }
}
