//! One queue that cannot be served hides nothing of the others, nor does a moment without a server.

use std::io::{BufRead, BufReader};

use serde_json::Value;
use tireless_testkit::server::TestServer;

use crate::harness::{Place, eventually, redis, tireless};

/// A healthy queue between two that are not.
fn with_ill_queues() -> Place {
    let place = Place::new();
    for queue in ["a-later", "b-well", "c-taken"] {
        place.run(&["push", queue, "x"]).ok();
    }
    redis(&["hset", &place.key("a-later", "queue"), "layout", "99"]);
    redis(&["del", &place.key("c-taken", "tasks")]);
    redis(&["set", &place.key("c-taken", "tasks"), "another program's"]);
    place
}

#[test]
fn ill_queues_are_told_of_beside_the_others() {
    let place = with_ill_queues();
    for command in ["status", "reconcile"] {
        let text = place.run(&[command]);
        assert_eq!(text.code, 1, "{text:?}");
        assert!(text.out.contains(" b-well "), "{text:?}");
        for part in ["error: a-later: ", "later version", "error: c-taken: ", "not a hash"] {
            assert!(text.err.contains(part), "no {part:?} in {text:?}");
        }
        let answer = place.run(&["--json", command]);
        assert_eq!(answer.code, 1, "{answer:?}");
        let told: Value = serde_json::from_str(&answer.out).unwrap();
        let told = told["queues"].as_array().unwrap();
        let ill = |at: usize| told[at]["error"].as_str().unwrap_or_default();
        assert_eq!(told.len(), 3, "{answer:?}");
        assert_eq!(
            (told[0]["queue"].as_str(), told[2]["queue"].as_str()),
            (Some("a-later"), Some("c-taken"))
        );
        assert!(ill(0).contains("later version") && ill(2).contains("not a hash"), "{answer:?}");
        assert_eq!((told[1]["queue"].as_str(), ill(1)), (Some("b-well"), ""), "{answer:?}");
    }
    assert!(place.run(&["status", "c-taken"]).failed(1).contains("not a hash"));
    assert_eq!(place.count("b-well", "ready"), 1);
}

#[test]
fn a_worker_serves_the_others() {
    let place = with_ill_queues();
    let worker = place.start(&["work", "a-later", "b-well", "c-taken", "--exec", "cat"]);
    eventually("it ran", || place.count("b-well", "done") == 1);
    assert_eq!(worker.terminate(), Some(0));
}

#[test]
fn watching_outlives_the_server() {
    let mut server = TestServer::start().unwrap();
    let url = server.url();
    let mut watch = tireless();
    watch.args(["--broker", &url, "--json", "status", "q", "--watch"]);
    let mut watching = watch.spawn().unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    // How many looks there may be before something is to be seen.
    let mut until = |key: &str, is_there: bool| {
        let mut looks = lines.by_ref().take(60).map(|line| line.unwrap());
        let found = looks.any(|line| {
            let line: Value = serde_json::from_str(&line).unwrap();
            line["queues"][0].get(key).is_some() == is_there
        });
        assert!(found, "{key} {is_there}");
    };
    until("ready", true);
    server.kill();
    until("ready", false);
    server.restart().unwrap();
    until("ready", true);
    let pid = rustix::process::Pid::from_child(&watching);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(watching.wait().unwrap().code(), Some(0));
    // The first look has to see something.
    server.kill();
    let mut watch = tireless();
    watch.args(["--broker", &url, "status", "--watch"]);
    assert_eq!(watch.output().unwrap().status.code(), Some(1));
}
