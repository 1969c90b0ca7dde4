//! What is wrong is said, with what to do, and with the right exit code.

use crate::harness::{Answer, Place, redis, server, tireless};

fn run(args: &[&str]) -> Answer {
    tireless().args(args).output().unwrap().into()
}

/// A task's id, of no task.
const ID: &str = "01a202743ae570abb80824fb2750e469";

#[test]
fn wrong_usage_is_2() {
    let cases: &[(&[&str], &str)] = &[
        (&[], "Usage"),
        (&["frob"], "unrecognized subcommand"),
        (&["status", "--frob"], "unexpected argument"),
        (&["push", "a b", "x"], "allowed are A-Z"),
        (&["push", "", "x"], "is empty"),
        (&["push", "q", "x", "--after", "5"], "for example"),
        (&["push", "q", "x", "--at", "tomorrow"], "RFC 3339"),
        (&["push", "q", "x", "--id", ""], "own id"),
        (&["push", "q", "x", "--replicas", "1", "--confirm-within", "0s"], "longer than zero"),
        (&["push", "q", "x", "--fsync", "--confirm-within", "25h"], "a day at most"),
        (&["push", "q", "x", "--lines", "-"], "cannot be used"),
        (&["work", "--exec", "true"], "required"),
        (&["work", "q"], "--exec"),
        (&["work", "q", "--exec", "true", "--concurrency", "0"], "1 or more"),
        (&["run", "--exec", "true", "--concurrency", "0"], "1 or more"),
        (&["purge", "q", "all"], "there are ready, scheduled, failed, dead and done"),
        (&["work", "q", "--exec", "true", "--lease", "1ms"], "1s to 300s"),
        (&["work", "q", "--exec", "true", "--health", "9090"], "127.0.0.1:9090"),
        (&["work", "q", "--exec", "true", "--health", "localhost:9090"], "127.0.0.1:9090"),
        (&["work", "q", "--exec", "true", "--health", "127.0.0.1:99999"], "127.0.0.1:9090"),
        (&["work", "q", "--exec", "true", "--health", "0.0.0.0:9090"], "--health-public"),
        (&["work", "q", "--exec", "true", "--health", "[::]:9090"], "--health-public"),
        (&["work", "q", "--exec", "true", "--health-public"], "--health"),
        (&["work", "--adopt", "l", "--exec", "true"], "--failed-set"),
        (&["work", "--adopt", "l", "--failed-set", "l", "--exec", "true"], "same key"),
        (
            &["work", "--adopt", "l", "--failed-set", "s", "--exec", "true", "--retry-delay", "1s"],
            "--retry-delay",
        ),
        (&["ls", "q", "lost"], "there are ready"),
        (&["show", "q", "1"], "hexadecimal"),
        (&["show", "q"], "--id"),
        (&["show", "q", ID, "--id", "x"], "cannot be used"),
        (&["show", "q", "--id", "x", "--id", "y"], "multiple times"),
        (&["rm", "q"], "--id"),
        (&["requeue", "q"], "--dead"),
        (&["requeue", "q", "--id", "x", "--dead"], "cannot be used"),
        (&["requeue", "q", "--failed", "--id", "x"], "cannot be used"),
        (&["bench", "--batch", "1001"], "1..=1000"),
        (&["--namespace", "a b", "status"], "allowed are"),
        (&["--broker", "http://x", "status"], "redis://"),
        (&["--broker", "nonsense", "status"], "redis://"),
        (&["--broker", "memory://", "status"], "bench"),
        (&["--broker", "memory://", "work", "q", "--exec", "true"], "bench"),
        (&["run", "--exec", ""], "needs a command"),
    ];
    for (args, expected) in cases {
        let said = run(args).failed(2);
        assert!(said.contains(expected), "{args:?}: {said}");
    }
}

#[test]
fn a_server_that_is_not_there_is_1_and_says_where() {
    for client in ["redis-rs", "fred"] {
        let said =
            run(&["--broker", "redis://127.0.0.1:1", "--client", client, "status"]).failed(1);
        assert!(said.contains("127.0.0.1:1"), "{said}");
    }
}

#[test]
fn a_server_that_is_no_sentinel_is_wrong_usage() {
    let url = server().url().replace("redis://", "redis-sentinel://") + "/main";
    for client in ["redis-rs", "fred"] {
        let said = run(&["--broker", &url, "--client", client, "status"]).failed(2);
        for part in ["is no sentinel", "26379", "redis://"] {
            assert!(said.contains(part), "{said}");
        }
    }
}

#[test]
fn a_key_of_another_type_is_1_and_nothing_is_changed() {
    let place = Place::new();
    place.run(&["push", "q", "x"]).ok();
    let ready = place.key("q", "ready");
    redis(&["rename", &ready, &format!("{ready}.away")]);
    redis(&["set", &ready, "another program's"]);
    let said = place.run(&["push", "q", "y"]).failed(1);
    assert!(said.contains("error: push: "), "{said}");
    assert!(
        place.feed(&["push", "q", "--lines", "-"], b"y\nz\n").failed(1).contains("lines 1 to 2")
    );
    redis(&["rename", &format!("{ready}.away"), &ready]);
    assert_eq!(place.count("q", "ready"), 1);
}

#[test]
fn what_cannot_be_adopted_is_told_and_left_to_its_owner() {
    let place = Place::new();
    let [set, list] = ["set", "list"].map(|name| format!("{}-{name}", place.namespace()));
    redis(&["sadd", &set, "ours"]);
    redis(&["lpush", &list, "ours"]);
    for (adopted, failed_set, expected) in [
        (&*set, "none", format!("{set:?} is a set, so nothing was done: what is adopted")),
        ("none", &*list, format!("{list:?} is a list, so nothing was done: the failed set")),
    ] {
        let keys = ["--adopt", adopted, "--failed-set", failed_set];
        // A set of another type shows once the pool has started, and stops no worker.
        let said = place.run(&[&["work", "--drain", "--exec", "true"], &keys[..]].concat()).err;
        assert!(said.contains(&expected) && !said.contains("delete"), "{said}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let said = Place::new().run(&["push", "q", "--lines", "no-such-file"]).failed(1);
    assert!(said.contains("no-such-file"), "{said}");
}

#[test]
fn usage_is_the_same_with_a_broker_in_the_environment() {
    for args in [&["push"][..], &["work", "q"], &["requeue", "q"], &[], &["frob"]] {
        let with = tireless().env("TIRELESS_BROKER", "redis://h").args(args).output().unwrap();
        let (with, without) = (Answer::from(with), run(args));
        assert_eq!(with.failed(2), without.failed(2), "{args:?}");
    }
}

#[test]
fn what_is_hidden_is_not_listed() {
    for args in [&[][..], &["--json"]] {
        let said = run(args).failed(2);
        assert!(said.contains("reconcile") && !said.contains("__guard"), "{said}");
        assert!(!said.contains("***"), "{said}");
    }
}

#[test]
fn help_and_version_are_results() {
    let help = run(&["--help"]).ok();
    assert!(help.contains("TIRELESS_PASSWORD_FILE") && !help.contains("__guard"), "{help}");
    let help = run(&["work", "--help"]).ok();
    assert!(help.contains("except with --adopt"), "{help}");
    assert!(run(&["--version"]).ok().starts_with("tireless "));
}
