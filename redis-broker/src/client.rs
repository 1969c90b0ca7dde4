//! The seam to the server: all that the broker asks of a Redis client. Backends do not implement it: those in
//! `linked` and `cluster` stand over their [`Link`](crate::link::Link)s.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::reply::Reply;

/// One command: its words, and the key that says where it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The command's name and its arguments.
    pub words: Vec<Bytes>,
    /// A key of the slot that the command is for, all of whose keys share it (B13); `None` where
    /// any server may answer.
    pub key: Option<Bytes>,
}

impl Command {
    /// A command that any server may answer.
    pub fn anywhere(words: Vec<Bytes>) -> Self {
        Self { words, key: None }
    }

    /// A command whose first key is `words[at]`.
    pub fn keyed(words: Vec<Bytes>, at: usize) -> Self {
        let key = words.get(at).cloned();
        Self { words, key }
    }
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

/// Speaks to a server, or to the servers of a Cluster.
///
/// `send` and `block` may be dropped at any await (B10). Neither ever sends a command again that may have
/// been carried out: repeating it is the caller's decision.
#[async_trait]
pub trait RedisClient: Debug + Send + Sync + 'static {
    /// Sends commands in one go over the shared connection, and gives one answer each, in order.
    /// Reconnects by itself when the connection is gone or silent; every command is answered, or
    /// fails, within the client's time-out.
    async fn send(&self, commands: Vec<Command>) -> Vec<Result<Reply, ClientError>>;

    /// Sends commands of one slot in one go, which the server may hold for up to `hold`, over a
    /// connection that nothing else uses. What is dropped, or overdue by more than a margin, closes
    /// its connection: the server must never answer it to somebody else.
    async fn block(
        &self,
        commands: Vec<Command>,
        hold: Duration,
    ) -> Vec<Result<Reply, ClientError>>;

    /// Tells that leases of this length are kept through this client: the pauses between its tries
    /// to connect are to be short beside the shortest of them, see [`patience::longest_pause`].
    ///
    /// [`patience::longest_pause`]: crate::patience::longest_pause
    fn keeps_lease(&self, _lease: Duration) {}

    /// The same servers over connections of their own, which live on the runtime that this is called
    /// on and are made when they are first used; `None` for a client that has none.
    fn apart(&self) -> Option<Arc<dyn RedisClient>> {
        None
    }

    /// Whether keys are spread over slots, so that a command may only name keys of one.
    fn has_slots(&self) -> bool {
        false
    }

    /// The servers that share the slots, as far as they are known now; none without slots.
    fn masters(&self) -> Vec<Master> {
        Vec::new()
    }
}

/// One of the servers that share the slots, to be asked apart from the others.
#[derive(Clone, Debug)]
pub struct Master {
    /// `HOST:PORT`, as the others call it.
    pub place: String,
    /// The slots that it has.
    pub slots: BTreeSet<u16>,
    /// Speaks to it alone.
    pub client: Arc<dyn RedisClient>,
}

#[async_trait]
impl RedisClient for Arc<dyn RedisClient> {
    async fn send(&self, commands: Vec<Command>) -> Vec<Result<Reply, ClientError>> {
        (**self).send(commands).await
    }

    async fn block(
        &self,
        commands: Vec<Command>,
        hold: Duration,
    ) -> Vec<Result<Reply, ClientError>> {
        (**self).block(commands, hold).await
    }

    fn keeps_lease(&self, lease: Duration) {
        (**self).keeps_lease(lease);
    }

    fn apart(&self) -> Option<Arc<dyn RedisClient>> {
        (**self).apart()
    }

    fn has_slots(&self) -> bool {
        (**self).has_slots()
    }

    fn masters(&self) -> Vec<Master> {
        (**self).masters()
    }
}

/// The answer to the only command of a call.
pub(crate) fn only(mut answers: Vec<Result<Reply, ClientError>>) -> Result<Reply, ClientError> {
    let missing = || Err(ClientError::Broken("the client gave no answer to a command".into()));
    answers.pop().unwrap_or_else(missing)
}
