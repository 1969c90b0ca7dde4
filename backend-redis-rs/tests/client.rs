//! The cases that every Redis client must pass, over this library.

#[path = "../../redis-broker/tests/client/mod.rs"]
mod client;

use client::client_tests;

client_tests!(tireless_backend_redis_rs::RedisRsLink);

/// The yardstick of the benchmark: it measures beside another run of itself, and leaves nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_yardstick_leaves_nothing_and_expires_when_dropped() {
    use client::tools::{ask, connect, info, server};
    use std::time::Duration;
    use tireless_backend_redis_rs::{RedisRsBroker, RedisRsLink, Settings};
    use tireless_core::Yardstick;
    use tireless_redis_broker::reply::Reply;

    let server = server();
    let broker = RedisRsBroker::connect(&server.url(), Settings::default()).await.unwrap();
    let (one, other) = tokio::join!(broker.drain_limit(5_000, 100), broker.drain_limit(5_050, 10));
    assert!(one.unwrap().unwrap().per_second > 0.0 && other.unwrap().unwrap().per_second > 0.0);
    let client = connect::<RedisRsLink>(&server.url()).await;
    assert_eq!(ask(&client, &["DBSIZE"]).await, Reply::Int(0));

    let before = info(&client, "total_commands_processed").await;
    tokio::select! {
        biased;
        limit = broker.drain_limit(10_000_000, 100) => panic!("not dropped: {limit:?}"),
        () = async {
            while info(&client, "total_commands_processed").await < before + 100 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        } => {}
    }
    let Reply::Array(left) = ask(&client, &["KEYS", "*yardstick*"]).await else { panic!("keys") };
    assert_eq!(left.len(), 2, "{left:?}");
    for key in left {
        let key = String::from_utf8(key.into_bytes().unwrap().to_vec()).unwrap();
        let Reply::Int(millis) = ask(&client, &["PTTL", &key]).await else { panic!("{key}") };
        assert!(millis > 0, "{key}: {millis}");
    }
}
