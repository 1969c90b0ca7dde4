//! The chart: bars of drain and push, drawn for light and dark pages and for all eyes.

use std::fmt::Write;

use super::number::{cell, grouped};
use super::{Report, Row};
use crate::contestant::Kind;
use crate::figures::{Figure, Measure};

const WIDTH: f64 = 860.0;
const NAMES: f64 = 230.0;
const VALUES: f64 = 100.0;
const BAR: f64 = 15.0;
const ROW: f64 = 21.0;
const PANEL_HEAD: f64 = 34.0;
const TOP: f64 = 46.0;

/// The panels, in their order.
const PANELS: [Measure; 4] =
    [Measure::DrainPerS, Measure::PushOnePerS, Measure::PushManyPerS, Measure::PushBatchPerS];

/// Blue and orange are told apart by all kinds of colour vision; grey and an outline need no hue.
const STYLE: &str = ".page{fill:#fff}text{font:13px system-ui,sans-serif;fill:#333}\
.head{font-weight:600}.small{font-size:12px;fill:#666}\
.tireless{fill:#0072b2}.peer{fill:#e69f00}.lossy{fill:#e69f00;fill-opacity:.25;stroke:#e69f00}\
.yardstick{fill:none;stroke:#888;stroke-dasharray:4 3}\
@media(prefers-color-scheme:dark){.page{fill:#161b22}text{fill:#ddd}.small{fill:#aaa}\
.tireless{fill:#56b4e9}.yardstick{stroke:#aaa}}";

/// The whole image.
pub(crate) fn svg(report: &Report) -> String {
    let panel_height = PANEL_HEAD + ROW * report.rows.len() as f64;
    let height = TOP + panel_height * PANELS.len() as f64 + 40.0;
    let mut image = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>Tasks a second: drain and push, tireless and its peers</title>\n\
         <style>{STYLE}</style>\n\
         <rect class=\"page\" width=\"{WIDTH}\" height=\"{height}\" rx=\"8\"/>\n"
    );
    let about = format!(
        "Tasks a second, {} tasks of 100 bytes, one worker process; longer is better",
        grouped(report.tasks)
    );
    text(&mut image, 10.0, 20.0, "small", &about);
    for (index, measure) in PANELS.into_iter().enumerate() {
        panel(&mut image, report, measure, TOP + panel_height * index as f64);
    }
    legend(&mut image, height - 14.0);
    image.push_str("</svg>\n");
    image
}

fn panel(image: &mut String, report: &Report, measure: Measure, top: f64) {
    text(image, 10.0, top + 14.0, "head", measure.title().trim_end_matches(", tasks/s"));
    let value = |row: &Row| match row.medians.get(measure) {
        Figure::Measured(value) => value,
        _ => 0.0,
    };
    let most = report.rows.iter().map(value).fold(f64::MIN_POSITIVE, f64::max);
    for (index, row) in report.rows.iter().enumerate() {
        let y = top + PANEL_HEAD - 10.0 + ROW * index as f64;
        let width = (WIDTH - NAMES - VALUES) * value(row) / most;
        text(image, 10.0, y + 12.0, "", &row.title());
        let _ = writeln!(
            image,
            "<rect class=\"{}\" x=\"{NAMES}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\"/>",
            class(row)
        );
        let figure = cell(&row.medians.get(measure));
        text(image, NAMES + width + 6.0, y + 12.0, "small", &figure);
    }
}

fn class(row: &Row) -> &'static str {
    match (row.facts.kind, row.facts.crash_safety.survives) {
        (Kind::Yardstick, _) => "yardstick",
        (Kind::Tireless, _) => "tireless",
        (Kind::Peer, true) => "peer",
        (Kind::Peer, false) => "lossy",
    }
}

fn legend(image: &mut String, y: f64) {
    let entries = [
        ("tireless", "tireless", 100.0),
        ("peer", "crash-safe peer", 155.0),
        ("lossy", "peer that loses tasks when killed", 265.0),
        ("yardstick", "bare commands, no task system", 0.0),
    ];
    let mut x = 10.0;
    for (class, name, width) in entries {
        let box_y = y - 11.0;
        let _ = writeln!(
            image,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{box_y}\" width=\"14\" height=\"12\"/>"
        );
        text(image, x + 20.0, y, "small", name);
        x += width;
    }
}

fn text(image: &mut String, x: f64, y: f64, class: &str, content: &str) {
    let content = content.replace('&', "&amp;").replace('<', "&lt;");
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    let _ = writeln!(image, "<text{class} x=\"{x:.1}\" y=\"{y:.1}\">{content}</text>");
}
