//! Commands to the library, its frames back.

use bytes::Bytes;
use bytes_utils::Str;
use fred::interfaces::Resp3Frame;
use fred::types::{ClusterHash, CustomCommand, Value};
use tireless_redis_broker::client::{ClientError, Command};
use tireless_redis_broker::reply::Reply;

/// Every command goes out as a custom one: the library's own commands differ in what they do with
/// nil, with time-outs and with being sent again.
pub(crate) fn to_custom(command: Command) -> Result<(CustomCommand, Vec<Value>), ClientError> {
    let mut words = command.words.into_iter();
    let name = words.next().and_then(|name| Str::from_inner(name).ok());
    let name = name.ok_or_else(|| ClientError::NotSent("a command needs a name".into()))?;
    // Each connection leads to one server, so the library need not know where a command belongs.
    let custom = CustomCommand::new(name, ClusterHash::Random, false);
    Ok((custom, words.map(Value::Bytes).collect()))
}

/// The answer to one command; an error of the server is this command's alone.
pub(crate) fn to_reply(frame: Resp3Frame) -> Result<Reply, ClientError> {
    match fold(frame) {
        Reply::Error(text) => Err(ClientError::Server(text)),
        reply => Ok(reply),
    }
}

/// Folds what RESP3 adds into the shapes of RESP2, as a server itself does for old clients.
fn fold(frame: Resp3Frame) -> Reply {
    match frame {
        Resp3Frame::Null => Reply::Nil,
        Resp3Frame::Number { data, .. } => Reply::Int(data),
        Resp3Frame::BlobString { data, .. }
        | Resp3Frame::SimpleString { data, .. }
        | Resp3Frame::VerbatimString { data, .. }
        | Resp3Frame::BigNumber { data, .. } => Reply::Bytes(data),
        Resp3Frame::SimpleError { data, .. } => Reply::Error(data.to_string()),
        Resp3Frame::BlobError { data, .. } => {
            Reply::Error(String::from_utf8_lossy(&data).into_owned())
        }
        Resp3Frame::Array { data, .. } => fold_all(data),
        Resp3Frame::Set { data, .. } => fold_all(data),
        Resp3Frame::Map { data, .. } => {
            fold_all(data.into_iter().flat_map(|(key, value)| [key, value]))
        }
        // Nobody subscribes here: it is an array inside an answer that the library took for a
        // message, and put a word of its own in front of.
        Resp3Frame::Push { data, .. } => fold_all(data.into_iter().skip(1)),
        Resp3Frame::Boolean { data, .. } => Reply::Int(data.into()),
        Resp3Frame::Double { data, .. } => Reply::Bytes(Bytes::from(data.to_string())),
        other => Reply::Error(format!("ERR the library gave an unknown frame: {other:?}")),
    }
}

fn fold_all(frames: impl IntoIterator<Item = Resp3Frame>) -> Reply {
    Reply::Array(frames.into_iter().map(fold).collect())
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
