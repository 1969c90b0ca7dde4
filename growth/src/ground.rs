//! The ground of a curve: a server of its own, a broker on it, and the bare commands to compare.

use std::sync::Arc;

use anyhow::{Context, Result};
use tireless::{Backend, Client, ConnectOptions, QueueName, connect_with};
use tireless_testkit::server::TestServer;

use crate::gauge::{Gauge, Spent};

/// Where a curve is measured.
#[derive(Debug)]
pub struct Ground {
    /// The server, which nobody else uses.
    pub server: TestServer,
    /// The broker.
    pub broker: Arc<dyn Backend>,
    /// The server's counters.
    pub gauge: Gauge,
    /// The queue of those curves that need one.
    pub queue: QueueName,
    client: Client,
}

impl Ground {
    /// Starts the server and connects.
    ///
    /// # Errors
    /// When there is no server to start.
    pub async fn open(client: Client) -> Result<Self> {
        let server = TestServer::start()?;
        let broker = connect(&server.url(), client).await?;
        let gauge = Gauge::open(&server.url()).await?;
        Ok(Self { server, broker, gauge, queue: "growth".parse()?, client })
    }

    /// A broker with connections of its own, by another way to the same server.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn connect_by(&self, url: &str) -> Result<Arc<dyn Backend>> {
        connect(url, self.client).await
    }

    /// What taking and removing a task costs with bare commands, now.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn bare(&self, tasks: u64, body_bytes: usize) -> Result<Spent> {
        bare(self.broker.as_ref(), tasks, body_bytes).await
    }
}

/// What taking and removing a task costs a broker's store with bare commands.
///
/// # Errors
/// When the server does not answer.
pub async fn bare(broker: &dyn Backend, tasks: u64, body_bytes: usize) -> Result<Spent> {
    let limit = broker.drain_limit(tasks, body_bytes).await?;
    let limit = limit.context("this broker has no bare way to compare with")?;
    let server_us = limit.server_cpu_us.context("the server does not tell its processor time")?;
    Ok(Spent { server_us: server_us as f64 / tasks as f64, wall_us: 1e6 / limit.per_second })
}

/// Connects with a library.
///
/// # Errors
/// When the server does not answer.
pub async fn connect(url: &str, client: Client) -> Result<Arc<dyn Backend>> {
    let mut options = ConnectOptions::default();
    options.client = Some(client);
    options.namespace = "growth".parse()?;
    Ok(connect_with(url, options).await?)
}
