//! `work --drain`: to the end, and what the end is.

use crate::harness::Place;

#[test]
fn every_line_is_worked_off_with_both_clients() {
    for client in ["redis-rs", "fred"] {
        let place = Place::new();
        let lines: String = (0..1000).map(|number| format!("{number}\n")).collect();
        place.feed(&["--client", client, "push", "q", "--lines", "-"], lines.as_bytes()).ok();
        let command = r#"read -r x || :; echo "$x" >> out"#;
        place.run(&["--client", client, "work", "q", "--drain", "--exec", command]).ok();
        let mut ran: Vec<u32> =
            place.read("out").lines().map(|line| line.parse().unwrap()).collect();
        ran.sort_unstable();
        assert_eq!(ran, (0..1000).collect::<Vec<_>>());
        assert_eq!(place.count("q", "done"), 1000);
    }
}

#[test]
fn what_is_scheduled_or_to_be_retried_is_waited_for() {
    let place = Place::new();
    place.run(&["push", "q", "x", "--after", "1500ms"]).ok();
    let args = ["--retry-delay", "1500ms", "--exec", "test $TIRELESS_ATTEMPT = 2"];
    let did = place.json(&[&["work", "q", "--drain"], &args[..]].concat());
    assert_eq!((did["done"].as_u64(), did["retried"].as_u64()), (Some(1), Some(1)));
}

#[test]
fn a_death_is_a_failure() {
    let place = Place::new();
    place.run(&["push", "q", "x"]).ok();
    place.run(&["push", "q", "y"]).ok();
    let said = place.run(&["work", "q", "--drain", "--retries", "0", "--exec", "false"]).failed(1);
    assert!(said.contains("2 tasks died; tireless ls q dead lists"), "{said}");
    // Those that were dead before do not count.
    place.run(&["work", "q", "--drain", "--exec", "true"]).ok();
}

#[test]
fn a_paused_queue_is_an_error() {
    let place = Place::new();
    place.run(&["push", "q", "x"]).ok();
    assert_eq!(place.run(&["pause", "q"]).ok(), "q is paused");
    let said = place.run(&["work", "q", "--drain", "--exec", "true"]).failed(1);
    assert!(said.contains("tireless resume q"), "{said}");
    assert_eq!(place.run(&["resume", "q"]).ok(), "q is running");
    place.run(&["work", "q", "--drain", "--exec", "true"]).ok();
}
