//! The bytes under a connection: TCP, TLS over it, or a Unix socket.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tireless_redis_broker::address::Tls;
use tireless_redis_broker::connect_error::ConnectError;
use tireless_redis_broker::reach;
use tireless_redis_broker::tls::client_config;
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

/// After how long a silence the kernel asks whether the other side is still there.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(30);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(10);

pub(crate) async fn tcp(host: &str, port: u16) -> Result<TcpStream, ConnectError> {
    let stream = reach::connect(host, port).await?;
    // Commands are small and waited for: they must not be held back to be sent together.
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_EVERY);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    Ok(stream)
}

pub(crate) async fn tls(
    host: &str,
    port: u16,
    tls: &Tls,
) -> Result<TlsStream<TcpStream>, ConnectError> {
    let connector = TlsConnector::from(Arc::new(client_config(tls)?));
    let name =
        ServerName::try_from(host.to_owned()).map_err(|error| ConnectError::Tls(error.into()))?;
    let stream = tcp(host, port).await?;
    connector.connect(name, stream).await.map_err(|error| ConnectError::Tls(error.into()))
}

pub(crate) async fn unix(path: &Path) -> Result<UnixStream, ConnectError> {
    Ok(UnixStream::connect(path).await?)
}
