//! The end of a server's log, which a power cut takes.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use redis::Value;
use tireless_testkit::server::TestServer;

use crate::ground::{Ground, data_dir};
use crate::history::{self, Moment};

/// For how long the server may keep what it has yet to write, which it does while its disk is slow.
const UNWRITTEN: Duration = Duration::from_secs(20);

/// How long the log was some time ago.
#[derive(Debug)]
pub(super) struct Tail {
    log: PathBuf,
    kept: u64,
    noted: Moment,
}

impl Tail {
    /// Notes how long the log is, and lets this time pass, in which more is written.
    pub(super) async fn before(ground: &Ground, time: Duration) -> Result<Self> {
        let log = log_of(&ground.server)?;
        let noted = all_written(ground).await?;
        let kept = fs::metadata(&log)?.len();
        tokio::time::sleep(time).await;
        Ok(Self { log, kept, noted })
    }

    /// The moment before which nothing is cut off.
    pub(super) fn noted(&self) -> Moment {
        self.noted
    }

    /// Cuts off what was written since. The server must be dead.
    pub(super) fn cut_off(self) -> Result<()> {
        let file = OpenOptions::new().write(true).open(&self.log)?;
        file.set_len(self.kept).context("the log cannot be cut")
    }
}

/// A moment up to which all that was answered is written, if not yet safe on the disk.
async fn all_written(ground: &Ground) -> Result<Moment> {
    let mut raw = ground.raw().await;
    let begin = Instant::now();
    loop {
        let asked = history::now();
        let told = match raw.command(&[b"INFO", b"persistence"]).await {
            Value::BulkString(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Value::VerbatimString { text, .. } => text,
            other => format!("{other:?}"),
        };
        if told.lines().any(|line| line.trim_end() == "aof_buffer_length:0") {
            return Ok(asked);
        }
        ensure!(begin.elapsed() < UNWRITTEN, "the server does not write its log: {told}");
        tokio::time::sleep(Duration::from_millis(2)).await;
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
