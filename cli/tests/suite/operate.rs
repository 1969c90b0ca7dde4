//! What an operator does, and what is refused.

use crate::harness::{Place, eventually, redis};

/// Two dead tasks in the queue `q`.
fn with_dead() -> Place {
    let place = Place::new();
    for body in ["a", "b"] {
        place.run(&["push", "q", body]).ok();
    }
    place.run(&["work", "q", "--drain", "--retries", "0", "--exec", "false"]).failed(1);
    place
}

#[test]
fn status_has_exactly_the_agreed_fields() {
    let place = Place::new();
    assert_eq!(place.run(&["status"]).ok(), "no queue is in use");
    assert_eq!(place.run(&["--json", "status"]).ok(), r#"{"queues":[]}"#);
    place.run(&["push", "b", "x", "--after", "1h"]).ok();
    place.run(&["push", "a", "x", "--after", "1h"]).ok();
    let line = |queue| {
        format!(r#"{{"queue":"{queue}","ready":0,"running":0,"scheduled":1,"failed":0,"dead":0,"#)
            + r#""done":0,"workers":0,"oldest_ready_ms":null,"paused":false,"suspects":0,"#
            + r#""inbox":0,"kept":0,"dropped":0}"#
    };
    let all = format!(r#"{{"queues":[{},{}]}}"#, line("a"), line("b"));
    assert_eq!(place.run(&["--json", "status"]).ok(), all);
    assert_eq!(
        place.run(&["--json", "status", "b"]).ok(),
        format!(r#"{{"queues":[{}]}}"#, line("b"))
    );
    let text = place.run(&["status"]).ok();
    assert!(text.contains("SCHEDULED") && !text.contains('\u{1b}'), "{text:?}");
    // A queue that does not exist holds nothing.
    assert_eq!(place.count("nowhere", "ready"), 0);
}

#[test]
fn status_tells_programs_all_that_it_tells_people() {
    let place = Place::new();
    place.run(&["push", "q", "x"]).ok();
    place.run(&["pause", "q"]).ok();
    redis(&["lpush", &place.key("q", "inbox"), "plain"]);
    redis(&["hset", &place.key("q", "queue"), "dropped", "7"]);
    let text = place.run(&["status"]).ok();
    assert!(text.contains("paused, 1 in the inbox, 7 dropped"), "{text}");
    let told = place.json(&["status"])["queues"][0].clone();
    assert_eq!(told["paused"].as_bool(), Some(true), "{told}");
    assert_eq!((told["inbox"].as_u64(), told["dropped"].as_u64()), (Some(1), Some(7)), "{told}");
    assert!(told["oldest_ready_ms"].is_u64(), "{told}");
}

#[test]
fn watching_goes_on_until_it_is_interrupted() {
    let place = Place::new();
    let watching = place.command(&["--json", "status", "q", "--watch"]).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(2500));
    let pid = rustix::process::Pid::from_child(&watching);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = watching.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stdout).unwrap().lines().count() >= 2);
}

#[test]
fn listings_come_in_pages() {
    let place = Place::new();
    place.feed(&["push", "q", "--lines", "-"], b"a\nb\nc\n").ok();
    let first = place.json(&["ls", "q", "ready", "--limit", "2"]);
    assert_eq!(first["tasks"].as_array().unwrap().len(), 2);
    let next = first["next"].as_u64().unwrap().to_string();
    let rest = place.json(&["ls", "q", "ready", "--cursor", &next]);
    assert_eq!(rest["tasks"][0]["body"].as_str(), Some("c"));
    assert!(rest["next"].is_null());
    let text = place.run(&["ls", "q", "ready", "--limit", "2"]);
    assert!(text.err.contains(&format!("--cursor {next}")), "{text:?}");
}

#[test]
fn dead_tasks_get_another_chance() {
    let place = with_dead();
    let dead = place.ids("q", "dead");
    assert_eq!(place.run(&["requeue", "q", &dead[0]]).ok(), "requeued 1 task of q");
    assert_eq!(place.ids("q", "ready"), [dead[0].clone()]);
    let said = place.run(&["requeue", "q", &dead[0]]).failed(1);
    assert!(said.contains(&format!("left alone: {}", dead[0])), "{said}");
    let answer = place.run(&["--json", "requeue", "q", &dead[0], &dead[0]]);
    let left = format!(r#"{{"queue":"q","requeued":0,"left":["{}"]}}"#, dead[0]);
    assert_eq!((answer.code, answer.out.trim_end()), (1, left.as_str()), "{answer:?}");
    let said = place.run(&["requeue", "q", "--dead"]).failed(2);
    assert!(said.contains("--yes"), "{said}");
    let answer = place.json(&["requeue", "q", "--dead", "--yes"]);
    assert_eq!(answer, serde_json::json!({"queue": "q", "requeued": 1, "left": []}));
    assert_eq!((place.count("q", "ready"), place.count("q", "dead")), (2, 0));
    assert_eq!(place.json(&["requeue", "q", "--failed", "--yes"])["requeued"].as_u64(), Some(0));
}

#[test]
fn tasks_are_removed_by_name_or_by_state() {
    let place = with_dead();
    let dead = place.ids("q", "dead");
    assert_eq!(place.run(&["rm", "q", &dead[0], &dead[0]]).ok(), format!("removed {}", dead[0]));
    let answer = place.run(&["--json", "rm", "q", &dead[0], &dead[1]]);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(answer.out.contains(&format!(r#""missing":["{}"]"#, dead[0])), "{answer:?}");
    place.feed(&["push", "q", "--lines", "-"], "x\n".repeat(2100).as_bytes()).ok();
    assert!(place.run(&["purge", "q", "ready"]).failed(2).contains("--yes"));
    assert_eq!(place.count("q", "ready"), 2100);
    assert_eq!(place.json(&["purge", "q", "ready", "--yes"])["removed"].as_u64(), Some(2100));
    assert_eq!(place.count("q", "ready"), 0);
}

#[test]
fn a_running_task_is_not_removed() {
    let place = Place::new();
    let id = place.run(&["push", "q", "x"]).ok();
    let _worker = place.start(&["work", "q", "--exec", "sleep 600"]);
    eventually("it runs", || place.count("q", "running") == 1);
    assert!(place.run(&["rm", "q", &id]).failed(1).contains("is running"));
    assert!(place.run(&["purge", "q", "running", "--yes"]).failed(2).contains("stop the workers"));
    assert_eq!(place.json(&["show", "q", &id])["state"].as_str(), Some("running"));
}

#[test]
fn what_does_not_exist_is_said_so() {
    let place = Place::new();
    let id = tireless::TaskId::new().to_string();
    assert!(place.run(&["show", "q", &id]).failed(1).contains("has no task"));
    assert!(place.run(&["rm", "q", &id]).failed(1).contains("has no task"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    place.feed(&["push", "q", "--lines", "-"], "x\n".repeat(5000).as_bytes()).ok();
    let mut listing =
        place.command(&["--json", "ls", "q", "ready", "--limit", "5000"]).spawn().unwrap();
    drop(listing.stdout.take());
    assert_eq!(listing.wait().unwrap().code(), Some(0));
}

#[test]
fn what_was_damaged_is_mended() {
    let place = Place::new();
    place.feed(&["push", "q", "--lines", "-"], b"a\nb\nc\n").ok();
    let healthy = place.json(&["reconcile"]);
    assert_eq!(healthy["queues"][0]["mended"].as_u64(), Some(0), "{healthy}");
    redis(&["LTRIM", &place.key("q", "ready"), "1", "-1"]);
    let mended = place.json(&["reconcile", "q"]);
    assert_eq!(
        (mended["queues"][0]["lost"].as_u64(), mended["queues"][0]["mended"].as_u64()),
        (Some(1), Some(1))
    );
    let text = place.run(&["reconcile", "q"]).ok();
    assert!(text.contains("LEFTOVERS") && text.contains(" q "), "{text}");
    assert_eq!(place.count("q", "ready"), 3);
    assert_eq!(place.ids("q", "ready").len(), 3);
}

#[test]
fn what_is_done_is_said_not_to_be_kept() {
    let place = Place::new();
    place.run(&["push", "q", "x"]).ok();
    place.run(&["work", "q", "--drain", "--exec", "true"]).ok();
    let answer = place.run(&["ls", "q", "done"]);
    assert!(answer.err.contains("keeps no done tasks"), "{answer:?}");
    assert_eq!(answer.ok(), "");
}
