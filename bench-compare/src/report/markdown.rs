//! The tables of the document.

use std::fmt::Write;

use super::{Report, Row, number, prose};
use crate::figures::Measure;

/// All that stands between the markers.
pub(super) fn block(report: &Report) -> String {
    let mut text = format!("{}\n", prose::circumstances(report));
    if let Some(noise) = prose::noise(report) {
        let _ = writeln!(text, "{noise}");
    }
    let _ = write!(text, "\n{}\n{}", figures(report), facts(report));
    let reasons = report.reasons();
    if !reasons.is_empty() {
        text.push_str("\nNot measured, and why:\n\n");
        for reason in reasons {
            let _ = writeln!(text, "- {reason}");
        }
    }
    text
}

fn figures(report: &Report) -> String {
    let names = report.rows.iter().map(|row| format!("{}<br>{}", row.facts.name, row.version));
    let mut text = line("", names);
    text += &format!("| --- |{}\n", " ---: |".repeat(report.rows.len()));
    let safe = report.rows.iter().map(|row| prose::crash_safe(&row.facts.crash_safety).to_owned());
    text += &line("crash-safe", safe);
    for measure in Measure::ALL {
        let cell = |row: &Row| number::cell(&row.medians.get(measure));
        text += &line(measure.title(), report.rows.iter().map(cell));
    }
    text
}

fn facts(report: &Report) -> String {
    let mut text = line(
        "",
        ["crash safety, by its source", "settings", "beside the figures"]
            .map(str::to_owned)
            .into_iter(),
    );
    text += "| --- | --- | --- | --- |\n";
    for row in &report.rows {
        let facts = &row.facts;
        let cells = [facts.crash_safety.why, facts.settings, facts.caveat].map(str::to_owned);
        text += &line(&row.title(), cells.into_iter());
    }
    text
}

fn line(title: &str, cells: impl Iterator<Item = String>) -> String {
    let cells: String = cells.map(|cell| format!(" {cell} |")).collect();
    let title = if title.is_empty() { String::new() } else { format!("{title} ") };
    format!("| {title}|{cells}\n")
}
