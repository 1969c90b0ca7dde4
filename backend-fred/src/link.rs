//! One connection: a client of the library that ends with its connection.

use std::fmt;
use std::future::Future;

use bytes::Bytes;
use fred::clients::Client;
use fred::interfaces::ClientLike;
use futures_util::future::join_all;
use tireless_redis_broker::address::Address;
use tireless_redis_broker::client::{ClientError, Command};
use tireless_redis_broker::connect_error::ConnectError;
use tireless_redis_broker::link::{Link, broken};
use tireless_redis_broker::reply::Reply;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::config::builder;
use crate::convert::{to_custom, to_reply};
use crate::error::{to_client_error, to_connect_error};

/// One connection of the `fred` crate.
pub struct FredLink {
    client: Client,
    router: Router,
}

/// The library's task that owns the socket. Dropping all clients would not end it.
struct Router {
    task: AbortHandle,
    ended: CancellationToken,
}

impl Drop for Router {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Link for FredLink {
    async fn open(address: &Address) -> Result<Self, ConnectError> {
        let client =
            builder(address).await?.build().map_err(|error| to_connect_error(address, &error))?;
        // The first poll makes it listen, so that nothing told by the task below is missed.
        let mut connected = Box::pin(client.wait_for_connect());
        let missed = futures_util::poll!(&mut connected).is_ready();
        debug_assert!(!missed, "a client that was never started is not connected");
        let task = client.connect();
        let router = Router { task: task.abort_handle(), ended: CancellationToken::new() };
        let ended = router.ended.clone();
        tokio::spawn(async move {
            // How it ended does not matter: whoever waits for an answer is told that it broke.
            let _ = task.await;
            ended.cancel();
        });
        let result = tokio::select! {
            biased;
            result = connected => result.map_err(|error| to_connect_error(address, &error)),
            () = router.ended.cancelled() => {
                Err(ConnectError::Unreachable("the connection ended at once".into()))
            }
        };
        result?;
        let link = Self { client, router };
        link.select(address.database).await?;
        Ok(link)
    }

    fn is_closed(&self) -> bool {
        self.router.ended.is_cancelled()
    }

    async fn call(&self, mut commands: Vec<Command>) -> Vec<Result<Reply, ClientError>> {
        let count = commands.len();
        if self.is_closed() {
            let gone = || Err(ClientError::NotSent("the connection is closed".into()));
            return (0..count).map(|_| gone()).collect();
        }
        let answers = async {
            if count == 1
                && let Some(command) = commands.pop()
            {
                return vec![self.call_one(command).await];
            }
            // Each is handed to the library at its first poll, so they go out in this order. The
            // library's own pipeline would hide which errors are the server's.
            join_all(commands.into_iter().map(|command| self.call_one(command))).await
        };
        tokio::select! {
            biased;
            answers = answers => answers,
            // Without this, a command that meets the end of the connection may never be answered.
            () = self.router.ended.cancelled() => broken(count, &"the connection was closed"),
        }
    }
}

impl FredLink {
    fn call_one(
        &self,
        command: Command,
    ) -> impl Future<Output = Result<Reply, ClientError>> + Send {
        let client = &self.client;
        async move {
            let (custom, args) = to_custom(command)?;
            match client.custom_raw(custom, args).await {
                Ok(frame) => to_reply(frame),
                Err(error) => Err(to_client_error(&error)),
            }
        }
    }

    async fn select(&self, database: u32) -> Result<(), ConnectError> {
        if database == 0 {
            return Ok(());
        }
        let words = vec![Bytes::from_static(b"SELECT"), database.to_string().into()];
        match self.call_one(Command::anywhere(words)).await {
            Ok(_) => Ok(()),
            Err(ClientError::Server(text)) => Err(ConnectError::Refused(text)),
            Err(ClientError::NotSent(source) | ClientError::Broken(source)) => {
                Err(ConnectError::Unreachable(source))
            }
            Err(ClientError::TimedOut(after)) => Err(ConnectError::TimedOut(after)),
        }
    }
}

impl fmt::Debug for FredLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FredLink").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}
