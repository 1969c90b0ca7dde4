//! What a process uses: asked of Linux's `/proc`, and of `ps` elsewhere.

use std::fs;
use std::process::Command;
use std::time::Duration;

/// A tick of the times in `/proc`, on every Linux there is.
const TICK: Duration = Duration::from_millis(10);

/// How long a process has had a processor so far, in its own code and in the system's.
///
/// Panics when there is no such process.
pub fn cpu_time(pid: u32) -> Duration {
    if let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) {
        // The name stands in brackets and may hold anything; the times are the 12th and 13th behind.
        let (_, behind) = stat.rsplit_once(')').expect("a name");
        let times = behind.split_whitespace().skip(11).take(2);
        let ticks = times.map(|ticks| ticks.parse::<u32>().expect("a time"));
        return TICK * ticks.sum::<u32>();
    }
    let clock = ps(pid, "time=");
    let parts = clock.split([':', '-']).map(|part| part.parse::<f64>().expect("a time"));
    Duration::from_secs_f64(parts.fold(0.0, |sum, part| 60.0 * sum + part))
}

/// How much memory of the machine a process holds now, in bytes.
///
/// Panics when there is no such process.
pub fn memory(pid: u32) -> u64 {
    if let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) {
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let text = line.expect("its size").trim().trim_end_matches(" kB");
        return 1_024 * text.parse::<u64>().expect("a size");
    }
    1_024 * ps(pid, "rss=").parse::<u64>().expect("a size")
}

fn ps(pid: u32, column: &str) -> String {
    let output = Command::new("ps").args(["-o", column, "-p", &pid.to_string()]).output();
    let output = output.expect("ps").stdout;
    String::from_utf8_lossy(&output).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{cpu_time, memory};

    #[test]
    fn what_this_process_uses_grows() {
        let (me, begin) = (std::process::id(), Instant::now());
        let before = cpu_time(me);
        while cpu_time(me) < before + Duration::from_millis(100) {
            assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", cpu_time(me));
        }
        assert!(memory(me) > 1_000_000, "{}", memory(me));
        let held = vec![1_u8; 64 << 20];
        assert!(memory(me) > held.len() as u64, "{}", memory(me));
    }
}
