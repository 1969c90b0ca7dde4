//! `push`: one task, many tasks, none.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Answer, Place, eventually, finish, redis, tireless};

#[test]
fn a_task_is_pushed_and_its_id_printed() {
    let place = Place::new();
    let id = place.run(&["push", "q", "hello"]).ok();
    assert_eq!(place.ids("q", "ready"), std::slice::from_ref(&id));
    let shown = place.json(&["show", "q", &id]);
    assert_eq!((shown["body"].as_str(), shown["state"].as_str()), (Some("hello"), Some("ready")));
    let pushed = place.json(&["push", "q", "second"]);
    assert_eq!((pushed["queue"].as_str(), pushed["pushed"].as_bool()), (Some("q"), Some(true)));
}

#[test]
fn a_body_from_standard_input_keeps_every_byte() {
    let place = Place::new();
    let answer = place.feed(&["push", "q"], b"\x00\xff line\n\n");
    let shown = place.json(&["show", "q", &answer.ok()]);
    assert_eq!(shown["body_hex"].as_str(), Some("00ff206c696e650a0a"));
}

#[test]
fn an_own_id_that_lives_pushes_nothing() {
    let place = Place::new();
    let first = place.run(&["push", "q", "a", "--id", "order-1"]).ok();
    let again = place.run(&["push", "q", "b", "--id", "order-1"]);
    assert!(again.err.contains("nothing was pushed"), "{again:?}");
    assert_eq!(again.ok(), first);
    assert_eq!(place.json(&["push", "q", "c", "--id", "order-1"])["pushed"].as_bool(), Some(false));
    assert_eq!(place.count("q", "ready"), 1);
}

#[test]
fn an_own_id_in_use_says_what_its_task_does() {
    let place = Place::new();
    let id = place.run(&["push", "q", "a", "--id", "order-1"]).ok();
    let again = || place.run(&["push", "q", "b", "--id", "order-1"]).err;
    let said = again();
    assert!(said.contains(&format!("task {id} has this id and is ready")), "{said}");
    place.run(&["work", "q", "--drain", "--retries", "0", "--exec", "false"]).failed(1);
    let said = again();
    assert!(said.contains("is dead") && said.contains(&format!("rm q {id}")), "{said}");
    place.run(&["rm", "q", &id]).ok();
    assert_eq!(again(), "");
}

#[test]
fn a_task_for_later_is_scheduled() {
    let place = Place::new();
    place.run(&["push", "q", "a", "--after", "1h"]).ok();
    place.run(&["push", "q", "b", "--at", "2100-01-01T01:00:00+01:00"]).ok();
    let listed = place.json(&["ls", "q", "scheduled"]);
    assert_eq!(listed["tasks"][1]["at_ms"].as_u64(), Some(4_102_444_800_000));
    assert_eq!(place.count("q", "scheduled"), 2);
}

#[test]
fn lines_become_tasks_in_order() {
    let place = Place::new();
    let lines: String = (0..2500).map(|number| format!("{number}\n")).collect();
    let said = place.feed(&["push", "q", "--lines", "-"], lines.as_bytes()).ok();
    assert_eq!(said, "pushed 2500 tasks to q");
    let listed = place.json(&["ls", "q", "ready", "--limit", "2500"]);
    let tasks = listed["tasks"].as_array().unwrap();
    let bodies: Vec<_> = tasks.iter().map(|task| task["body"].as_str().unwrap()).collect();
    assert_eq!(bodies, lines.lines().collect::<Vec<_>>());

    std::fs::write(place.file("lines"), "a\nb").unwrap();
    assert_eq!(place.json(&["push", "r", "--lines", "lines"])["pushed"].as_u64(), Some(2));
}

#[test]
fn no_lines_are_no_error() {
    let place = Place::new();
    let answer = place.feed(&["push", "q", "--lines", "-"], b"");
    assert!(answer.err.contains("the input is empty"), "{answer:?}");
    assert_eq!(answer.ok(), "pushed 0 tasks to q");
}

#[test]
fn a_line_over_the_limit_loses_nothing_before_it() {
    let place = Place::new();
    let mut lines = b"a\nb\n".to_vec();
    lines.extend(vec![b'x'; (1 << 20) + 1]);
    lines.extend(b"\nc\n");
    let said = place.feed(&["push", "q", "--lines", "-"], &lines).failed(1);
    assert!(said.contains("line 3") && said.contains("before it: 2 tasks"), "{said}");
    assert_eq!(place.count("q", "ready"), 2);

    let said = place.feed(&["push", "q"], &vec![b'x'; (1 << 20) + 1]).failed(1);
    assert!(said.contains("Nothing was pushed"), "{said}");
    assert_eq!(place.count("q", "ready"), 2);
}

#[test]
fn the_largest_bodies_fit_into_batches() {
    let place = Place::new();
    let mut lines = Vec::new();
    for _ in 0..9 {
        lines.extend(vec![b'x'; 1 << 20]);
        lines.push(b'\n');
    }
    assert_eq!(place.feed(&["push", "q", "--lines", "-"], &lines).ok(), "pushed 9 tasks to q");
}

#[test]
fn lines_do_not_wait_for_the_end_of_the_input() {
    let place = Place::new();
    let mut pushing = place.command(&["push", "q", "--lines", "-"]);
    let mut pushing = pushing.stdin(Stdio::piped()).spawn().unwrap();
    let mut log = pushing.stdin.take().unwrap();
    log.write_all(b"a\nb\nhalf of a").unwrap();
    eventually("two lines are there", || place.count("q", "ready") == 2);
    log.write_all(b" line\n").unwrap();
    eventually("a third line is there", || place.count("q", "ready") == 3);
    drop(log);
    let answer = Answer::from(pushing.wait_with_output().unwrap());
    assert_eq!(answer.ok(), "pushed 3 tasks to q");
    let listed = place.json(&["ls", "q", "ready"]);
    assert_eq!(listed["tasks"][2]["body"].as_str(), Some("half of a line"));
}

#[test]
fn a_server_that_comes_back_soon_is_waited_for() {
    let mut server = tireless_testkit::server::TestServer::start().unwrap();
    server.kill();
    let pushing = tireless().args(["--broker", &server.url(), "push", "q", "x"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(2500));
    server.restart().unwrap();
    let answer = Answer::from(pushing.wait_with_output().unwrap());
    assert!(answer.err.contains("waiting for Redis"), "{answer:?}");
    answer.ok();
}

#[test]
fn what_does_not_pass_is_not_waited_for() {
    let place = Place::new();
    let user = format!("nobody-{}", place.namespace());
    redis(&["ACL", "SETUSER", &user, "reset", "on", ">right"]);
    let port = crate::harness::server().port();
    let start = Instant::now();
    let url = format!("redis://{user}:wrong@127.0.0.1:{port}");
    let said = tireless().args(["--broker", &url, "push", "q", "x"]).output().unwrap();
    assert!(Answer::from(said).failed(1).contains("password"));
    let said = tireless().args(["--broker", "nonsense", "push", "q", "x"]).output().unwrap();
    Answer::from(said).failed(2);
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    redis(&["ACL", "DELUSER", &user]);
}

/// What `push` says to a server without replicas, once it has given up.
fn unconfirmed(place: &Place, args: &[&str], input: &[u8]) -> Answer {
    let asks = ["--json", "push", "q", "--replicas", "2", "--confirm-within", "100ms"];
    finish(&mut place.command(&[&asks[..], args].concat()), input).into()
}

#[test]
fn what_is_stored_and_not_confirmed_is_counted_and_said_so() {
    let place = Place::new();
    let (one, named, many) = std::thread::scope(|scope| {
        let place = &place;
        let one = scope.spawn(|| unconfirmed(place, &["x"], b""));
        let named = scope.spawn(|| unconfirmed(place, &["x", "--id", "order-1"], b""));
        let many = unconfirmed(place, &["--lines", "-"], b"a\nb\nc\n");
        (one.join().unwrap(), named.join().unwrap(), many)
    });
    let told = |answer: &Answer| -> Value {
        let said = answer.err.lines().last().unwrap();
        assert!(said.contains("fewer than 2 replicas had it within 100ms"), "{answer:?}");
        assert!(!said.contains("may or may not") && !said.contains("safe"), "{answer:?}");
        assert_eq!(answer.code, 1, "{answer:?}");
        serde_json::from_str(&answer.out).unwrap()
    };
    for (answer, advice) in [(&one, "makes another task"), (&named, "makes no other task")] {
        let single = told(answer);
        assert_eq!(
            (single["pushed"].as_bool(), single["confirmed"].as_bool()),
            (Some(true), Some(false))
        );
        let id = single["id"].as_str().unwrap();
        assert!(answer.err.contains(id) && answer.err.contains(advice), "{answer:?}");
        assert!(place.ids("q", "ready").iter().any(|ready| ready == id), "{answer:?}");
    }
    assert_eq!(told(&many), serde_json::json!({"queue": "q", "pushed": 3, "confirmed": false}));
    assert!(
        many.err.contains("lines 1 to 3 are stored") && many.err.contains("line 4"),
        "{many:?}"
    );
    assert_eq!(place.count("q", "ready"), 5);
}

#[test]
fn a_server_that_cannot_confirm_has_the_lines_all_the_same() {
    let place = Place::new();
    // The disk is kept out of it by the settings, or by a version that cannot tell.
    let answer = place.feed(&["--json", "push", "q", "--fsync", "--lines", "-"], b"a\nb\n");
    assert!(answer.err.contains("lines 1 to 2 are stored, but not confirmed"), "{answer:?}");
    assert!(answer.out.contains(r#""pushed":2,"confirmed":false"#), "{answer:?}");
    assert_eq!((answer.code, place.count("q", "ready")), (1, 2));
}
