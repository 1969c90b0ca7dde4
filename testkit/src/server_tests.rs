//! Tests of the private server. They need a server binary and fail without one.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::place::{answers, find_on};
use super::{TestServer, URL_VARIABLE, shared_url};

fn call(server: &TestServer, command: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port()))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(format!("{command}\r\n").as_bytes())?;
    let mut reply = vec![0; 1024];
    let length = stream.read(&mut reply)?;
    reply.truncate(length);
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

fn alive(pid: u32) -> bool {
    Command::new("kill")
        .args(["-0", &pid.to_string()])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[test]
fn starts_answers_and_leaves_nothing() {
    let server = TestServer::start().unwrap();
    assert_ne!(server.port(), 6379);
    assert!(server.url().starts_with("redis://127.0.0.1:"));
    assert_eq!(call(&server, "PING").unwrap(), "+PONG\r\n");
    let (pid, dir) = (server.pid().unwrap(), server.dir.clone());
    drop(server);
    assert!(!alive(pid));
    assert!(!dir.exists());
}

#[test]
fn servers_do_not_share_ports() {
    let servers: Vec<_> = (0..4).map(|_| TestServer::start().unwrap()).collect();
    let mut ports: Vec<_> = servers.iter().map(TestServer::port).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 4);
}

#[test]
fn an_append_only_server_finds_its_data_again() {
    let mut server = TestServer::builder().append_only().start().unwrap();
    let port = server.port();
    assert_eq!(call(&server, "SET key value").unwrap(), "+OK\r\n");
    server.kill();
    assert!(call(&server, "PING").is_err());
    assert!(server.stop().is_err(), "nothing to stop");
    server.restart().unwrap();
    assert_eq!(server.port(), port);
    assert_eq!(call(&server, "GET key").unwrap(), "$5\r\nvalue\r\n");
}

#[test]
fn a_stopped_server_answers_again_after_cont() {
    let server = TestServer::start().unwrap();
    server.stop().unwrap();
    assert!(!answers(&server.socket()));
    server.cont().unwrap();
    assert!(answers(&server.socket()));
}

#[test]
fn arguments_and_the_socket_are_passed_on() {
    let server = TestServer::with_args(["--requirepass", "secret"]).unwrap();
    assert!(call(&server, "PING").unwrap().starts_with("-NOAUTH"));
    let server = TestServer::builder().unix_socket().start().unwrap();
    assert_eq!(server.port(), 0);
    assert!(server.url().starts_with("redis+unix:///"));
    assert!(answers(&server.socket()));
}

#[test]
fn a_bad_argument_is_an_error() {
    let error = TestServer::with_args(["--no-such-directive", "1"]).unwrap_err();
    assert!(error.to_string().contains("ended"), "{error}");
    let error = TestServer::builder().binary("/no/such/server").start().unwrap_err();
    assert!(error.to_string().contains("/no/such/server"), "{error}");
}

#[test]
fn the_guard_kills_when_its_pipe_closes() {
    let mut server = TestServer::start().unwrap();
    let (pid, dir) = (server.pid().unwrap(), server.dir.clone());
    // What the end of the test process does: the pipe closes and nobody kills the guard.
    let mut guard = server.guard.take().unwrap();
    drop(guard.0.stdin.take());
    guard.0.wait().unwrap();
    server.child.take().unwrap().wait().unwrap();
    assert!(!alive(pid));
    assert!(!dir.exists());
}

#[test]
fn a_process_shares_one_server() {
    let url = shared_url().unwrap();
    assert_eq!(shared_url().unwrap(), url);
    let given = std::env::var(URL_VARIABLE).is_ok_and(|url| !url.is_empty());
    assert!(given || url.starts_with("redis://127.0.0.1:"), "{url}");
}

#[test]
fn no_binary_on_an_empty_path() {
    assert_eq!(find_on(OsStr::new("/nonexistent")), None);
}
