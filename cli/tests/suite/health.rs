//! `work --health`: what a supervisor is told, by HTTP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tireless_testkit::server::TestServer;

use crate::harness::{Place, Running, eventually, server};

/// How soon a worker has to notice that its server is away.
const NOTICED: Duration = Duration::from_secs(10);

/// Sends bytes and reads until the end: the status and the body.
fn send(address: SocketAddr, request: &[u8]) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

fn get(address: SocketAddr, path: &str) -> Option<(u16, Value)> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let (status, body) = send(address, request.as_bytes())?;
    Some((status, serde_json::from_str(&body).unwrap()))
}

fn status(address: SocketAddr, path: &str) -> u16 {
    get(address, path).map_or(0, |(status, _)| status)
}

/// A worker with an endpoint on a port of the system's choice, which it logs.
fn start(place: &Place, url: &str, exec: &str) -> (Running, SocketAddr) {
    let log = std::fs::File::create(place.file("log")).unwrap();
    let mut command = place.command(&["work", "q", "--exec", exec, "--health", "127.0.0.1:0"]);
    command.args(["--broker", url]).stdout(Stdio::null()).stderr(log);
    let worker = Running(command.spawn().unwrap());
    let mut address = None;
    eventually("the endpoint is there", || {
        let log = place.read("log");
        let line = log.lines().find(|line| line.contains("health is told"));
        let mut words = line.unwrap_or_default().split_whitespace();
        address = words.find_map(|word| word.strip_prefix("address=")?.parse().ok());
        address.is_some()
    });
    (worker, address.unwrap())
}

#[test]
fn a_worker_is_live_and_ready_with_tasks_and_without_and_paused() {
    let place = Place::new();
    let (worker, address) = start(&place, &server().url(), "true");
    eventually("it is ready", || status(address, "/ready") == 200);
    assert_eq!(status(address, "/live"), 200);
    place.run(&["push", "q", "x"]).ok();
    eventually("the task is done", || place.count("q", "done") == 1);
    place.run(&["pause", "q"]).ok();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(12) {
        let (code, body) = get(address, "/ready").unwrap();
        assert_eq!(code, 200, "{body}");
        std::thread::sleep(Duration::from_millis(500));
    }
    let (_, body) = get(address, "/ready").unwrap();
    let loops: Vec<_> = body["loops"].as_array().unwrap().iter().collect();
    let names: Vec<_> = loops.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["claimer", "bell", "heartbeat", "scheduler", "settler"]);
    assert_eq!(loops[4]["queue"].as_str(), Some("q"));
    assert!(loops.iter().all(|one| one["state"] == "well"), "{body}");
    assert_eq!(worker.terminate(), Some(0));
    assert!(TcpStream::connect(address).is_err(), "it ends with the worker");
}

#[test]
fn a_frozen_server_turns_ready_red_in_time_and_leaves_live_green() {
    let server = TestServer::start().unwrap();
    let place = Place::new();
    let (worker, address) = start(&place, &server.url(), "true");
    eventually("it is ready", || status(address, "/ready") == 200);
    for _ in 0..2 {
        server.stop().unwrap();
        let frozen = Instant::now();
        while status(address, "/ready") == 200 {
            assert!(frozen.elapsed() < NOTICED, "not noticed in {NOTICED:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        // Longer than any call's patience: it is still the store that is away, not the worker.
        while frozen.elapsed() < Duration::from_secs(20) {
            assert_eq!(status(address, "/live"), 200);
            assert_eq!(status(address, "/ready"), 503);
            std::thread::sleep(Duration::from_millis(500));
        }
        let (_, body) = get(address, "/ready").unwrap();
        assert_eq!(body["store_answers"].as_bool(), Some(false), "{body}");
        server.cont().unwrap();
        eventually("it is ready again", || status(address, "/ready") == 200);
    }
    assert_eq!(worker.terminate(), Some(0));
}

#[test]
fn a_worker_that_stops_is_live_and_not_ready() {
    let place = Place::new();
    place.run(&["push", "q", "x"]).ok();
    let exec = "echo > begun; while ! test -e go; do sleep 0.1; done";
    let (worker, address) = start(&place, &server().url(), exec);
    eventually("the task runs", || place.file("begun").exists());
    eventually("it is ready", || status(address, "/ready") == 200);
    let ended = std::thread::spawn(move || worker.terminate());
    eventually("it is not ready any more", || status(address, "/ready") == 503);
    let (code, body) = get(address, "/live").unwrap();
    assert_eq!((code, body["stopping"].as_bool()), (200, Some(true)), "{body}");
    std::fs::write(place.file("go"), "").unwrap();
    assert_eq!(ended.join().unwrap(), Some(0));
    assert_eq!(place.count("q", "done"), 1);
}

#[test]
fn clients_that_misbehave_are_answered_or_left_and_keep_nobody_from_the_answer() {
    let place = Place::new();
    let (worker, address) = start(&place, &server().url(), "true");
    for (request, expected) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], 404),
        (b"POST /live HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 404),
        (b"\xff\xfe\r\n\r\n", 400),
        (&[b'x'; 4096], 400),
    ] {
        assert_eq!(send(address, request).unwrap().0, expected, "{request:?}");
    }
    // More than are served at a time, all of them silent.
    let start = Instant::now();
    let mut silent: Vec<_> = (0..40).map(|_| TcpStream::connect(address).unwrap()).collect();
    assert_eq!(status(address, "/live"), 200);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    for stream in &mut silent {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // Closed, in one way or the other.
        assert!(!matches!(stream.read(&mut [0; 1]), Ok(1..)), "nothing was asked");
    }
    assert_eq!(worker.terminate(), Some(0));
}

#[test]
fn a_port_that_is_taken_is_1_and_named() {
    let place = Place::new();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = place.run(&["work", "q", "--exec", "true", "--health", &address]).failed(1);
    assert!(said.contains(&address) && said.contains("another program"), "{said}");
}

#[test]
fn an_address_for_all_is_served_when_that_is_meant() {
    let place = Place::new();
    let args = ["work", "q", "--exec", "true", "--drain", "--health", "0.0.0.0:0"];
    place.run(&[&args[..], &["--health-public"]].concat()).ok();
    assert!(place.run(&args).failed(2).contains("--health-public"));
}
