//! How values on the command line are read.

use clap::CommandFactory;

use super::*;

#[test]
fn the_command_line_adds_up() {
    Cli::command().debug_assert();
}

#[test]
fn a_moment_has_its_offset_taken_off() {
    let utc = moment("2027-01-31T08:00:00Z").unwrap();
    assert_eq!(utc.millis(), 1_801_382_400_000);
    assert_eq!(moment("2027-01-31T09:30:00+01:30").unwrap(), utc);
    assert_eq!(moment("2027-01-31T03:00:00-05:00").unwrap(), utc);
    assert_eq!(moment("2027-01-31t08:00:00.250z").unwrap().millis(), utc.millis() + 250);
}

#[test]
fn what_is_no_moment_is_refused_with_an_example() {
    for text in ["", "now", "Z", "2027-01-31", "2027-01-31T08:00:00", "2027-01-31T08:00:00+1:00x"] {
        assert!(moment(text).unwrap_err().contains("RFC 3339"), "{text:?}");
    }
}

#[test]
fn durations_need_a_unit() {
    assert_eq!(duration("5m").unwrap(), Duration::from_secs(300));
    assert!(duration("5").unwrap_err().contains("for example"));
    assert!(some_duration("0s").is_err());
    assert!(lease("500ms").is_err());
    assert!(lease("301s").is_err());
    assert_eq!(lease("15s").unwrap(), Duration::from_secs(15));
}
