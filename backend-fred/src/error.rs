//! What the library's errors mean.

use fred::error::{Error, ErrorKind};
use tireless_redis_broker::address::Address;
use tireless_redis_broker::client::ClientError;
use tireless_redis_broker::connect_error::ConnectError;
use tireless_redis_broker::patience;

/// An error that is no answer of the server: those come as frames. The library does not say
/// whether it had written the command, so it counts as written.
///
/// One answer comes like this too: at `CLUSTERDOWN` the library ends the connection, and gives this
/// text to all commands that wait on it. Which of them met it is not known, so all count as written.
pub(crate) fn to_client_error(error: &Error) -> ClientError {
    ClientError::Broken(plain(error.details()).into())
}

pub(crate) fn to_connect_error(address: &Address, error: &Error) -> ConnectError {
    let text = plain(error.details()).to_owned();
    match error.kind() {
        ErrorKind::Timeout => ConnectError::TimedOut(patience::CONNECT),
        ErrorKind::Tls => ConnectError::Tls(text.into()),
        // The handshake's errors come in the clothes of the socket's.
        ErrorKind::IO if address.tls().is_some() && text.contains("InvalidData") => {
            ConnectError::Tls(text.into())
        }
        _ if is_answer(&text) => ConnectError::Refused(text),
        _ => ConnectError::Unreachable(text.into()),
    }
}

/// Whether a text begins with a code, as the server's do.
fn is_answer(text: &str) -> bool {
    let code = text.split(' ').next().unwrap_or_default();
    code.len() > 1 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// The library keeps an operating system's error in its debug form. This is the text within:
/// `Os { code: 111, kind: ConnectionRefused, message: "Connection refused" }`.
fn plain(details: &str) -> &str {
    let quoted = details.split_once("message: \"").or_else(|| details.split_once("error: \""));
    quoted.and_then(|(_, rest)| rest.split_once('"')).map_or(details, |(text, _)| text)
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
