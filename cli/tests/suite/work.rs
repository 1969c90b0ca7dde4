//! `work`: programs in any language as workers.

use std::time::{Duration, Instant};

use crate::harness::{Place, eventually, lives, redis};

#[test]
fn tasks_reach_commands_and_failures_come_back() {
    let place = Place::new();
    let failing = place.run(&["push", "q", "bad", "--id", "mine"]).ok();
    place.run(&["push", "q", "good"]).ok();
    let command = r#"read -r x || :; echo "$x $TIRELESS_QUEUE $TIRELESS_ATTEMPT" >> out
        test "$x" = good || { echo "no luck with $x" >&2; exit 9; }"#;
    let worker = place.start(&["work", "q", "--retry-delay", "1h", "--exec", command]);
    eventually("one is done, one failed", || {
        place.count("q", "done") == 1 && place.count("q", "failed") == 1
    });
    let shown = place.json(&["show", "q", &failing]);
    assert_eq!(shown["own_id"].as_str(), Some("mine"));
    assert_eq!(shown["attempts"].as_u64(), Some(1));
    assert_eq!(shown["failures"][0]["kind"].as_str(), Some("exit 9"));
    assert_eq!(shown["failures"][0]["text"].as_str(), Some("no luck with bad"));
    let text = place.run(&["show", "q", &failing]).ok();
    assert!(text.contains("own id     mine") && text.contains("no luck with bad"), "{text}");
    let workers = place.json(&["workers"]);
    assert_eq!(workers["workers"][0]["queues"][0].as_str(), Some("q"));
    assert_eq!(workers["workers"][0]["pid"].as_u64(), Some(u64::from(worker.0.id())));
    assert_eq!(worker.terminate(), Some(0));
    let mut ran: Vec<_> = place.read("out").lines().map(str::to_owned).collect();
    ran.sort();
    assert_eq!(ran, ["bad q 1", "good q 1"]);
    assert!(place.json(&["workers"])["workers"].as_array().unwrap().is_empty());
}

#[test]
fn a_timeout_ends_the_whole_group_and_is_a_failure() {
    let place = Place::new();
    let id = place.run(&["push", "q", "x"]).ok();
    let command = "sleep 600 & echo $! > child; wait";
    let args = ["work", "q", "--timeout", "500ms", "--retry-delay", "1h", "--exec", command];
    let _worker = place.start(&args);
    eventually("the task failed", || place.count("q", "failed") == 1);
    let shown = place.json(&["show", "q", &id]);
    assert_eq!(shown["failures"][0]["kind"].as_str(), Some("timeout 500ms"));
    eventually("the child is gone", || !lives(&place.read("child")));
}

/// The shell around it dies of the polite signal at once.
#[test]
fn a_program_of_the_group_has_two_seconds_after_a_timeout() {
    let place = Place::new();
    let tidies = "trap 'sleep 0.5; echo > tidied; exit 1' TERM; while :; do sleep 0.05; done";
    std::fs::write(place.file("tidies.sh"), tidies).unwrap();
    place.run(&["push", "q", "x"]).ok();
    let command = "sh tidies.sh; exit $?";
    let args = ["work", "q", "--timeout", "500ms", "--retry-delay", "1h", "--exec", command];
    let _worker = place.start(&args);
    eventually("the task failed", || place.count("q", "failed") == 1);
    assert!(place.file("tidied").exists());
}

#[test]
fn the_longest_durations_of_a_worker_overflow_nothing() {
    let place = Place::new();
    place.run(&["push", "q", "x"]).ok();
    let longest = "18446744073709551615s";
    let args = ["work", "q", "--drain", "--exec", "cat", "--timeout", longest];
    let more = ["--retry-delay", longest, "--shutdown-timeout", longest];
    assert_eq!(place.run(&[&args[..], &more].concat()).ok(), "x");
}

#[test]
fn a_worker_that_stops_waits_for_what_runs() {
    let place = Place::new();
    place.run(&["push", "q", "x"]).ok();
    let worker = place.start(&["work", "q", "--exec", "echo > begun; sleep 1; echo > ended"]);
    eventually("the task runs", || place.file("begun").exists());
    assert_eq!(worker.terminate(), Some(0));
    assert!(place.file("ended").exists());
    assert_eq!(place.count("q", "done"), 1);
}

#[test]
fn a_worker_that_cannot_wait_gives_its_tasks_back_uncharged() {
    let place = Place::new();
    let id = place.run(&["push", "q", "x"]).ok();
    let command = "sleep 600 & echo $! > child.new; mv child.new child; wait";
    let worker = place.start(&["work", "q", "--shutdown-timeout", "300ms", "--exec", command]);
    eventually("the task runs", || place.file("child").exists());
    let start = Instant::now();
    assert_eq!(worker.terminate(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    let shown = place.json(&["show", "q", &id]);
    assert_eq!((shown["state"].as_str(), shown["attempts"].as_u64()), (Some("ready"), Some(0)));
    eventually("the child is gone", || !lives(&place.read("child")));
    let said = place.read("log");
    assert!(said.contains("the shutdown's time is up; what still runs is stopped"), "{said}");
}

#[test]
fn a_second_signal_ends_a_worker_at_once() {
    let place = Place::new();
    place.run(&["push", "q", "x"]).ok();
    let command = "touch started; sleep 600";
    let worker = place.start(&["work", "q", "--shutdown-timeout", "10m", "--exec", command]);
    eventually("the task runs", || place.file("started").exists());
    worker.signal(rustix::process::Signal::INT);
    // Before that it is taken for the first one again.
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(worker.terminate(), Some(0));
    assert_eq!(place.count("q", "ready"), 1);
    let said = place.read("log");
    assert!(said.contains("told to end at once; what still runs is stopped"), "{said}");
    assert!(!said.contains("time is up"), "{said}");
}

/// GNU `timeout` signals its child, then the child's group.
#[test]
fn a_signal_that_comes_twice_is_one() {
    let place = Place::new();
    place.run(&["push", "q", "x"]).ok();
    let worker = place.start(&["work", "q", "--exec", "echo > begun; sleep 3; echo > ended"]);
    eventually("the task runs", || place.file("begun").exists());
    worker.signal(rustix::process::Signal::TERM);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(worker.terminate(), Some(0));
    assert!(place.file("ended").exists());
    assert_eq!(place.count("q", "done"), 1);
}

#[test]
fn raw_bodies_of_other_programs_are_taken_in() {
    let place = Place::new();
    place.run(&["push", "q", "x"]).ok();
    let command = r#"read -r x || :; echo "$x" >> out"#;
    let worker = place.start(&["work", "q", "--inbox", "--exec", command]);
    redis(&["lpush", &place.key("q", "inbox"), "plain"]);
    eventually("both are done", || place.count("q", "done") == 2);
    assert_eq!(worker.terminate(), Some(0));
    assert!(place.read("out").lines().any(|line| line == "plain"));
}

#[test]
fn a_plain_list_is_adopted_as_it_is() {
    let place = Place::new();
    let (list, set) = (format!("{}-list", place.namespace()), format!("{}-set", place.namespace()));
    redis(&["lpush", &list, "good", "bad"]);
    let command = r#"read -r x || :; echo "$x" >> out; test "$x" = good || test -e mended"#;
    let worker = place.start(&[
        "work",
        "--adopt",
        &list,
        "--failed-set",
        &set,
        "--requeue-every",
        "1s",
        "--exec",
        command,
    ]);
    eventually("the failed body is seen", || redis(&["smembers", &set]).trim() == "bad");
    std::fs::write(place.file("mended"), "").unwrap();
    eventually("it went back and is done", || redis(&["smembers", &set]).trim().is_empty());
    redis(&["lpush", &list, "good"]);
    eventually("a plain push is picked up", || place.read("out").matches("good").count() == 2);
    assert_eq!(worker.terminate(), Some(0));
}
