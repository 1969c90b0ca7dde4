//! Signals that end a command, and what it says then.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tireless_testkit::server::TestServer;

use crate::harness::{Place, Running, eventually};

#[test]
fn a_push_of_lines_that_is_interrupted_says_where_to_go_on() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        if signal == Signal::HUP && !hangup_is_told() {
            continue;
        }
        let place = Place::new();
        let args = ["--json", "push", "q", "--lines", "-"];
        let mut child = place.command(&args).stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(b"a\nb\n").unwrap();
        let mut running = Running(child);
        eventually("both are there", || place.count("q", "ready") == 2);
        running.signal(signal);
        eventually("it ended", || running.0.try_wait().unwrap().is_some());
        let (mut out, mut err) = (String::new(), String::new());
        std::io::Read::read_to_string(&mut running.0.stdout.take().unwrap(), &mut out).unwrap();
        std::io::Read::read_to_string(&mut running.0.stderr.take().unwrap(), &mut err).unwrap();
        assert_eq!(running.0.wait().unwrap().code(), Some(1), "{err}");
        assert!(err.contains("go on from line 3") && err.contains("2 tasks"), "{err}");
        assert!(out.contains(r#""pushed":2"#), "{out}");
        drop(input);
    }
}

#[test]
fn a_call_under_way_is_not_waited_for_long() {
    let server = TestServer::start().unwrap();
    let place = Place::new();
    let mut command = place.command(&["push", "q", "--lines", "-", "--broker", &server.url()]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut running = Running(child);
    input.write_all(b"a\n").unwrap();
    eventually("the first one is there", || {
        let listed = place.run(&["ls", "q", "ready", "--broker", &server.url()]);
        listed.out.lines().count() == 2
    });
    server.stop().unwrap();
    input.write_all(b"b\n").unwrap();
    std::thread::sleep(Duration::from_millis(500));
    running.signal(Signal::INT);
    let told = Instant::now();
    eventually("it ended", || running.0.try_wait().unwrap().is_some());
    assert!(told.elapsed() < Duration::from_secs(5), "{:?}", told.elapsed());
    server.cont().unwrap();
    let mut err = String::new();
    std::io::Read::read_to_string(&mut running.0.stderr.take().unwrap(), &mut err).unwrap();
    assert!(err.contains("lines 2 to 2 may or may not have been pushed"), "{err}");
    assert!(err.contains("before it: 1 task"), "{err}");
}

/// Not so where the tests themselves run under `nohup`, and not yet so on all systems.
fn hangup_is_told() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 0)
}

const SLOW: &str = "echo > begun; sleep 1; echo > ended";

#[test]
fn a_terminal_that_is_closed_stops_a_worker_in_good_order() {
    if !hangup_is_told() {
        return;
    }
    let place = Place::new();
    place.run(&["push", "q", "x"]).ok();
    let mut worker = place.start(&["work", "q", "--exec", SLOW]);
    eventually("the task runs", || place.file("begun").exists());
    worker.signal(Signal::HUP);
    assert_eq!(worker.0.wait().unwrap().code(), Some(0));
    assert_eq!((place.file("ended").exists(), place.count("q", "done")), (true, 1));
}

#[test]
#[cfg(target_os = "linux")]
fn a_worker_under_nohup_outlives_its_terminal() {
    let place = Place::new();
    let plain = place.command(&["work", "q", "--exec", SLOW]);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(plain.get_program());
    command.args(plain.get_args()).current_dir(place.file(""));
    let worker = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    eventually("it works", || !place.json(&["workers"])["workers"].as_array().unwrap().is_empty());
    worker.signal(Signal::HUP);
    place.run(&["push", "q", "x"]).ok();
    eventually("the task is done", || place.count("q", "done") == 1);
    assert_eq!(worker.terminate(), Some(0));
}
