//! An address in the library's words, with everything off that it would do by itself.

use std::net::SocketAddr;
use std::time::Duration;

use fred::types::Builder;
use fred::types::config::{
    Config, ConnectionConfig, Server, ServerConfig, TcpConfig, TlsConfig, TlsConnector,
};
use socket2::TcpKeepalive;
use tireless_redis_broker::address::{Address, Endpoint, Secret};
use tireless_redis_broker::connect_error::ConnectError;
use tireless_redis_broker::patience;
use tireless_redis_broker::reach;
use tireless_redis_broker::tls::client_config;

/// After how long a silence the kernel asks whether the other side is still there.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(30);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(10);

/// Who opens a link limits the time, and says how long it was; the library's own limit only tells that
/// the connection has ended, and must not come first.
const BEYOND_OURS: Duration = patience::CONNECT.saturating_mul(2);

/// A builder without a reconnect policy: the client of a lost connection ends. The database is
/// not set, since the library knows 256 of them only.
pub(crate) async fn builder(address: &Address) -> Result<Builder, ConnectError> {
    let mut config = Config {
        username: address.user.clone(),
        password: address.password.as_ref().map(Secret::reveal).map(str::to_owned),
        ..Config::default()
    };
    match &address.endpoint {
        Endpoint::Tcp { host, port, tls } => {
            // First, since it asks nobody.
            if let Some(tls) = tls {
                config.tls = Some(TlsConfig::from(TlsConnector::from(client_config(tls)?)));
            }
            let found = reach::find(host, *port).await?;
            let server = Server {
                host: to_host(found).into(),
                port: *port,
                tls_server_name: Some(host.into()),
            };
            config.server = ServerConfig::Centralized { server };
        }
        Endpoint::Unix(path) => config.server = ServerConfig::Unix { path: path.clone() },
    }
    let mut builder = Builder::from_config(config);
    builder.set_connection_config(ConnectionConfig {
        connection_timeout: BEYOND_OURS,
        internal_command_timeout: BEYOND_OURS,
        max_command_attempts: 1,
        tcp: TcpConfig {
            // Commands are small and waited for: they must not be held back to be sent together.
            nodelay: Some(true),
            keepalive: Some(
                TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_EVERY),
            ),
            ..TcpConfig::default()
        },
        ..ConnectionConfig::default()
    });
    Ok(builder)
}

/// An address as the library takes a host: without port or brackets, with the zone if it has one.
fn to_host(address: SocketAddr) -> String {
    match address {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
        _ => address.ip().to_string(),
    }
}
