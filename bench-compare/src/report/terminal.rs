//! The table on the terminal.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use super::{Report, number, prose};
use crate::figures::Measure;

/// Prints everything that fits a terminal; the rest is in the JSON file.
pub(crate) fn print(report: &Report) {
    println!("{}", prose::circumstances(report));
    println!("{}", table(report));
    for row in &report.rows {
        println!("{}: {}", row.facts.name, row.facts.crash_safety.why);
    }
    for reason in report.reasons() {
        println!("not measured: {reason}");
    }
    if let Some(noise) = prose::noise(report) {
        println!("{noise}");
    }
}

fn table(report: &Report) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(line("", report.rows.iter().map(super::Row::title)));
    let safe = report.rows.iter().map(|row| prose::crash_safe(&row.facts.crash_safety).to_owned());
    table.add_row(line("crash-safe", safe));
    for measure in Measure::ALL {
        let cells = report.rows.iter().map(|row| number::cell(&row.medians.get(measure)));
        table.add_row(line(measure.title(), cells));
    }
    table
}

fn line(title: &str, cells: impl Iterator<Item = String>) -> Vec<Cell> {
    let right = |text| Cell::new(text).set_alignment(CellAlignment::Right);
    std::iter::once(Cell::new(title)).chain(cells.map(right)).collect()
}
