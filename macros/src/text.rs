//! The small languages inside the attribute's texts: names, durations, backoffs.

/// What is said when a backoff cannot be read.
pub(crate) const BACKOFF_FORMS: &str = "a backoff is \"fixed 5s\", \"linear 10s..5m\", \
     \"exponential 2s..10m\", or an expression that makes a Backoff";

const DURATION_FORM: &str = "a duration is a number with a unit (ms, s, m, h, d), or several of \
     them, the largest unit first: \"30s\", \"250ms\", \"1h30m\"";

const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BackoffText {
    Fixed { delay_ms: u64 },
    Linear { step_ms: u64, cap_ms: u64 },
    Exponential { first_ms: u64, cap_ms: u64 },
}

/// What is wrong with a name, by the rule of contract clause B13.
pub(crate) fn name_problem(name: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
    if name.is_empty() || name.len() > 128 {
        return Some(format!("a name has 1 to 128 bytes, not {}", name.len()));
    }
    let bad = name.chars().find(|c| !allowed(*c))?;
    Some(format!("a name cannot contain {bad:?}; allowed are A-Z a-z 0-9 . _ : -"))
}

/// Milliseconds of `1h30m` and the like.
pub(crate) fn duration_ms(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no duration; {DURATION_FORM}");
    let mut rest = text;
    let mut total = 0u64;
    let mut units = UNITS.iter();
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, behind) = rest.split_at(digits);
        let unit_end = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit_end);
        // The search goes on where the unit before was found: units only get smaller.
        let (_, millis) = units.find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        total = number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(*millis))
            .and_then(|part| part.checked_add(total))
            .ok_or_else(wrong)?;
        rest = behind;
    }
    Ok(total)
}

/// Reads `fixed D`, `linear D..D` and `exponential D..D`.
pub(crate) fn backoff(text: &str) -> Result<BackoffText, String> {
    let (shape, times) = text.trim().split_once(' ').ok_or(BACKOFF_FORMS)?;
    let times = times.trim();
    if shape == "fixed" {
        return Ok(BackoffText::Fixed { delay_ms: duration_ms(times)? });
    }
    let (first, cap) = times.split_once("..").ok_or(BACKOFF_FORMS)?;
    let (first, cap) = (duration_ms(first.trim())?, duration_ms(cap.trim())?);
    if first > cap {
        return Err(format!("the first delay of {text:?} is longer than its longest one"));
    }
    match shape {
        "linear" => Ok(BackoffText::Linear { step_ms: first, cap_ms: cap }),
        "exponential" => Ok(BackoffText::Exponential { first_ms: first, cap_ms: cap }),
        _ => Err(BACKOFF_FORMS.to_owned()),
    }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
