//! The seam to a client library: all that a Redis client must do for the broker.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::reply::Reply;

/// One command: its words, and which of them is the first key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The command's name and its arguments.
    pub words: Vec<Bytes>,
    /// Index in `words` of the first key; `None` for a command without one. All keys of a command
    /// share one slot (B13).
    pub first_key: Option<usize>,
}

/// Why a command was not answered as hoped.
#[derive(Debug)]
pub enum ClientError {
    /// The server answered with an error; the text as it came, code first.
    Server(String),
    /// The command certainly never reached the server: no connection.
    NotSent(Box<dyn std::error::Error + Send + Sync>),
    /// The connection broke while the answer was awaited.
    Broken(Box<dyn std::error::Error + Send + Sync>),
    /// No answer in time.
    TimedOut(Duration),
}

/// What each backend implements with its library.
///
/// Both methods may be dropped at any await (B10). Neither ever sends a command twice: repeating
/// is the caller's decision.
#[async_trait]
pub trait RedisClient: Debug + Send + Sync + 'static {
    /// Sends commands in one go over the shared connection, and gives one answer each, in order.
    /// Reconnects by itself when the connection is gone or silent; every command is answered, or
    /// fails, within the client's time-out.
    async fn send(&self, commands: Vec<Command>) -> Vec<Result<Reply, ClientError>>;

    /// Sends one command that the server may hold for up to `hold`, over a connection that nothing
    /// else uses. A wait that is dropped, or overdue by more than a margin, closes its connection:
    /// the server must never answer it to somebody else.
    async fn block(&self, command: Command, hold: Duration) -> Result<Reply, ClientError>;
}
