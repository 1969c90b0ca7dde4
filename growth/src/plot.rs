//! Pictures: panels side by side as one SVG, from the plan of a curve and its rows.
//!
//! Dark on a light card of its own, so that it reads the same on any page; colours of Okabe and Ito,
//! which the colour-blind tell apart, and a marker of its own for each line.

mod axis;
mod panel;

use std::fmt::Write;

use crate::curve::Plan;
use crate::record::Row;

/// Width and height of a panel, in the picture's units.
const PANEL: (f64, f64) = (460.0, 360.0);

/// Room above the panels for the title.
const HEAD: f64 = 44.0;

/// The picture of some rows.
pub fn draw(plan: &Plan, rows: &[Row]) -> String {
    let (width, height) = (PANEL.0 * plan.panels.len() as f64, HEAD + PANEL.1);
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" font-family=\"system-ui, sans-serif\" \
         font-size=\"12\" fill=\"#1b1f24\">\n<title>{title}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#fdfdfd\" \
         stroke=\"#c8cdd3\"/>\n<text x=\"24\" y=\"28\" font-size=\"16\" font-weight=\"600\">\
         {title}</text>\n",
        title = escaped(plan.title),
    );
    for (at, one) in plan.panels.iter().enumerate() {
        let _ = writeln!(out, "<g transform=\"translate({} {HEAD})\">", PANEL.0 * at as f64);
        panel::draw(&mut out, one, &plan.grows, rows);
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curves::ALL;
    use crate::record::row;

    #[test]
    fn each_curve_has_a_picture_of_whatever_was_measured() {
        for curve in ALL {
            let plan = curve.plan();
            let rows: Vec<Row> = [0.0, 1.0, 1_000.0]
                .map(|size| {
                    let mut one = row([(plan.grows.name, size)]);
                    let lines = plan.panels.iter().flat_map(|panel| panel.lines);
                    one.extend(lines.map(|line| (line.name.to_owned(), size)));
                    one
                })
                .to_vec();
            for rows in [&rows[..], &rows[1..2], &[]] {
                let picture = draw(plan, rows);
                assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
                let open = picture.matches("<g").count();
                assert_eq!(open, picture.matches("</g>").count());
            }
        }
    }
}
