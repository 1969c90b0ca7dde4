//! Set-ups of several private servers: a Cluster, and a master with replicas and sentinels.
//!
//! All are [`TestServer`]s on the loopback address, ended with their handles.

mod cluster;
mod sentinels;

use std::io;
use std::time::{Duration, Instant};

pub use cluster::TestCluster;
pub use sentinels::{MASTER, TestSentinels};

use crate::server::TestServer;

/// How long a set-up may take to come together, or to heal.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `done` answers true.
fn until(what: &str, mut done: impl FnMut() -> bool) -> io::Result<()> {
    let begin = Instant::now();
    while !done() {
        if begin.elapsed() > PATIENCE {
            return Err(io::Error::other(format!("not within {PATIENCE:?}: {what}")));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// The scheme of a URL that leads to these servers, by the kind of their set-up.
fn scheme_of(servers: &[TestServer], kind: &str) -> String {
    let is_secure = servers.iter().any(|server| server.url().starts_with("rediss:"));
    format!("redis{}-{kind}", if is_secure { "s" } else { "" })
}
