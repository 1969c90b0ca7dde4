//! Commands that the server holds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tireless_redis_broker::client::ClientError;
use tireless_redis_broker::link::Link;
use tireless_redis_broker::reply::Reply;

use super::tools::{ask, block, connect, info, server, text, until_info};

const TENTH: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(30);

pub(crate) async fn a_wait_that_ends_is_nil_and_its_connection_is_used_again<L: Link>() {
    let server = server();
    let client = connect::<L>(&server.url()).await;
    let before = info(&client, "total_connections_received").await;
    for _ in 0..5 {
        let begin = Instant::now();
        let answer = block(&client, &["BLPOP", "l", "0.1"], TENTH).await;
        assert_eq!(answer.unwrap(), Reply::Nil);
        assert!(begin.elapsed() >= Duration::from_millis(90), "{:?}", begin.elapsed());
    }
    assert_eq!(info(&client, "total_connections_received").await, before + 1);
}

pub(crate) async fn a_wait_gets_what_is_pushed<L: Link>() {
    let server = server();
    let client = Arc::new(connect::<L>(&server.url()).await);
    let waiting = {
        let client = client.clone();
        tokio::spawn(async move { block(&client, &["BLPOP", "l", "30"], LONG).await })
    };
    until_info(&client, "blocked_clients", 1).await;
    ask(&client, &["RPUSH", "l", "x"]).await;
    assert_eq!(waiting.await.unwrap().unwrap(), Reply::Array(vec![text("l"), text("x")]));
}

pub(crate) async fn a_dropped_wait_takes_nothing_later<L: Link>() {
    let server = server();
    let client = connect::<L>(&server.url()).await;
    for _ in 0..10 {
        let wait = block(&client, &["BLPOP", "l", "30"], LONG);
        assert!(tokio::time::timeout(TENTH, wait).await.is_err());
        until_info(&client, "blocked_clients", 0).await;
        assert_eq!(ask(&client, &["RPUSH", "l", "x"]).await, Reply::Int(1));
        assert_eq!(ask(&client, &["LPOP", "l"]).await, text("x"));
    }
    until_info(&client, "connected_clients", 1).await;
}

pub(crate) async fn a_wait_holds_up_nobody<L: Link>() {
    let server = server();
    let client = Arc::new(connect::<L>(&server.url()).await);
    let waiting: Vec<_> = (0..4)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { block(&client, &["BLPOP", "l", "30"], LONG).await })
        })
        .collect();
    until_info(&client, "blocked_clients", 4).await;
    let begin = Instant::now();
    for _ in 0..100 {
        assert_eq!(ask(&client, &["PING"]).await, text("PONG"));
    }
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    ask(&client, &["RPUSH", "l", "1", "2", "3", "4"]).await;
    for wait in waiting {
        assert!(matches!(wait.await.unwrap().unwrap(), Reply::Array(_)));
    }
}

pub(crate) async fn a_wait_of_a_frozen_server_ends<L: Link>() {
    let server = server();
    let client = Arc::new(connect::<L>(&server.url()).await);
    let waiting = {
        let client = client.clone();
        tokio::spawn(async move { block(&client, &["BLPOP", "l", "1"], TENTH * 10).await })
    };
    until_info(&client, "blocked_clients", 1).await;
    server.stop().unwrap();
    let begin = Instant::now();
    assert!(matches!(waiting.await.unwrap(), Err(ClientError::TimedOut(_))));
    assert!(begin.elapsed() < Duration::from_secs(6), "{:?}", begin.elapsed());
    server.cont().unwrap();
    let answer = block(&client, &["BLPOP", "l", "0.1"], TENTH).await;
    assert_eq!(answer.unwrap(), Reply::Nil);
}
