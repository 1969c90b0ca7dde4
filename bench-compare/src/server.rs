//! A private Redis: on a free port of the loopback, nothing on disk, ended with its owner.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use redis::aio::MultiplexedConnection;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::sleep;

/// How often a start is tried, in case another program takes the port first.
const TRIES: usize = 3;

/// How often a started server is asked, every hundredth of a second, whether it answers.
const ASKED: usize = 300;

/// Runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    url: String,
    _child: Child,
    _place: TempDir,
}

impl Server {
    pub(crate) async fn start(program: &OsStr) -> Result<Self> {
        let mut last = None;
        for _ in 0..TRIES {
            match Self::try_start(program).await {
                Ok(server) => return Ok(server),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("no Redis was started")))
    }

    async fn try_start(program: &OsStr) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let place = TempDir::new()?;
        let child = Command::new(program)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "no", "--loglevel", "warning"])
            .current_dir(place.path())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| {
                format!("{program:?} does not start; install Redis or name it by --redis-server")
            })?;
        let server =
            Self { url: format!("redis://127.0.0.1:{port}"), _child: child, _place: place };
        for _ in 0..ASKED {
            if connect(server.url()).await.is_ok() {
                return Ok(server);
            }
            sleep(Duration::from_millis(10)).await;
        }
        bail!("{program:?} was started and does not answer on port {port}")
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// A connection of the measuring side, apart from those of contestants.
pub(crate) async fn connect(url: &str) -> Result<MultiplexedConnection> {
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    let client = redis::Client::open(url)?;
    Ok(client.get_multiplexed_async_connection_with_config(&config).await?)
}
