//! What asks a command to stop in good order.

use tireless::shutdown_signal;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ends at the first SIGTERM or Ctrl-C, or when the terminal is closed.
pub(crate) async fn asked_to_stop() {
    let Some(mut hangup) = hangup() else { return shutdown_signal().await };
    tokio::select! {
        () = shutdown_signal() => {}
        Some(()) = hangup.recv() => {
            // Signals that come while nobody waits for them are lost.
            tokio::spawn(shutdown_signal());
        }
    }
}

/// SIGHUP, unless the command is to outlive its terminal (`nohup`).
fn hangup() -> Option<Signal> {
    if hangup_is_ignored()? {
        return None;
    }
    signal(SignalKind::hangup()).ok()
}

/// Nothing where the system does not tell: the signal keeps its effect there.
fn hangup_is_ignored() -> Option<bool> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    let ignored = u64::from_str_radix(ignored.trim(), 16).ok()?;
    Some(ignored & 1 == 1)
}
