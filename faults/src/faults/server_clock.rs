//! The server's clock is set, forwards and back, under load.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use tireless::WorkerId;
use tireless_testkit::server::{TestServer, find_binary};
use tireless_tests::Pace;

use crate::crew::{Crew, Terms};
use crate::fault::{Fault, Report, Run};
use crate::ground::Ground;
use crate::load::{Load, Plan};
use crate::random::below;
use crate::{faketime, living};

const JUMPS: u64 = 20;
const RATE: f64 = 100.0;
const WORKERS: usize = 3;
const SLOTS: usize = 16;

/// As many as there are slots: workers that claim more would extend their leases by that, before
/// anybody could think them dead.
const HELD: u64 = (WORKERS * SLOTS) as u64;

/// By how much the clock is off after each jump, in seconds, again and again. Each jump is longer
/// than the lease, and every one back is made good.
const OFFSETS: [i64; 8] = [3_600, 0, -3_600, 0, 7, 0, -7, 0];

/// The fault.
#[derive(Debug)]
pub(super) struct ServerClock;

#[async_trait]
impl Fault for ServerClock {
    fn name(&self) -> &'static str {
        "server-clock"
    }

    fn bar(&self) -> &'static str {
        "The server's clock set forwards and back by an hour and by seconds under load, 20 times, \
         each by more than the lease: no live claim reclaimed, no crash charged, none lost, none \
         repeated"
    }

    fn full(&self) -> (u64, &'static str) {
        (JUMPS, "jumps")
    }

    fn small(&self) -> f64 {
        0.1
    }

    fn missing(&self) -> Option<String> {
        faketime::missing()
    }

    fn catches(&self) -> &'static [&'static str] {
        &["IgnoresThePermissionsEnd"]
    }

    async fn run(&self, run: &Run) -> Result<Report> {
        let jumps = run.times(JUMPS, 2);
        let pace = Pace::FAST;
        let clock = Clock::new()?;
        let ground = Ground::open(run, TestServer::builder().binary(&clock.server)).await?;
        let crew = Crew::start(&ground.place, Terms::new(SLOTS, pace), WORKERS)?;
        crew.ready().await?;
        let body = |id| format!("{id} sleep {}", 10 + below(100));
        let load = Load::start(&ground, "producer", Plan::new(u64::MAX, RATE, body))?;
        run.progress.set_length(jumps);
        let (mut charged, mut off) = (0, Vec::new());
        for (jump, offset) in (0..jumps).zip(OFFSETS.into_iter().cycle()) {
            living::hold(&ground, jump, HELD, |id| format!("{id} sleep 6000")).await?;
            tokio::time::sleep(Duration::from_secs(1)).await;
            clock.set(offset)?;
            // Some beats, in which a wrong verdict would be spoken.
            tokio::time::sleep(pace.lease + pace.beat * 3).await;
            charged += living::crashes(&ground).await?;
            off.push(ahead(&ground).await? - offset);
            run.progress.inc(1);
        }
        clock.set(0)?;
        let told = load.stop().await?;
        let drained = ground.drain(ground.patience(Duration::from_secs(60))).await;
        crew.go_home(Duration::from_secs(40)).await?;
        let findings = ground.check(&[]).await?;
        let mut report = Report::new(jumps, &findings);
        report.ended_well(drained, &told);
        living::unharmed(&mut report, &ground, charged)?;
        let set = off.iter().all(|seconds| seconds.abs() <= 1);
        report.demand(set, || format!("the clock was not where it was set to: {off:?}"));
        Ok(report)
    }
}

/// By how many seconds the server is ahead of this process.
async fn ahead(ground: &Ground) -> Result<i64> {
    let checkup = ground.broker.checkup().await?;
    let ahead = checkup.first().and_then(|server| server.clock_ahead_ms.known().copied());
    let ahead = ahead.context("the server does not tell its time")?;
    Ok((ahead as f64 / 1e3).round() as i64)
}

/// A server whose clock can be set, in a folder that goes with it.
#[derive(Debug)]
struct Clock {
    dir: PathBuf,
    server: PathBuf,
}

impl Clock {
    fn new() -> Result<Self> {
        let dir = std::env::temp_dir().join(format!("tireless-clock-{}", WorkerId::new()));
        fs::create_dir_all(&dir)?;
        let clock = Self { server: dir.join("server"), dir };
        clock.set(0)?;
        fs::write(&clock.server, clock.script(&find_binary()?)?)?;
        fs::set_permissions(&clock.server, Permissions::from_mode(0o755))?;
        Ok(clock)
    }

    fn offset(&self) -> PathBuf {
        self.dir.join("offset")
    }

    /// Moves the clock this many seconds away from the true time, at once.
    fn set(&self, seconds: i64) -> Result<()> {
        // In one step: the server may look at any moment.
        let next = self.dir.join("next");
        fs::write(&next, format!("{seconds:+}\n"))?;
        fs::rename(next, self.offset())?;
        Ok(())
    }

    /// Starts the server as another program would start it.
    fn script(&self, binary: &Path) -> Result<String> {
        let offset = self.offset().display().to_string();
        let settings = [("FAKETIME_TIMESTAMP_FILE", &*offset), ("FAKETIME_NO_CACHE", "1")];
        let variables = faketime::environment(&settings)?;
        let words: Vec<_> =
            variables.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
        Ok(format!("#!/bin/sh\nexec env {} '{}' \"$@\"\n", words.join(" "), binary.display()))
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}
