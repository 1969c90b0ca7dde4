//! Numbers as people read them.

use crate::figures::Figure;

/// A figure as it stands in a table.
pub(crate) fn cell(figure: &Figure) -> String {
    match figure {
        Figure::Measured(value) => number(*value),
        Figure::Absent => "none".to_owned(),
        Figure::NotMeasured(_) => "not measured".to_owned(),
    }
}

/// Three digits that count, with separators of thousands.
pub(crate) fn number(value: f64) -> String {
    if value < 10.0 {
        return format!("{value:.2}");
    }
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let mut unit = 1.0;
    while value / unit >= 1000.0 {
        unit *= 10.0;
    }
    grouped(((value / unit).round() * unit) as u64)
}

/// A whole number with separators of thousands.
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!(number(1.234), "1.23");
        assert_eq!(number(56.78), "56.8");
        assert_eq!(number(345.6), "346");
        assert_eq!(number(1_234_567.0), "1,230,000");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
    }
}
