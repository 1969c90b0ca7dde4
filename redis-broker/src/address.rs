//! Where a Redis is and how to enter it: one URL grammar for both client libraries.

use std::fmt;
use std::path::{Path, PathBuf};

use tireless_core::Result;

mod parse;
mod settings;
mod topology;

pub use topology::{Node, Sentinels, Topology};

/// How the server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A host and a port.
    Tcp {
        /// Host name or address; an IPv6 address without brackets.
        host: String,
        /// Port; 6379 unless the URL names one, 26379 of a sentinel.
        port: u16,
        /// TLS, for the schemes that begin with `rediss`.
        tls: Option<Tls>,
    },
    /// `redis+unix://`.
    Unix(PathBuf),
}

/// How a TLS server is verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// A PEM file of certificate authorities to trust instead of the built-in ones (`?ca=PATH`).
    pub ca: Option<PathBuf>,
    /// PEM files of a client certificate and its key (`?cert=PATH&key=PATH`).
    pub client: Option<(PathBuf, PathBuf)>,
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a Redis is and how to enter it. `Display` and `Debug` never show the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// How the server is reached, or the one that is asked for the others.
    pub endpoint: Endpoint,
    /// Whether it stands for one server or for several.
    pub topology: Topology,
    /// The ACL user, if not the default one.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// The database number.
    pub database: u32,
}

impl Address {
    /// Reads a URL:
    ///
    /// - `redis://[user[:password]@]host[:port][/db]`
    /// - `rediss://...`, the same over TLS; `?ca=PATH` trusts these authorities instead of the
    ///   built-in ones, `?cert=PATH&key=PATH` shows a client certificate (all PEM files)
    /// - `redis+unix:///path?db=1&user=u&pass=p`
    /// - `redis-sentinel://[user[:password]@]host[:port]/MASTER?node=host2:port2`, with `node=` for
    ///   each further sentinel; `sentinel-user`, `sentinel-pass` and `sentinel-password-file` are
    ///   what the sentinels themselves ask for
    /// - `redis-cluster://[user[:password]@]host[:port]?node=host2:port2`, with `node=` for each
    ///   further server that is to be asked where the others are
    /// - `rediss-sentinel://` and `rediss-cluster://`, the same over TLS, the sentinels too
    ///
    /// `?db=N` and `?password-file=PATH` (the file is read now, its final line break cut) fit
    /// each of them. `?client=NAME` is accepted and left to the caller. User, password, path and
    /// the values are percent-decoded; a plus sign stays one.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for anything else, with what is accepted; no part of the URL that could be
    /// a password is repeated.
    pub fn parse(url: &str) -> Result<Self> {
        parse::parse(url)
    }

    /// A server by host and port, without TLS, user or password, database 0.
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self::at(Endpoint::Tcp { host: host.into(), port, tls: None })
    }

    /// A server behind a Unix socket.
    pub fn unix(path: impl AsRef<Path>) -> Self {
        Self::at(Endpoint::Unix(path.as_ref().to_owned()))
    }

    fn at(endpoint: Endpoint) -> Self {
        Self { endpoint, topology: Topology::Single, user: None, password: None, database: 0 }
    }

    /// How TLS is to be used, if it is.
    pub fn tls(&self) -> Option<&Tls> {
        match &self.endpoint {
            Endpoint::Tcp { tls, .. } => tls.as_ref(),
            Endpoint::Unix(_) => None,
        }
    }

    /// `HOST:PORT`, or the path of the socket: what a message calls the server.
    pub fn place(&self) -> String {
        match &self.endpoint {
            Endpoint::Tcp { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
            Endpoint::Tcp { host, port, .. } => format!("{host}:{port}"),
            Endpoint::Unix(path) => path.display().to_string(),
        }
    }
}

/// The URL without its password and without the paths of certificates.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        let database = self.database;
        match &self.endpoint {
            Endpoint::Unix(_) => {
                write!(f, "redis+unix://{place}?db={database}")?;
                self.user.as_ref().map_or(Ok(()), |user| write!(f, "&user={user}"))
            }
            Endpoint::Tcp { tls, .. } => {
                let scheme = if tls.is_some() { "rediss" } else { "redis" };
                let kind = match &self.topology {
                    Topology::Single => "",
                    Topology::Sentinel(_) => "-sentinel",
                    Topology::Cluster { .. } => "-cluster",
                };
                write!(f, "{scheme}{kind}://")?;
                if let Some(user) = &self.user {
                    write!(f, "{user}@")?;
                }
                match &self.topology {
                    Topology::Sentinel(sentinels) => {
                        write!(f, "{place}/{}?db={database}", sentinels.master)
                    }
                    _ => write!(f, "{place}/{database}"),
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
