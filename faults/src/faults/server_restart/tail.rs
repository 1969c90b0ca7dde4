//! The end of a server's log, which a power cut takes.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use tireless_testkit::server::TestServer;

use crate::ground::data_dir;

/// How long the log was some time ago.
#[derive(Debug)]
pub(super) struct Tail {
    log: PathBuf,
    kept: u64,
}

impl Tail {
    /// Notes how long the log is, and lets this time pass, in which more is written.
    pub(super) async fn before(server: &TestServer, time: Duration) -> Result<Self> {
        let log = log_of(server)?;
        let kept = fs::metadata(&log)?.len();
        tokio::time::sleep(time).await;
        Ok(Self { log, kept })
    }

    /// Cuts off what was written since. The server must be dead.
    pub(super) fn cut_off(self) -> Result<()> {
        let file = OpenOptions::new().write(true).open(&self.log)?;
        file.set_len(self.kept).context("the log cannot be cut")
    }
}

/// The file that grows: one of several from Redis 7 on, the only one before.
fn log_of(server: &TestServer) -> Result<PathBuf> {
    let dir = data_dir(server)?;
    let single = dir.join("appendonly.aof");
    if single.is_file() {
        return Ok(single);
    }
    let files = fs::read_dir(dir.join("appendonlydir")).context("no append-only file")?;
    let paths = files.filter_map(|file| Some(file.ok()?.path()));
    let growing = paths.filter(|path| path.to_string_lossy().ends_with(".incr.aof")).max();
    growing.context("no append-only file that grows")
}
