use redis::parse_redis_value;

use super::*;

fn read(bytes: &[u8]) -> Result<Reply, ClientError> {
    to_reply(parse_redis_value(bytes).unwrap())
}

fn text(text: &'static str) -> Reply {
    Reply::Bytes(Bytes::from_static(text.as_bytes()))
}

#[test]
fn values_keep_their_shape() {
    for (bytes, reply) in [
        (&b"+OK\r\n"[..], text("OK")),
        (b"+QUEUED\r\n", text("QUEUED")),
        (b":-7\r\n", Reply::Int(-7)),
        (b"$-1\r\n", Reply::Nil),
        (b"*-1\r\n", Reply::Nil),
        (b"$3\r\na\xffb\r\n", Reply::Bytes(Bytes::from_static(b"a\xffb"))),
        (
            b"*2\r\n:1\r\n*1\r\n$1\r\nx\r\n",
            Reply::Array(vec![Reply::Int(1), Reply::Array(vec![text("x")])]),
        ),
        (
            b"*2\r\n:1\r\n-WRONGTYPE no\r\n",
            Reply::Array(vec![Reply::Int(1), Reply::Error("WRONGTYPE no".into())]),
        ),
        (b"%1\r\n+k\r\n:1\r\n", Reply::Array(vec![text("k"), Reply::Int(1)])),
        (b"#t\r\n", Reply::Int(1)),
        (b",1.5\r\n", text("1.5")),
        (b"_\r\n", Reply::Nil),
    ] {
        assert_eq!(read(bytes).unwrap(), reply, "{}", bytes.escape_ascii());
    }
}

#[test]
fn errors_keep_their_code_in_front() {
    for line in [
        "ERR unknown command 'x'",
        "WRONGTYPE Operation against a key holding the wrong kind of value",
        "NOSCRIPT No matching script.",
        "LAYOUT 7",
        "READONLY You can't write against a read only replica.",
        "STALE",
    ] {
        match read(format!("-{line}\r\n").as_bytes()) {
            Err(ClientError::Server(text)) => assert_eq!(text, line),
            other => panic!("{other:?}"),
        }
    }
}
