//! Bars: a figure that must not leave a limit, and whether it does.

use std::fmt;

use crate::record::{Record, Row};

/// What became of a bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What is asked.
    pub bar: String,
    /// What was measured; none if the run did not go there.
    pub figure: Option<f64>,
    /// Whether it is kept.
    pub met: bool,
}

impl Verdict {
    /// A figure that must not be above a limit.
    pub fn at_most(bar: &str, figure: Option<f64>, limit: f64) -> Self {
        let met = figure.is_some_and(|figure| figure <= limit);
        Self { bar: bar.to_owned(), figure, met }
    }

    /// A figure that must not be below a limit.
    pub fn at_least(bar: &str, figure: Option<f64>, limit: f64) -> Self {
        let met = figure.is_some_and(|figure| figure >= limit);
        Self { bar: bar.to_owned(), figure, met }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bar = &self.bar;
        match (self.figure, self.met) {
            (None, _) => write!(f, "Not measured at this scale: {bar}."),
            (Some(figure), true) => write!(f, "Met: {bar}; it is {}.", shown(figure)),
            (Some(figure), false) => write!(f, "**Not met**: {bar}; it is {}.", shown(figure)),
        }
    }
}

/// A figure of the row where another has a value.
pub fn figure(record: &Record, of: &str, value: f64, name: &str) -> Option<f64> {
    record.row(of, value)?.get(name).copied()
}

/// By how much the highest of a figure exceeds the lowest.
pub fn spread(rows: &[Row], name: &str) -> Option<f64> {
    let mut figures: Vec<f64> = rows.iter().filter_map(|row| row.get(name).copied()).collect();
    figures.sort_by(f64::total_cmp);
    let (least, most) = (figures.first()?, figures.last()?);
    (*least > 0.0).then(|| most / least)
}

/// A figure as people read it: three digits that count.
pub fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 1e6 && value % 1e5 == 0.0 => format!("{}M", value / 1e6),
        size if size >= 100.0 || value == value.trunc() => grouped(value.round()),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let (sign, digits) = digits.strip_prefix('-').map_or(("", &digits[..]), |rest| ("-", rest));
    let mut out = String::from(sign);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::row;

    #[test]
    fn figures_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (0.0123, "0.012"),
            (1.234, "1.23"),
            (12.34, "12.3"),
            (1_000.0, "1,000"),
            (140_000.0, "140,000"),
            (1_100_000.0, "1.1M"),
            (1_048_576.0, "1,048,576"),
            (10_000_000.0, "10M"),
        ] {
            assert_eq!(shown(value), text);
        }
    }

    #[test]
    fn a_bar_is_met_or_not_or_not_measured() {
        assert!(Verdict::at_most("x", Some(2.0), 2.0).met);
        assert!(!Verdict::at_least("x", Some(0.69), 0.7).met);
        let none = Verdict::at_most("at most 2 us", None, 2.0);
        assert_eq!((none.met, none.to_string().starts_with("Not measured")), (false, true));
    }

    #[test]
    fn the_spread_is_of_the_highest_over_the_lowest() {
        let rows = [row([("a", 2.0)]), row([("a", 1.0)]), row([("b", 9.0)]), row([("a", 3.0)])];
        assert_eq!((spread(&rows, "a"), spread(&rows, "c")), (Some(3.0), None));
    }
}
