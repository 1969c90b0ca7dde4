//! What an error of the server means: the one place where its texts are read.

use tireless_core::{Effect, Error, ErrorKind, Operation};

use crate::client::ClientError;

/// Makes the error that users see from what a client reported.
pub(crate) fn explain(operation: Operation, error: ClientError) -> Error {
    match error {
        ClientError::Server(text) => from_server(operation, &text),
        // No connection could be made, and why is known: a changed password, say.
        ClientError::NotSent(source) if source.is::<Error>() => match source.downcast::<Error>() {
            Ok(refused) if refused.is_retryable() || refused.kind() == ErrorKind::Denied => {
                refused.during(operation)
            }
            // Nothing is wrong with the call: what the first connection needed, a file or a database,
            // is missing now and may be back.
            Ok(refused) => {
                let message = refused.message().to_owned();
                Error::new(ErrorKind::Unavailable, operation, message).with_source(*refused)
            }
            Err(source) => Error::new(ErrorKind::Unavailable, operation, source.to_string()),
        },
        ClientError::NotSent(source) => {
            let message = format!("the store cannot be reached: {source}");
            Error::new(ErrorKind::Unavailable, operation, message).with_source(source)
        }
        ClientError::Broken(source) => {
            let message = format!("the connection broke before the answer came: {source}");
            Error::new(ErrorKind::Unavailable, operation, message)
                .with_effect(Effect::Maybe)
                .with_source(source)
        }
        ClientError::TimedOut(waited) => {
            let message = format!("no answer within {waited:?}; repeating the call is safe");
            Error::new(ErrorKind::Timeout, operation, message).with_effect(Effect::Maybe)
        }
    }
}

/// Whether the server does not know the script that was called by its hash.
pub(crate) fn is_missing_script(error: &ClientError) -> bool {
    matches!(error, ClientError::Server(text) if text.contains("NOSCRIPT"))
}

/// Whether a slot of a Cluster has moved, or is about to.
pub(crate) fn is_elsewhere(error: &ClientError) -> bool {
    let codes = ["MOVED ", "ASK ", "TRYAGAIN"];
    matches!(error, ClientError::Server(text) if codes.iter().any(|code| text.starts_with(code)))
}

/// Whether a key held another type than the script expected.
pub(crate) fn is_wrong_type(error: &ClientError) -> bool {
    matches!(error, ClientError::Server(text) if text.contains("WRONGTYPE"))
}

/// How servers say that a user lacks a right: of a command; of what a script met, in Redis 6.2 and
/// 7.0; the same in later ones and in Valkey.
const NO_RIGHT: &[&str] = &["NOPERM", "The user executing the script", "ACL failure in script"];

/// Codes are looked for anywhere in the text: Redis 6.2 wraps what a script's command answered.
fn from_server(operation: Operation, text: &str) -> Error {
    let found = |codes: &[&str]| codes.iter().any(|code| text.contains(code));
    let (kind, advice) = if found(&["STALE"]) {
        (ErrorKind::Stale, "a copy of a call that was answered or given up; nothing was done")
    } else if found(&["LAYOUT"]) {
        (ErrorKind::Unsupported, "the queue was written by a later version; upgrade this program")
    } else if found(&["TOOLARGE"]) {
        let advice = "removed tasks that are pushed again for later are looked for in the ready list, \
                      which is long; send fewer of them in one call";
        (ErrorKind::TooLarge, advice)
    } else if found(&["OOM command not allowed"]) {
        (ErrorKind::OutOfMemory, "the store is at its maxmemory; let workers drain it, or raise it")
    } else if found(&["WRONGTYPE"]) {
        (ErrorKind::WrongType, "a key of the queue holds something else")
    } else if found(&["NOAUTH", "WRONGPASS", "invalid password"]) {
        (ErrorKind::Denied, "the store refused; check the user, its password and its rights")
    } else if found(NO_RIGHT) {
        let advice = "this user lacks a right, to a command or a key; see tireless doctor --role ROLE \
                      for the rights of a role";
        (ErrorKind::Denied, advice)
    } else if found(&["READONLY", "cannot be used with replica"]) {
        let advice = "this server is a replica and takes no writes; name the primary in the URL, or \
                      sentinels or a Cluster; during a failover it passes by itself";
        (ErrorKind::Unavailable, advice)
    } else if found(&[
        "LOADING",
        "MASTERDOWN",
        "CLUSTERDOWN",
        "TRYAGAIN",
        "MOVED ",
        "ASK ",
        "NOREPLICAS",
        "BUSY",
        "UNBLOCKED",
        "MISCONF",
    ]) {
        (ErrorKind::Unavailable, "the store is not ready to write; trying again later helps")
    } else if found(&["unknown command", "wrong number of arguments"]) {
        (ErrorKind::Unsupported, "the server lacks a command; Redis 6.2 or Valkey 8 is the least")
    } else {
        (ErrorKind::Corrupt, "the store answered with an error that it never should")
    };
    // A script that lacks a right finds that out under way.
    let unsure = kind == ErrorKind::Corrupt || found(NO_RIGHT);
    let effect = if unsure { Effect::Maybe } else { Effect::None };
    Error::new(kind, operation, format!("{advice} ({text})")).with_effect(effect)
}

#[cfg(test)]
#[path = "server_error_tests.rs"]
mod tests;
