//! What the library's errors mean.

use redis::{RedisError, ServerError};
use tireless_redis_broker::client::ClientError;
use tireless_redis_broker::connect_error::ConnectError;

/// The server's own words, as they came: the library splits the code from the rest.
pub(crate) fn server_text(error: &ServerError) -> String {
    match error.details() {
        Some(details) => format!("{} {details}", error.code()),
        None => error.code().to_owned(),
    }
}

/// An error of a command. The library does not say whether it had written the command, so it
/// counts as written.
pub(crate) fn to_client_error(error: &RedisError) -> ClientError {
    match ServerError::try_from(error.clone()) {
        Ok(server) => ClientError::Server(server_text(&server)),
        Err(error) => ClientError::Broken(error.into()),
    }
}

pub(crate) fn to_connect_error(error: &RedisError) -> ConnectError {
    ConnectError::Unreachable(error.clone().into())
}
