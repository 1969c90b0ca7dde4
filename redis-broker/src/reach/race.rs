//! Connecting to several addresses, each with a head start over the next (RFC 8305, section 5).

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::timeout;

/// How long one address is waited for before the next is tried beside it.
pub(super) const HEAD_START: Duration = Duration::from_millis(250);

/// What a race came to.
#[derive(Debug)]
pub(super) struct Won<S> {
    /// The connection.
    pub(super) stream: S,
    /// Where it leads.
    pub(super) address: SocketAddr,
    /// The addresses that came before it and had not answered.
    pub(super) passed: Vec<SocketAddr>,
}

/// Connects to the address that answers first; the others' tries are dropped.
///
/// # Errors
/// When all have failed. A refusal says most, for there is a host; else it is the last error.
pub(super) async fn race<S, F>(
    addresses: &[SocketAddr],
    connect: impl Fn(SocketAddr) -> F,
) -> io::Result<Won<S>>
where
    F: Future<Output = io::Result<S>>,
{
    let mut trying = FuturesUnordered::new();
    let mut waiting = addresses.iter().copied().enumerate();
    let mut failed = Vec::new();
    let mut trouble =
        io::Error::new(io::ErrorKind::InvalidInput, "could not resolve to any address");
    loop {
        if let Some((at, address)) = waiting.next() {
            let connecting = connect(address);
            trying.push(async move { (at, address, connecting.await) });
        }
        let ended = trying.next();
        let ended = if waiting.len() == 0 {
            ended.await
        } else {
            let Ok(ended) = timeout(HEAD_START, ended).await else { continue };
            ended
        };
        match ended {
            Some((at, address, Ok(stream))) => {
                let earlier = addresses.iter().take(at).copied();
                let passed = earlier.filter(|address| !failed.contains(address)).collect();
                return Ok(Won { stream, address, passed });
            }
            Some((_, address, Err(error))) => {
                failed.push(address);
                if trouble.kind() != io::ErrorKind::ConnectionRefused {
                    trouble = error;
                }
            }
            None => return Err(trouble),
        }
    }
}

#[cfg(test)]
#[path = "race_tests.rs"]
mod tests;
