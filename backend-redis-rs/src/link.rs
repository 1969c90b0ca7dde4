//! One connection: a multiplexed connection of the library and the task that drives it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, RedisResult};
use tireless_redis_broker::address::{Address, Endpoint};
use tireless_redis_broker::client::{ClientError, Command};
use tireless_redis_broker::connect_error::ConnectError;
use tireless_redis_broker::link::{Link, broken};
use tireless_redis_broker::reply::Reply;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::AbortHandle;

use crate::convert::{to_cmd, to_pipeline, to_reply};
use crate::error::{to_client_error, to_connect_error};
use crate::stream;

/// How many calls may stand in line for the socket before callers wait (50 in the library).
const QUEUE: usize = 1_024;

/// How many bytes are gathered before they are written (8 KiB in the library).
const GATHERED: usize = 64 * 1_024;

type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One connection of the `redis` crate.
pub struct RedisRsLink {
    connection: MultiplexedConnection,
    driver: AbortHandle,
}

impl Link for RedisRsLink {
    async fn open(address: &Address) -> Result<Self, ConnectError> {
        let (connection, driver) = match &address.endpoint {
            Endpoint::Tcp { host, port, tls: None } => over(stream::tcp(host, *port).await?).await,
            Endpoint::Tcp { host, port, tls: Some(tls) } => {
                over(stream::tls(host, *port, tls).await?).await
            }
            Endpoint::Unix(path) => over(stream::unix(path).await?).await,
        }
        .map_err(|error| to_connect_error(&error))?;
        let driver = tokio::spawn(driver).abort_handle();
        let link = Self { connection, driver };
        link.enter(address).await?;
        Ok(link)
    }

    fn is_closed(&self) -> bool {
        self.driver.is_finished()
    }

    async fn call(&self, mut commands: Vec<Command>) -> Vec<Result<Reply, ClientError>> {
        let count = commands.len();
        if self.is_closed() {
            let gone = || Err(ClientError::NotSent("the connection is closed".into()));
            return (0..count).map(|_| gone()).collect();
        }
        let mut connection = self.connection.clone();
        if count == 1
            && let Some(command) = commands.pop()
        {
            return vec![match connection.send_packed_command(&to_cmd(&command)).await {
                Ok(value) => to_reply(value),
                Err(error) => Err(to_client_error(&error)),
            }];
        }
        match connection.send_packed_commands(&to_pipeline(&commands), 0, count).await {
            Ok(values) if values.len() == count => values.into_iter().map(to_reply).collect(),
            Ok(values) => broken(count, &format!("{} answers to {count} commands", values.len())),
            Err(error) => broken(count, &error),
        }
    }
}

impl RedisRsLink {
    /// Authenticates and selects the database. Not left to the library, which hides the server's
    /// words.
    async fn enter(&self, address: &Address) -> Result<(), ConnectError> {
        let mut commands = Vec::new();
        if let Some(password) = &address.password {
            let user = address.user.as_deref();
            let words = ["AUTH"].into_iter().chain(user).chain([password.reveal()]);
            commands.push(command(words));
        }
        if address.database != 0 {
            commands.push(command(["SELECT", &address.database.to_string()]));
        }
        if commands.is_empty() {
            return Ok(());
        }
        for answer in self.call(commands).await {
            match answer {
                Ok(_) => {}
                Err(ClientError::Server(text)) => return Err(ConnectError::Refused(text)),
                Err(ClientError::NotSent(source) | ClientError::Broken(source)) => {
                    return Err(ConnectError::Unreachable(source));
                }
                Err(ClientError::TimedOut(after)) => return Err(ConnectError::TimedOut(after)),
            }
        }
        Ok(())
    }
}

/// Ends the task that owns the socket, and with it the connection.
impl Drop for RedisRsLink {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl fmt::Debug for RedisRsLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRsLink").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

/// Lays the library over a stream. Nothing is sent yet: the greeting is ours. The library's own
/// time-out (half a second, also for held commands) is off.
async fn over<S>(stream: S) -> RedisResult<(MultiplexedConnection, Driver)>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let settings = RedisConnectionInfo::default().set_skip_set_lib_name();
    let config = AsyncConnectionConfig::new()
        .set_response_timeout(None)
        .set_pipeline_buffer_size(QUEUE)
        .set_write_backpressure_boundary(GATHERED);
    let (connection, driver) =
        MultiplexedConnection::new_with_config(&settings, stream, config).await?;
    Ok((connection, Box::pin(driver)))
}

fn command<'a>(words: impl IntoIterator<Item = &'a str>) -> Command {
    let words = words.into_iter().map(|word| Bytes::copy_from_slice(word.as_bytes())).collect();
    Command::anywhere(words)
}
