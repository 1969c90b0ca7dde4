//! Each strike and each hole, seen by a client that speaks plain bytes.

use std::time::{Duration, Instant};

use tireless_testkit::server::TestServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Connections, Proxy, Strike, Way};

const QUIET: Duration = Duration::from_millis(200);
const SOON: Duration = Duration::from_secs(10);

struct Caller(TcpStream);

impl Caller {
    async fn new(proxy: &Proxy) -> Self {
        Self(TcpStream::connect(proxy.url().trim_start_matches("redis://")).await.unwrap())
    }

    async fn ask(&mut self, words: &[&str]) {
        let mut frame = format!("*{}\r\n", words.len());
        for word in words {
            frame.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.0.write_all(frame.as_bytes()).await.unwrap();
    }

    /// Exactly these bytes come.
    async fn hears(&mut self, expected: &str) {
        let mut heard = vec![0; expected.len()];
        timeout(SOON, self.0.read_exact(&mut heard)).await.expect("in time").unwrap();
        assert_eq!(String::from_utf8_lossy(&heard), expected);
    }

    async fn hears_nothing(&mut self) {
        let heard = timeout(QUIET, self.0.read(&mut [0; 64])).await;
        assert!(heard.is_err(), "{heard:?}");
    }

    /// What still comes before the end of the connection.
    async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let _reset = timeout(SOON, self.0.read_to_end(&mut rest)).await.expect("in time");
        String::from_utf8(rest).unwrap()
    }
}

async fn scene() -> (TestServer, Proxy, Caller) {
    let server = TestServer::start().expect("a server");
    let proxy = Proxy::to(server.port()).await;
    let caller = Caller::new(&proxy).await;
    (server, proxy, caller)
}

#[tokio::test]
async fn what_is_not_struck_passes() {
    let (_server, proxy, mut caller) = scene().await;
    caller.ask(&["HELLO", "3"]).await;
    let mut greeting = [0; 4];
    caller.0.read_exact(&mut greeting).await.unwrap();
    assert!(greeting.starts_with(b"%"), "{greeting:?}");
    let mut other = Caller::new(&proxy).await;
    for word in ["a", "", "b"] {
        other.ask(&["ECHO", word]).await;
    }
    other.hears("$1\r\na\r\n$0\r\n\r\n$1\r\nb\r\n").await;
    assert_eq!(proxy.strikes().seen()["echo"], 3);
    assert_eq!(proxy.accepted(), 2);
}

#[tokio::test]
async fn a_hole_swallows_all_that_follows() {
    let (_server, proxy, mut caller) = scene().await;
    proxy.strikes().nth("incr", 1, Strike::Hole);
    for _ in 0..3 {
        caller.ask(&["INCR", "n"]).await;
    }
    caller.hears(":1\r\n").await;
    caller.hears_nothing().await;
    let mut other = Caller::new(&proxy).await;
    other.ask(&["GET", "n"]).await;
    other.hears("$1\r\n3\r\n").await;
}

#[tokio::test]
async fn a_skipped_reply_leaves_its_place_to_the_next() {
    let (_server, proxy, mut caller) = scene().await;
    proxy.strikes().next("echo", Strike::Skip);
    caller.ask(&["ECHO", "a"]).await;
    caller.ask(&["ECHO", "b"]).await;
    caller.hears("$1\r\nb\r\n").await;
}

#[tokio::test]
async fn a_cut_ends_within_the_reply() {
    for (thousandths, part) in [(0, ""), (500, "$5\r\nh"), (1_000, "$5\r\nhello\r")] {
        let (_server, proxy, mut caller) = scene().await;
        proxy.strikes().next("echo", Strike::Cut(thousandths));
        caller.ask(&["ECHO", "hello"]).await;
        assert_eq!(caller.rest().await, part);
    }
}

#[tokio::test]
async fn a_cut_before_keeps_the_command_from_the_server() {
    let (_server, proxy, mut caller) = scene().await;
    proxy.strikes().next("incr", Strike::CutBefore);
    caller.ask(&["INCR", "n"]).await;
    assert_eq!(caller.rest().await, "");
    let mut other = Caller::new(&proxy).await;
    other.ask(&["INCR", "n"]).await;
    other.hears(":1\r\n").await;
}

#[tokio::test]
async fn a_delay_holds_up_what_follows_too() {
    let (_server, proxy, mut caller) = scene().await;
    proxy.strikes().next("echo", Strike::Delay(QUIET * 2));
    let begin = Instant::now();
    caller.ask(&["ECHO", "a"]).await;
    caller.ask(&["ECHO", "b"]).await;
    caller.hears("$1\r\na\r\n$1\r\nb\r\n").await;
    assert!(begin.elapsed() >= QUIET * 2, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_repeated_command_has_one_reply() {
    for (strike, reply) in [(Strike::Repeat, ":1\r\n"), (Strike::Resend, ":2\r\n")] {
        let (_server, proxy, mut caller) = scene().await;
        proxy.strikes().next("incr", strike);
        caller.ask(&["INCR", "n"]).await;
        caller.hears(reply).await;
        caller.ask(&["INCR", "n"]).await;
        caller.hears(":3\r\n").await;
    }
}

#[tokio::test]
async fn a_black_hole_keeps_what_was_sent() {
    let (_server, proxy, mut caller) = scene().await;
    proxy.black_hole(Way::Both);
    caller.ask(&["INCR", "n"]).await;
    caller.hears_nothing().await;
    proxy.heal(Connections::Kept);
    caller.hears(":1\r\n").await;
}

#[tokio::test]
async fn a_forgotten_connection_stays_silent() {
    let (_server, proxy, mut caller) = scene().await;
    caller.ask(&["ECHO", "a"]).await;
    caller.hears("$1\r\na\r\n").await;
    proxy.black_hole(Way::Both);
    caller.ask(&["INCR", "n"]).await;
    proxy.heal(Connections::Forgotten);
    caller.hears_nothing().await;
    let mut other = Caller::new(&proxy).await;
    other.ask(&["INCR", "n"]).await;
    other.hears(":1\r\n").await;
}

#[tokio::test]
async fn a_hole_one_way_lets_the_other_pass() {
    let (_server, proxy, mut caller) = scene().await;
    let mut other = Caller::new(&proxy).await;
    proxy.black_hole(Way::Answers);
    caller.ask(&["INCR", "n"]).await;
    caller.hears_nothing().await;
    proxy.heal(Connections::Forgotten);
    let mut third = Caller::new(&proxy).await;
    third.ask(&["GET", "n"]).await;
    third.hears("$1\r\n1\r\n").await;
    proxy.black_hole(Way::Asks);
    other.ask(&["INCR", "n"]).await;
    proxy.close_all();
    assert_eq!(other.rest().await, "");
}
