//! The gauge: reads the server's own counters over a connection that does nothing else.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result};
use redis::aio::MultiplexedConnection;
use redis::{Client, cmd};

use crate::info;

/// Readings from which the cost of one is found.
const READINGS: u32 = 200;

/// A connection for looking.
#[derive(Clone, Debug)]
pub struct Gauge {
    connection: MultiplexedConnection,
    /// What one reading of the processor costs the server itself, in microseconds.
    reading_us: f64,
}

/// Where a measurement began.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    at: Instant,
    server_us: f64,
}

/// What something took, in microseconds; adds up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// Of the server's processor.
    pub server_us: f64,
    /// As it passed.
    pub wall_us: f64,
}

impl Spent {
    /// The same a task.
    #[must_use]
    pub fn per(self, tasks: u64) -> Self {
        let share = |us: f64| us / tasks.max(1) as f64;
        Self { server_us: share(self.server_us), wall_us: share(self.wall_us) }
    }

    /// With more of it.
    pub fn add(&mut self, more: Self) {
        self.server_us += more.server_us;
        self.wall_us += more.wall_us;
    }
}

impl Gauge {
    /// Connects, and finds what its own readings cost.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn open(url: &str) -> Result<Self> {
        let connection = Client::open(url)?.get_multiplexed_async_connection().await?;
        let mut gauge = Self { connection, reading_us: 0.0 };
        let before = gauge.server_us().await?;
        let mut after = before;
        for _ in 0..READINGS {
            after = gauge.server_us().await?;
        }
        gauge.reading_us = (after - before) / f64::from(READINGS);
        Ok(gauge)
    }

    async fn info(&self, section: &str) -> Result<String> {
        let mut connection = self.connection.clone();
        Ok(cmd("INFO").arg(section).query_async(&mut connection).await?)
    }

    async fn number(&self, section: &str, name: &str) -> Result<f64> {
        let info = self.info(section).await?;
        info::number(&info, name).with_context(|| format!("the server's INFO has no {name}"))
    }

    /// The processor time that the server has used, in microseconds.
    async fn server_us(&self) -> Result<f64> {
        let info = self.info("cpu").await?;
        let part = |name| info::number(&info, name).unwrap_or(0.0);
        Ok((part("used_cpu_user") + part("used_cpu_sys")) * 1e6)
    }

    /// Begins a measurement.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn mark(&self) -> Result<Mark> {
        let server_us = self.server_us().await?;
        Ok(Mark { at: Instant::now(), server_us })
    }

    /// What was spent since, less what the reading itself cost.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn since(&self, mark: Mark) -> Result<Spent> {
        let wall_us = mark.at.elapsed().as_secs_f64() * 1e6;
        let server_us = (self.server_us().await? - mark.server_us - self.reading_us).max(0.0);
        Ok(Spent { server_us, wall_us })
    }

    /// Bytes of memory in use.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn memory(&self) -> Result<f64> {
        self.number("memory", "used_memory").await
    }

    /// Connections, without this one.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn connections(&self) -> Result<f64> {
        Ok(self.number("clients", "connected_clients").await? - 1.0)
    }

    /// How often each command was called.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn calls(&self) -> Result<BTreeMap<String, u64>> {
        Ok(info::calls(&self.info("commandstats").await?))
    }

    /// Name and version.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn server(&self) -> Result<String> {
        Ok(info::server(&self.info("server").await?))
    }

    /// Whether the server answers at all, by a command that costs nothing.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<()> {
        let mut connection = self.connection.clone();
        Ok(cmd("PING").query_async(&mut connection).await?)
    }
}
