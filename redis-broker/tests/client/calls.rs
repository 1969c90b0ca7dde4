//! Commands and their answers.

use std::sync::Arc;

use bytes::Bytes;
use tireless_redis_broker::client::{ClientError, Command, RedisClient};
use tireless_redis_broker::link::Link;
use tireless_redis_broker::reply::Reply;

use super::tools::{ask, command, connect, server, text};

pub(crate) async fn an_error_in_a_pipeline_fails_its_command_alone<L: Link>() {
    let server = server();
    let client = connect::<L>(&server.url()).await;
    let answers = client
        .send(vec![
            command(&["SET", "k", "v"]),
            command(&["LPUSH", "k", "x"]),
            command(&["EVALSHA", "0000000000000000000000000000000000000000", "0"]),
            command(&["GET", "k"]),
        ])
        .await;
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[0].as_ref().unwrap(), &text("OK"));
    for (at, code) in [(1, "WRONGTYPE "), (2, "NOSCRIPT ")] {
        match &answers[at] {
            Err(ClientError::Server(text)) => assert!(text.starts_with(code), "{text}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(answers[3].as_ref().unwrap(), &text("v"));
}

pub(crate) async fn answers_keep_their_shape<L: Link>() {
    let server = server();
    let client = connect::<L>(&server.url()).await;
    let script = "return {1, {'a', false}, {err = 'MINE is this'}, {ok = 'fine'}, {}, ''}";
    let expected = Reply::Array(vec![
        Reply::Int(1),
        Reply::Array(vec![text("a"), Reply::Nil]),
        Reply::Error("MINE is this".into()),
        text("fine"),
        Reply::Array(vec![]),
        text(""),
    ]);
    assert_eq!(ask(&client, &["EVAL", script, "0"]).await, expected);
    let answers = client
        .send(vec![
            command(&["EVAL", script, "0"]),
            command(&["EVAL", "return redis.error_reply('STALE at 7')", "0"]),
            command(&["EVAL", "return redis.error_reply('LAYOUT 7 is newer')", "0"]),
            command(&["GET", "none"]),
            command(&["RPUSH", "l", "x"]),
            command(&["LRANGE", "l", "0", "-1"]),
        ])
        .await;
    assert_eq!(answers[0].as_ref().unwrap(), &expected);
    for (at, words) in [(1, "STALE at 7"), (2, "LAYOUT 7 is newer")] {
        match &answers[at] {
            Err(ClientError::Server(text)) => assert_eq!(text, words),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(answers[3].as_ref().unwrap(), &Reply::Nil);
    assert_eq!(answers[4].as_ref().unwrap(), &Reply::Int(1));
    assert_eq!(answers[5].as_ref().unwrap(), &Reply::Array(vec![text("x")]));
    // An array inside an answer that looks like a message to a subscriber is still an array.
    let nested = "return {1, {'message', 'a', 'b'}}";
    let inner = Reply::Array(vec![text("message"), text("a"), text("b")]);
    let expected = Reply::Array(vec![Reply::Int(1), inner]);
    assert_eq!(ask(&client, &["EVAL", nested, "0"]).await, expected);
}

pub(crate) async fn bytes_pass_unchanged<L: Link>() {
    let server = server();
    let client = connect::<L>(&server.url()).await;
    let all: Vec<u8> = (0..=255).collect();
    for body in [Bytes::from(all.clone()), Bytes::new(), Bytes::from(all.repeat(16 * 1_024))] {
        let set = vec![Bytes::from_static(b"SET"), Bytes::from_static(b"k"), body.clone()];
        let answers = client.send(vec![Command::keyed(set, 1)]).await;
        assert_eq!(answers[0].as_ref().unwrap(), &text("OK"));
        assert_eq!(ask(&client, &["GET", "k"]).await, Reply::Bytes(body));
    }
}

pub(crate) async fn a_large_pipeline_is_answered_in_order<L: Link>() {
    let server = server();
    let client = connect::<L>(&server.url()).await;
    let echo = |number: i64| command(&["ECHO", &number.to_string()]);
    let answers = client.send((0..5_000).map(echo).collect()).await;
    assert_eq!(answers.len(), 5_000);
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.unwrap(), text(&number.to_string()));
    }
}

pub(crate) async fn concurrent_callers_get_their_own_answers<L: Link>() {
    let server = server();
    let client = Arc::new(connect::<L>(&server.url()).await);
    let callers = (0..64).map(|caller| {
        let client = client.clone();
        tokio::spawn(async move {
            for call in 0..50 {
                let word = format!("{caller}/{call}");
                assert_eq!(ask(&client, &["ECHO", &word]).await, text(&word));
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
}

pub(crate) async fn nothing_to_send_is_answered_with_nothing<L: Link>() {
    let server = server();
    let client = connect::<L>(&server.url()).await;
    assert!(client.send(Vec::new()).await.is_empty());
}
