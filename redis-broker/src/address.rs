//! Where a Redis is and how to enter it: one URL grammar for both client libraries.

use std::fmt;
use std::path::PathBuf;

/// How the server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `redis://` and `rediss://`.
    Tcp {
        /// Host name or address.
        host: String,
        /// Port; 6379 unless the URL names one.
        port: u16,
        /// TLS, for `rediss://`.
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

/// Where a Redis is and how to enter it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// How the server is reached.
    pub endpoint: Endpoint,
    /// The ACL user, if not the default one.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// The database number.
    pub database: u32,
}
