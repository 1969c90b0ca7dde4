use super::*;

fn shown(now: u64, retry_in: Duration) -> String {
    let next_try = next_try(StoreTime::from_millis(now), retry_in);
    humantime::format_rfc3339_seconds(next_try).to_string()
}

#[test]
fn the_next_try_can_be_shown_however_far_away_it_is() {
    assert_eq!(shown(0, Duration::from_secs(61)), "1970-01-01T00:01:01Z");
    let end = "9999-12-31T23:59:59Z";
    let last = 253_402_300_799_000;
    assert_eq!(shown(last - 1000, Duration::from_secs(1)), end);
    assert_eq!(shown(last, Duration::from_millis(999)), end);
    assert_eq!(shown(last, Duration::from_secs(1)), end);
    assert_eq!(shown(u64::MAX, Duration::MAX), end);
}
