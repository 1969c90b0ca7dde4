//! One connection of a client library: all that a library is asked for.

use std::fmt::Debug;
use std::future::Future;

use crate::address::Address;
use crate::client::{ClientError, Command};
use crate::connect_error::ConnectError;
use crate::reply::Reply;

/// One connection to a server. It is made, used and thrown away, never mended: what a library
/// would do by itself after a failure (connect again, send again) stays off, so that
/// [`LinkedClient`](crate::linked::LinkedClient) decides it once for all libraries.
///
/// Dropping a link closes its connection at once, whatever is under way on it.
pub trait Link: Debug + Send + Sync + Sized + 'static {
    /// Connects, authenticates and selects the database. The caller limits the time; a dropped
    /// future leaves nothing behind.
    fn open(address: &Address) -> impl Future<Output = Result<Self, ConnectError>> + Send;

    /// Whether the connection is known to be gone.
    fn is_closed(&self) -> bool;

    /// Sends commands in one go, each once, and gives one answer each, in order. The caller limits
    /// the time. A dropped future may or may not have sent them.
    fn call(
        &self,
        commands: Vec<Command>,
    ) -> impl Future<Output = Vec<Result<Reply, ClientError>>> + Send;
}

/// The answers of a call of `count` commands whose connection broke.
pub fn broken(count: usize, reason: &dyn ToString) -> Vec<Result<Reply, ClientError>> {
    (0..count).map(|_| Err(ClientError::Broken(reason.to_string().into()))).collect()
}
