//! Short ways to start servers, send commands and read answers.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tireless_core::{Error, ErrorKind};
use tireless_redis_broker::address::Address;
use tireless_redis_broker::client::{ClientError, Command, RedisClient};
use tireless_redis_broker::link::Link;
use tireless_redis_broker::linked::LinkedClient;
use tireless_redis_broker::reply::Reply;
use tireless_testkit::server::TestServer;

pub(crate) type Answer = Result<Reply, ClientError>;

/// A missing server fails the test.
pub(crate) fn server() -> TestServer {
    TestServer::start().expect("a private server")
}

pub(crate) fn server_with(args: &[&str]) -> TestServer {
    TestServer::with_args(args.iter().copied()).expect("a private server")
}

pub(crate) async fn connect<L: Link>(url: &str) -> LinkedClient<L> {
    let address = Address::parse(url).expect("an address");
    LinkedClient::connect(&address).await.expect("a connection")
}

/// Connects in vain, in time, and gives the error.
pub(crate) async fn refused<L: Link>(url: &str, kind: ErrorKind, parts: &[&str]) -> Error {
    let address = Address::parse(url).expect("an address");
    let begin = Instant::now();
    let error = LinkedClient::<L>::connect(&address).await.expect_err("no connection");
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert_eq!(error.kind(), kind, "{error}");
    for part in parts {
        assert!(error.to_string().contains(part), "no {part:?} in: {error}");
    }
    error
}

pub(crate) fn command(words: &[&str]) -> Command {
    let words = words.iter().map(|word| Bytes::copy_from_slice(word.as_bytes())).collect();
    Command::anywhere(words)
}

/// Sends one command over a connection that nothing else uses.
pub(crate) async fn block<L: Link>(
    client: &LinkedClient<L>,
    words: &[&str],
    hold: Duration,
) -> Answer {
    let mut answers = client.block(vec![command(words)], hold).await;
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

pub(crate) async fn try_ask<L: Link>(client: &LinkedClient<L>, words: &[&str]) -> Answer {
    let mut answers = client.send(vec![command(words)]).await;
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

pub(crate) async fn ask<L: Link>(client: &LinkedClient<L>, words: &[&str]) -> Reply {
    try_ask(client, words).await.unwrap_or_else(|error| panic!("{words:?}: {error:?}"))
}

pub(crate) async fn ask_text<L: Link>(client: &LinkedClient<L>, words: &[&str]) -> String {
    match ask(client, words).await {
        Reply::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        other => panic!("{words:?}: {other:?}"),
    }
}

pub(crate) fn text(text: &str) -> Reply {
    Reply::Bytes(Bytes::copy_from_slice(text.as_bytes()))
}

/// One number of `INFO`.
pub(crate) async fn info<L: Link>(client: &LinkedClient<L>, name: &str) -> u64 {
    let info = ask_text(client, &["INFO"]).await;
    let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|number| number.trim().parse().ok()).expect(name)
}

/// Waits up to ten seconds until a number of `INFO` is this one.
pub(crate) async fn until_info<L: Link>(client: &LinkedClient<L>, name: &str, wanted: u64) {
    let begin = Instant::now();
    loop {
        let found = info(client, name).await;
        if found == wanted {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "{name} is {found}, not {wanted}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
