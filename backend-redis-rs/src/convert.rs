//! Commands to the library, its values back.

use bytes::Bytes;
use redis::{Cmd, Pipeline, Value};
use tireless_redis_broker::client::{ClientError, Command};
use tireless_redis_broker::reply::Reply;

use crate::error::server_text;

pub(crate) fn to_cmd(command: &Command) -> Cmd {
    let size = command.words.iter().map(Bytes::len).sum();
    let mut cmd = Cmd::with_capacity(command.words.len(), size);
    for word in &command.words {
        cmd.arg(&word[..]);
    }
    cmd
}

pub(crate) fn to_pipeline(commands: &[Command]) -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(commands.len());
    for command in commands {
        pipeline.add_command(to_cmd(command));
    }
    pipeline
}

/// The answer to one command; an error of the server is this command's alone.
pub(crate) fn to_reply(value: Value) -> Result<Reply, ClientError> {
    match fold(value) {
        Reply::Error(text) => Err(ClientError::Server(text)),
        reply => Ok(reply),
    }
}

/// Folds what RESP3 adds into the shapes of RESP2, as a server itself does for old clients.
fn fold(value: Value) -> Reply {
    match value {
        Value::Nil => Reply::Nil,
        Value::Int(number) => Reply::Int(number),
        Value::BulkString(bytes) => Reply::Bytes(bytes.into()),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Reply::Bytes(text.into()),
        Value::Okay => Reply::Bytes(Bytes::from_static(b"OK")),
        Value::Array(values) | Value::Set(values) => fold_all(values),
        Value::Map(pairs) => {
            fold_all(pairs.into_iter().flat_map(|(key, value)| [key, value]).collect())
        }
        Value::Attribute { data, .. } => fold(*data),
        Value::Double(number) => Reply::Bytes(number.to_string().into()),
        Value::Boolean(yes) => Reply::Int(yes.into()),
        Value::ServerError(error) => Reply::Error(server_text(&error)),
        Value::Push { data, .. } => fold_all(data),
        // Big numbers among them: their type depends on a feature that other crates may turn on.
        other => Reply::Error(format!("ERR the library gave an unknown value: {other:?}")),
    }
}

fn fold_all(values: Vec<Value>) -> Reply {
    Reply::Array(values.into_iter().map(fold).collect())
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
