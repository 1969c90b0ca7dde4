//! Tests of the backoff.

use std::time::Duration;

use super::Backoff;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn exponential_doubles_up_to_its_cap() {
    let backoff = Backoff::exponential(seconds(2), seconds(60)).jitter(false);
    let delays: Vec<u64> = (1..=7).map(|attempt| backoff.delay(attempt).as_secs()).collect();
    assert_eq!(delays, [2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(backoff.delay(u32::MAX), seconds(60));
}

#[test]
fn attempt_zero_counts_as_the_first() {
    assert_eq!(Backoff::linear(seconds(3), seconds(60)).delay(0), seconds(3));
    assert_eq!(Backoff::exponential(seconds(3), seconds(60)).jitter(false).delay(0), seconds(3));
}

#[test]
fn jitter_draws_between_the_half_and_the_whole() {
    let backoff = Backoff::default();
    let drawn: Vec<Duration> = (0..200).map(|_| backoff.delay(3)).collect();
    assert!(drawn.iter().all(|delay| (seconds(4)..=seconds(8)).contains(delay)), "{drawn:?}");
    assert!(drawn.iter().any(|delay| *delay < seconds(5)), "all are long: {drawn:?}");
    assert!(drawn.iter().any(|delay| *delay > seconds(7)), "all are short: {drawn:?}");
}

#[test]
fn the_largest_durations_do_not_overflow() {
    let whole = Duration::MAX;
    assert_eq!(Backoff::exponential(whole, whole).jitter(false).delay(9), whole);
    assert!(Backoff::exponential(whole, whole).delay(9) >= whole / 2);
}

#[test]
fn a_function_is_a_backoff() {
    fn triple(attempt: u32) -> Duration {
        seconds(u64::from(attempt) * 3)
    }
    assert_eq!(Backoff::from(triple).delay(4), seconds(12));
    assert_eq!(format!("{:?}", Backoff::default()), "exponential 2s..3600s with jitter");
}
