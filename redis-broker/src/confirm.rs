//! Durability on Redis: what is asked behind a push, and what its answer means.
//!
//! `WAIT` and `WAITAOF` are about the earlier writes of their own connection, and hold it up. So push
//! and question go out together over a connection that nothing else uses.

use std::time::Duration;

use bytes::Bytes;
use tireless_core::{Durability, Effect, Error, ErrorKind, Operation, Push, Result};

use crate::client::{ClientError, Command};
use crate::reply::Reply;
use crate::server_error::explain;

/// Servers refuse what does not fit into their milliseconds. Nobody waits for that long.
const LONGEST: Duration = Duration::from_secs(86_400);

/// What a push has to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirmation {
    Replicas { count: u32, timeout: Duration },
    Disk { timeout: Duration },
}

impl Confirmation {
    /// Nothing for a push that is content to be stored.
    pub(crate) fn of(durability: Durability) -> Option<Self> {
        match durability {
            Durability::Replicated { replicas, timeout } => {
                Some(Self::Replicas { count: replicas.max(1), timeout })
            }
            Durability::Fsynced { timeout } => Some(Self::Disk { timeout }),
            _ => None,
        }
    }

    pub(crate) fn timeout(self) -> Duration {
        match self {
            // For the server zero would mean for ever.
            Self::Replicas { timeout, .. } | Self::Disk { timeout } => {
                timeout.clamp(Duration::from_millis(1), LONGEST)
            }
        }
    }

    pub(crate) fn command(self) -> Command {
        let millis = self.timeout().as_millis().to_string();
        let words = match self {
            Self::Replicas { count, .. } => vec!["WAIT".to_owned(), count.to_string(), millis],
            Self::Disk { .. } => vec!["WAITAOF".to_owned(), "1".to_owned(), "0".to_owned(), millis],
        };
        Command::anywhere(words.into_iter().map(Bytes::from).collect())
    }

    /// Reads the answer. Every error says that the tasks may be stored: the push itself was
    /// answered.
    ///
    /// # Errors
    /// `NotDurable` with the ids when too few confirmed; `Unsupported` when the server cannot tell;
    /// `Denied` when the user may not ask; `Unavailable` when the server is no master any more.
    pub(crate) fn check(
        self,
        answer: std::result::Result<Reply, ClientError>,
        push: &Push,
    ) -> Result<()> {
        let confirmed = match answer {
            Ok(Reply::Array(counts)) => counts.first().and_then(Reply::as_int).unwrap_or(0),
            Ok(reply) => reply.as_int().unwrap_or(0),
            Err(ClientError::Server(text)) => return Err(self.unanswered(&text, push)),
            Err(error) => {
                return Err(explain(Operation::Push, error).with_effect(Effect::Maybe));
            }
        };
        let (wanted, by) = match self {
            Self::Replicas { count, .. } => (i64::from(count), "replicas"),
            Self::Disk { .. } => (1, "disks"),
        };
        if confirmed >= wanted {
            return Ok(());
        }
        let message = format!(
            "{} stored, but only {confirmed} of {wanted} {by} confirmed within {:?}; sending the \
             same push again is safe and waits anew",
            named(push),
            self.timeout(),
        );
        Err(Error::new(ErrorKind::NotDurable, Operation::Push, message).with_effect(Effect::Maybe))
    }

    /// The push was answered, the question behind it refused.
    fn unanswered(self, text: &str, push: &Push) -> Error {
        let refused = explain(Operation::Push, ClientError::Server(text.to_owned()));
        let (kind, reason) = match refused.kind() {
            ErrorKind::Denied => (ErrorKind::Denied, format!("{} ({text})", self.right())),
            // Servers have no code for a command that they lack, or are not set up for.
            ErrorKind::Corrupt | ErrorKind::Unsupported if text.starts_with("ERR") => {
                (ErrorKind::Unsupported, format!("{} ({text})", self.need()))
            }
            // A master that becomes a replica lets go of all who wait: its successor can be asked.
            kind => (kind, refused.message().to_owned()),
        };
        let message = format!("{} stored, unconfirmed: {reason}", named(push));
        Error::new(kind, Operation::Push, message).with_effect(Effect::Maybe)
    }

    fn right(self) -> &'static str {
        match self {
            Self::Replicas { .. } => "the user may not ask for it; grant +wait",
            Self::Disk { .. } => "the user may not ask for it; grant +waitaof",
        }
    }

    fn need(self) -> &'static str {
        match self {
            Self::Replicas { .. } => "the server cannot say what its replicas have",
            Self::Disk { .. } => {
                "the server cannot say what is on its disk: that takes Redis 7.2 or Valkey, and \
                 appendonly yes; without, appendfsync always makes every push wait for the disk"
            }
        }
    }
}

/// The tasks of a push, to be found by their ids.
fn named(push: &Push) -> String {
    match &push.tasks[..] {
        [] => "nothing is".to_owned(),
        [only] => format!("the task {} is", only.id),
        [first, others @ ..] => format!("the task {} and {} more are", first.id, others.len()),
    }
}

#[cfg(test)]
#[path = "confirm_tests.rs"]
mod tests;
