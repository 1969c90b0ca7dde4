//! One panel: axes, the bar, the lines with their markers, and their names.

use std::fmt::Write;

use super::axis::Axis;
use super::{PANEL, escaped};
use crate::bars::shown;
use crate::curve::{Column, Line, Panel};
use crate::record::Row;

/// Room beside the plot: left, right, above, below.
const ROOM: (f64, f64, f64, f64) = (64.0, 24.0, 76.0, 52.0);

/// Okabe and Ito's, those with enough contrast on white.
const COLOURS: [&str; 4] = ["#0072b2", "#b35900", "#00795a", "#a3457f"];

/// What is only there to compare with.
const BARE: &str = "#6a737d";

/// What must not be left.
const BAR: &str = "#b3261e";

/// Where the plot itself is, and what its axes hold.
struct Frame {
    across: Axis,
    up: Axis,
}

impl Frame {
    fn x(&self, value: f64) -> f64 {
        ROOM.0 + self.across.place(value) * (PANEL.0 - ROOM.0 - ROOM.1)
    }

    fn y(&self, value: f64) -> f64 {
        PANEL.1 - ROOM.3 - self.up.place(value) * (PANEL.1 - ROOM.2 - ROOM.3)
    }
}

/// Draws it; writing to a string does not fail.
pub(super) fn draw(out: &mut String, panel: &Panel, grows: &Column, rows: &[Row]) {
    let of = |name: &str| rows.iter().filter_map(|row| row.get(name).copied()).collect::<Vec<_>>();
    let mut heights: Vec<f64> = panel.lines.iter().flat_map(|line| of(line.name)).collect();
    heights.extend(panel.bar.map(|(height, _)| height));
    let up = if panel.log { Axis::powers(&heights) } else { Axis::linear(&heights) };
    let frame = Frame { across: Axis::sizes(&of(grows.name)), up };
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"14\" font-weight=\"600\">{}</text>",
        24.0,
        escaped(panel.title)
    );
    axes(out, &frame, grows.head, panel.unit);
    if let Some((height, label)) = panel.bar {
        bar(out, &frame, height, label);
    }
    for (at, line) in panel.lines.iter().enumerate() {
        let points: Vec<(f64, f64)> = rows
            .iter()
            .filter_map(|row| Some((*row.get(grows.name)?, *row.get(line.name)?)))
            .map(|(across, up)| (frame.x(across), frame.y(up)))
            .collect();
        curve(out, at, line, &points);
        name(out, at, line);
    }
}

fn axes(out: &mut String, frame: &Frame, across: &str, up: &str) {
    let (left, right) = (ROOM.0, PANEL.0 - ROOM.1);
    let (top, bottom) = (ROOM.2, PANEL.1 - ROOM.3);
    for tick in frame.up.ticks() {
        let y = frame.y(tick);
        let _ = writeln!(
            out,
            "<path d=\"M{left} {y:.1}H{right}\" stroke=\"#dfe3e8\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            left - 8.0,
            y + 4.0,
            shown(tick)
        );
    }
    for tick in frame.across.ticks() {
        let x = frame.x(tick);
        let _ = writeln!(
            out,
            "<path d=\"M{x:.1} {bottom}v5\" stroke=\"#1b1f24\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            bottom + 19.0,
            short(tick)
        );
    }
    let (middle, height) = ((left + right) / 2.0, (top + bottom) / 2.0);
    let _ = writeln!(
        out,
        "<path d=\"M{left} {top}V{bottom}H{right}\" fill=\"none\" stroke=\"#1b1f24\"/>\n\
         <text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n\
         <text transform=\"translate(14 {height}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
        bottom + 40.0,
        escaped(across),
        escaped(up)
    );
}

fn bar(out: &mut String, frame: &Frame, height: f64, label: &str) {
    let (right, y) = (PANEL.0 - ROOM.1, frame.y(height));
    let _ = writeln!(
        out,
        "<path d=\"M{} {y:.1}H{right}\" stroke=\"{BAR}\" stroke-dasharray=\"2 3\"/>\
         <text x=\"{right}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"{BAR}\">{}</text>",
        ROOM.0,
        y - 5.0,
        escaped(label)
    );
}

fn colour(at: usize, line: &Line) -> &'static str {
    if line.bare { BARE } else { COLOURS[at % COLOURS.len()] }
}

fn dashes(line: &Line) -> &'static str {
    if line.bare { " stroke-dasharray=\"7 4\"" } else { "" }
}

fn curve(out: &mut String, at: usize, line: &Line, points: &[(f64, f64)]) {
    let (colour, dashes) = (colour(at, line), dashes(line));
    let places: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = writeln!(
        out,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>",
        places.join(" ")
    );
    for (x, y) in points {
        marker(out, at, *x, *y, colour);
    }
}

fn marker(out: &mut String, at: usize, x: f64, y: f64, colour: &str) {
    let shape = match at % 4 {
        0 => "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0",
        1 => "m-3.2 -3.2h6.4v6.4h-6.4z",
        2 => "m0 -4.2l4 7.2h-8z",
        _ => "m0 -4.4l4.4 4.4l-4.4 4.4l-4.4 -4.4z",
    };
    let _ = writeln!(out, "<path d=\"M{x:.1} {y:.1}{shape}\" fill=\"{colour}\"/>");
}

/// Two names a line, above the plot.
fn name(out: &mut String, at: usize, line: &Line) {
    let (x, y) = (34.0 + 206.0 * (at % 2) as f64, 34.0 + 18.0 * (at / 2) as f64);
    let (colour, dashes) = (colour(at, line), dashes(line));
    let _ = writeln!(
        out,
        "<path d=\"M{} {y}h24\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>",
        x - 10.0
    );
    marker(out, at, x + 2.0, y, colour);
    let _ = writeln!(out, "<text x=\"{}\" y=\"{}\">{}</text>", x + 20.0, y + 4.0, line.label);
}

/// A size in few letters.
fn short(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{}M", (value / 1e5).round() / 10.0),
        value if value >= 1e3 => format!("{}k", (value / 1e2).round() / 10.0),
        value => format!("{value}"),
    }
}
