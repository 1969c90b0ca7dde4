//! What the server counts, read from its `INFO`.

use anyhow::{Context, Result};
use redis::aio::MultiplexedConnection;

/// The counters at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stats {
    /// Processor time of the whole server, in microseconds.
    pub(crate) cpu_us: f64,
    /// Commands, those inside scripts and the scripts themselves included.
    pub(crate) commands: f64,
    /// Bytes in use, without the buffers of clients.
    pub(crate) memory: f64,
}

impl Stats {
    pub(crate) async fn read(connection: &mut MultiplexedConnection) -> Result<Self> {
        let text: String = redis::cmd("INFO").arg("all").query_async(connection).await?;
        Self::parse(&text)
    }

    fn parse(info: &str) -> Result<Self> {
        let cpu = field(info, "used_cpu_sys")? + field(info, "used_cpu_user")?;
        let memory = field(info, "used_memory")? - field(info, "mem_clients_normal")?;
        Ok(Self { cpu_us: cpu * 1e6, commands: commands(info), memory })
    }
}

/// The server's version.
pub(crate) async fn version(connection: &mut MultiplexedConnection) -> Result<String> {
    let text: String = redis::cmd("INFO").arg("server").query_async(connection).await?;
    word(&text, "redis_version").map(str::to_owned)
}

fn word<'a>(info: &'a str, name: &str) -> Result<&'a str> {
    let value = |line: &'a str| line.strip_prefix(name)?.strip_prefix(':');
    info.lines()
        .find_map(value)
        .map(str::trim)
        .with_context(|| format!("the server's INFO has no {name}: it is no Redis of 7.0 or later"))
}

fn field(info: &str, name: &str) -> Result<f64> {
    word(info, name)?.parse().with_context(|| format!("the server's {name} is no number"))
}

/// The calls of all lines such as `cmdstat_lpush:calls=3,usec=..`.
fn commands(info: &str) -> f64 {
    let calls = |line: &str| {
        let (_, calls) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        calls.split(',').next()?.parse::<f64>().ok()
    };
    info.lines().filter_map(calls).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn info_is_read() -> Result<()> {
        let info = "used_memory:2000\r\nmem_clients_normal:500\r\nused_cpu_sys:1.5\r\n\
                    used_cpu_user:0.5\r\ncmdstat_lpush:calls=3,usec=9\r\ncmdstat_get:calls=4,u=1";
        let stats = Stats::parse(info)?;
        assert_eq!((stats.cpu_us, stats.commands, stats.memory), (2e6, 7.0, 1500.0));
        Ok(())
    }
}
