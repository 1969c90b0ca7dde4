//! Tests of the texts inside the attribute.

use super::{BackoffText, backoff, duration_ms, name_problem};

#[test]
fn durations_have_units_and_the_largest_comes_first() {
    assert_eq!(duration_ms("30s"), Ok(30_000));
    assert_eq!(duration_ms("250ms"), Ok(250));
    assert_eq!(duration_ms("1h30m"), Ok(5_400_000));
    assert_eq!(duration_ms("2d1ms"), Ok(172_800_001));
    for wrong in ["", "30", "s", "30 s", "1.5h", "-1s", "30m1h", "1s1s", "5w", "1h30"] {
        assert!(duration_ms(wrong).is_err(), "{wrong:?} was read");
    }
    assert!(duration_ms("999999999999999999d").is_err());
}

#[test]
fn backoffs_have_three_shapes() {
    assert_eq!(backoff("fixed 5s"), Ok(BackoffText::Fixed { delay_ms: 5_000 }));
    assert_eq!(
        backoff("linear 10s..5m"),
        Ok(BackoffText::Linear { step_ms: 10_000, cap_ms: 300_000 })
    );
    assert_eq!(
        backoff("exponential 2s .. 10m"),
        Ok(BackoffText::Exponential { first_ms: 2_000, cap_ms: 600_000 })
    );
    for wrong in ["", "5s", "fixed", "exponential 2s", "cubic 1s..2s", "linear 5m..10s"] {
        assert!(backoff(wrong).is_err(), "{wrong:?} was read");
    }
}

#[test]
fn names_are_those_of_the_contract() {
    assert_eq!(name_problem("mail.v2:eu-1_x"), None);
    assert!(name_problem("").is_some());
    assert!(name_problem("two words").is_some_and(|problem| problem.contains("' '")));
    assert_eq!(name_problem(&"x".repeat(128)), None);
    assert!(name_problem(&"x".repeat(129)).is_some());
}
