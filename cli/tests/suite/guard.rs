//! Commands end with their worker, whatever ends it.

use crate::harness::{Place, eventually, lives};

#[test]
fn a_killed_worker_takes_its_commands_with_it() {
    let place = Place::new();
    place.run(&["push", "q", "x"]).ok();
    let command = "sleep 600 & echo $$ $! > pids.new; mv pids.new pids; wait";
    let worker = place.start(&["work", "q", "--exec", command]);
    eventually("the command runs", || place.file("pids").exists());
    let pids = place.read("pids");
    worker.kill();
    eventually("all of it is gone", || pids.split_whitespace().all(|pid| !lives(pid)));
}

#[test]
fn a_command_that_ignores_the_polite_signal_ends_too() {
    let place = Place::new();
    place.run(&["push", "q", "x"]).ok();
    let command = "trap '' TERM; echo $$ > pid.new; mv pid.new pid; while :; do sleep 0.1; done";
    let worker = place.start(&["work", "q", "--exec", command]);
    eventually("the command runs", || place.file("pid").exists());
    worker.kill();
    eventually("it is gone", || !lives(&place.read("pid")));
}

#[test]
fn a_killed_workers_task_runs_again_elsewhere() {
    let place = Place::new();
    let id = place.run(&["push", "q", "x"]).ok();
    let command = "echo > begun; sleep 600";
    let worker = place.start(&["work", "q", "--lease", "2s", "--exec", command]);
    eventually("the command runs", || place.file("begun").exists());
    worker.kill();
    let other =
        ["work", "q", "--lease", "2s", "--drain", "--exec", "echo $TIRELESS_TASK_ID >> out"];
    place.run(&other).ok();
    assert_eq!(place.read("out").trim(), id);
}
