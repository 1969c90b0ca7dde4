//! Servers that go away, come back, freeze, or become replicas.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tireless_core::ErrorKind;
use tireless_redis_broker::client::ClientError;
use tireless_redis_broker::link::Link;
use tireless_redis_broker::reply::Reply;
use tokio::time::sleep;

use super::proxy::Proxy;
use super::tools::{ask, connect, server, text, try_ask, until_info};

pub(crate) async fn a_restarted_server_is_found_again<L: Link>() {
    let mut server = server();
    let client = connect::<L>(&server.url()).await;
    for _ in 0..3 {
        server.restart().unwrap();
        // Time for the client to see the end of its connection: else the first call may break.
        sleep(Duration::from_millis(500)).await;
        assert_eq!(ask(&client, &["PING"]).await, text("PONG"));
    }
}

pub(crate) async fn a_server_that_is_down_fails_calls_in_time<L: Link>() {
    let mut server = server();
    let client = Arc::new(connect::<L>(&server.url()).await);
    server.kill();
    sleep(Duration::from_millis(500)).await;
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let begin = Instant::now();
                (try_ask(&client, &["PING"]).await, begin.elapsed())
            })
        })
        .collect();
    for call in calls {
        let (answer, took) = call.await.unwrap();
        assert!(took < Duration::from_secs(4), "{took:?}");
        match answer {
            Err(ClientError::NotSent(source)) => {
                let error = source.downcast_ref::<tireless_core::Error>().expect("our error");
                assert_eq!(error.kind(), ErrorKind::Unavailable);
                assert!(error.to_string().contains("is the server running?"), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
    server.restart().unwrap();
    assert_eq!(ask(&client, &["PING"]).await, text("PONG"));
}

pub(crate) async fn a_call_made_in_an_outage_reaches_the_returning_server<L: Link>() {
    let mut server = server();
    let client = Arc::new(connect::<L>(&server.url()).await);
    server.kill();
    sleep(Duration::from_millis(500)).await;
    let call = {
        let client = client.clone();
        tokio::spawn(async move { ask(&client, &["INCR", "n"]).await })
    };
    sleep(Duration::from_millis(200)).await;
    server.restart().unwrap();
    assert_eq!(call.await.unwrap(), Reply::Int(1));
}

/// The call that met the frozen server is executed when it goes on, and only once.
pub(crate) async fn a_frozen_server_is_left_and_found_again<L: Link>() {
    let server = server();
    let client = connect::<L>(&server.url()).await;
    server.stop().unwrap();
    let begin = Instant::now();
    assert!(matches!(try_ask(&client, &["INCR", "n"]).await, Err(ClientError::TimedOut(_))));
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
    let begin = Instant::now();
    assert!(matches!(try_ask(&client, &["INCR", "m"]).await, Err(ClientError::NotSent(_))));
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    server.cont().unwrap();
    assert_eq!(ask(&client, &["PING"]).await, text("PONG"));
    until_info(&client, "connected_clients", 1).await;
    assert_eq!(ask(&client, &["GET", "n"]).await, text("1"));
    assert_eq!(ask(&client, &["GET", "m"]).await, Reply::Nil);
}

pub(crate) async fn a_killed_connection_is_replaced<L: Link>() {
    let server = server();
    let client = connect::<L>(&server.url()).await;
    let other = connect::<L>(&server.url()).await;
    ask(&other, &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(ask(&client, &["PING"]).await, text("PONG"));
}

/// Calls come faster than a connection is made, and those of the outage are still in line when the
/// server is back.
pub(crate) async fn a_slow_server_is_found_again_by_many<L: Link>() {
    let server = server();
    let proxy = Proxy::to(server.port(), Duration::from_millis(20));
    let client = Arc::new(connect::<L>(&proxy.url).await);
    let call = || {
        let client = client.clone();
        tokio::spawn(async move { try_ask(&client, &["PING"]).await.is_ok() })
    };
    let steadily = async |seconds: u32| {
        let mut calls = Vec::new();
        for _ in 0..seconds * 100 {
            calls.push(call());
            sleep(Duration::from_millis(10)).await;
        }
        calls
    };
    let before = proxy.accepted();
    proxy.cut();
    let mut calls = steadily(4).await;
    proxy.mend();
    calls.extend(steadily(2).await);
    for call in steadily(1).await {
        assert!(call.await.unwrap(), "two seconds later the server is still not found");
    }
    for call in calls {
        call.await.unwrap();
    }
    let opened = proxy.accepted() - before;
    assert!((2..60).contains(&opened), "{opened} connections");
}

pub(crate) async fn a_link_outlives_the_runtime_of_the_call_that_missed_it<L: Link>() {
    let mut server = server();
    let client = Arc::new(connect::<L>(&server.url()).await);
    server.restart().unwrap();
    sleep(Duration::from_millis(500)).await;
    let calling = client.clone();
    let elsewhere = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(ask(&calling, &["CLIENT", "ID"]))
    });
    let before = elsewhere.await.unwrap();
    assert_eq!(ask(&client, &["CLIENT", "ID"]).await, before);
}

pub(crate) async fn a_read_only_server_is_left<L: Link>() {
    let server = server();
    let client = connect::<L>(&server.url()).await;
    let Reply::Int(before) = ask(&client, &["CLIENT", "ID"]).await else { panic!("no id") };
    ask(&client, &["REPLICAOF", "127.0.0.1", "1"]).await;
    match try_ask(&client, &["SET", "k", "v"]).await {
        Err(ClientError::Server(text)) => assert!(text.starts_with("READONLY "), "{text}"),
        other => panic!("{other:?}"),
    }
    let Reply::Int(after) = ask(&client, &["CLIENT", "ID"]).await else { panic!("no id") };
    assert_ne!(before, after);
    ask(&client, &["REPLICAOF", "NO", "ONE"]).await;
    assert_eq!(ask(&client, &["SET", "k", "v"]).await, text("OK"));
}

pub(crate) async fn a_dropped_client_leaves_no_connection<L: Link>() {
    let server = server();
    let observer = connect::<L>(&server.url()).await;
    for _ in 0..5 {
        let client = connect::<L>(&server.url()).await;
        ask(&client, &["PING"]).await;
        // Dropped in the middle of connecting, too.
        let connecting = tokio::spawn({
            let url = server.url();
            async move { connect::<L>(&url).await }
        });
        connecting.abort();
    }
    until_info(&observer, "connected_clients", 1).await;
}
