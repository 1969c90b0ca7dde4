//! A clock that all processes of a machine share and nobody can set.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::{Moment, micros};

/// Tells the time since the machine started.
///
/// The kernel tells it in hundredths of a second; between two such steps a process's own monotonic
/// clock counts. Two processes agree within a hundredth of a second or two.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    base: Moment,
    since: Instant,
}

impl Stopwatch {
    /// Reads the kernel's clock once.
    ///
    /// # Errors
    /// Where there is no `/proc/uptime`: the histories of several processes need Linux.
    pub fn start() -> Result<Self> {
        let text = fs::read_to_string("/proc/uptime").context("/proc/uptime (Linux only)")?;
        let seconds: f64 = text.split_whitespace().next().unwrap_or_default().parse()?;
        Ok(Self { base: micros(Duration::from_secs_f64(seconds)), since: Instant::now() })
    }

    /// The time now.
    pub fn now(&self) -> Moment {
        self.base + micros(self.since.elapsed())
    }
}
