//! `bench`: all its figures, and nothing left behind.

use serde_json::Value;
use tireless_testkit::server::TestServer;

use crate::harness::{Answer, Place, eventually, tireless};

const FIELDS: [&str; 33] = [
    "tasks",
    "body_bytes",
    "batch",
    "producers",
    "concurrency",
    "rounds",
    "push_one_per_s",
    "limit_push_one_per_s",
    "push_64_per_s",
    "limit_push_64_per_s",
    "push_batch_per_s",
    "limit_push_batch_per_s",
    "drain_per_s",
    "steady_per_s",
    "steady_p50_us",
    "steady_p99_us",
    "pickup_p50_us",
    "pickup_p99_us",
    "worker_cpu_us_per_task",
    "server_cpu_us_per_task",
    "commands_per_task",
    "memory_bytes_per_task",
    "limit_pickup_p50_us",
    "limit_pickup_p99_us",
    "ratio_push_one",
    "ratio_push_64",
    "ratio_push_batch",
    "ratio_drain",
    "ratio_pickup_p50",
    "ratio_pickup_p99",
    "ratio_server_cpu",
    "limit_drain_per_s",
    "limit_server_cpu_us_per_task",
];

fn fields(answer: &Value) -> Vec<&str> {
    let mut fields: Vec<_> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    fields
}

fn expected() -> Vec<&'static str> {
    let mut fields = FIELDS.to_vec();
    fields.sort_unstable();
    fields
}

#[test]
fn a_server_is_measured_with_both_clients_and_left_empty() {
    for client in ["redis-rs", "fred"] {
        // Of its own: what other tests do would be in the figures.
        let server = TestServer::start().unwrap();
        let json = |words: &[&str]| -> Value {
            let mut command = tireless();
            command.args(["--broker", &server.url(), "--client", client, "--json"]).args(words);
            let answer = Answer::from(command.output().unwrap()).ok();
            serde_json::from_str(&answer).unwrap()
        };
        let answer = json(&["bench", "--tasks", "3000"]);
        assert_eq!(fields(&answer), expected());
        for field in &FIELDS[..30] {
            assert!(answer[field].as_f64().is_some_and(|value| value > 0.0), "{field}: {answer}");
        }
        assert_eq!(json(&["status"])["queues"].as_array().map(Vec::len), Some(0));
    }
}

#[test]
fn an_interrupted_measurement_leaves_no_queue_behind() {
    for client in ["redis-rs", "fred"] {
        let place = Place::new();
        let mut bench = place.start(&["--client", client, "bench", "--tasks", "1000"]);
        // A pool that holds tasks, or may, has to leave first.
        eventually("a pool serves it", || {
            place.json(&["status"])["queues"][0]["workers"].as_u64() > Some(0)
        });
        bench.signal(rustix::process::Signal::INT);
        assert_eq!(bench.0.wait().unwrap().code(), Some(1), "{}", place.read("log"));
        assert_eq!(place.json(&["status"])["queues"].as_array().map(Vec::len), Some(0));
    }
}

#[test]
fn memory_is_measured_without_a_server() {
    let mut command = tireless();
    command.args(["--broker", "memory://", "--json", "bench", "--tasks", "1500"]);
    let answer = Answer::from(command.output().unwrap()).ok();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(fields(&answer), expected());
    assert!(answer["drain_per_s"].as_f64().is_some_and(|rate| rate > 0.0), "{answer}");
    assert!(answer["server_cpu_us_per_task"].is_null(), "{answer}");
}
