//! Reaching a host by its name, whose first address may be dark: a route that is broken, a firewall
//! that drops. Client libraries try one address after the other and lose all their time at it.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpStream, lookup_host};

mod race;
mod silent;

use race::race;
use silent::Silent;

/// Of the whole process: what one client has found out spares the others the wait.
static SILENT: Silent = Silent::new();

/// Connects to the address of this host that answers first. They are tried in the system's order,
/// IPv6 and IPv4 in turn, each a quarter of a second after the one before or as soon as that has
/// failed.
///
/// Cancel-safe: a dropped call leaves no connection behind. The caller limits the time.
///
/// # Errors
/// When the name is not known, or when the last address has failed: a refusal, if there was one.
pub async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    first_of(&addresses(host, port).await?).await.map(|(stream, _)| stream)
}

/// The address that [`connect`] would connect to, for a library that does so itself. Where there is
/// but one it is not tried; of several the connection that told is closed again.
///
/// # Errors
/// As of [`connect`].
pub async fn find(host: &str, port: u16) -> io::Result<SocketAddr> {
    match addresses(host, port).await?[..] {
        [only] => Ok(only),
        ref several => first_of(several).await.map(|(_, address)| address),
    }
}

async fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let mut order = in_turn(lookup_host((host, port)).await?);
    SILENT.put_last(&mut order);
    Ok(order)
}

async fn first_of(addresses: &[SocketAddr]) -> io::Result<(TcpStream, SocketAddr)> {
    let won = race(addresses, TcpStream::connect).await?;
    SILENT.note(&won.passed, won.address);
    Ok((won.stream, won.address))
}

/// The two families in turn, since it is often a whole family that has no way; each address once.
fn in_turn(found: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut each = Vec::new();
    for address in found {
        if !each.contains(&address) {
            each.push(address);
        }
    }
    let first_is_new = each.first().is_some_and(SocketAddr::is_ipv6);
    let (leading, other): (Vec<_>, Vec<_>) =
        each.into_iter().partition(|address| address.is_ipv6() == first_is_new);
    let mut order = Vec::with_capacity(leading.len() + other.len());
    let (mut leading, mut other) = (leading.into_iter(), other.into_iter());
    while leading.len() + other.len() > 0 {
        order.extend(leading.next());
        order.extend(other.next());
    }
    order
}

#[cfg(test)]
#[path = "reach_tests.rs"]
mod tests;
