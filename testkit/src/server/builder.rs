//! What a private server is started with.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use super::TestServer;
use super::place::{PORTS, create_dir, find_binary, free_port};

/// The files of a server's own certificate, in PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate. It must name `127.0.0.1`, which is the host of the URL.
    pub certificate: PathBuf,
    /// The certificate's private key.
    pub key: PathBuf,
    /// The authority that signed it.
    pub authority: PathBuf,
}

/// What to start; see [`TestServer::builder`].
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until `start`"]
pub struct TestServerBuilder {
    binary: Option<PathBuf>,
    pub(super) unix_socket: bool,
    pub(super) tls: Option<TlsFiles>,
    ports: Option<Range<u16>>,
    pub(super) config: Option<String>,
    pub(super) args: Vec<OsString>,
}

impl TestServerBuilder {
    /// Runs this binary instead of the one from the environment or the path.
    pub fn binary(mut self, path: impl Into<PathBuf>) -> Self {
        self.binary = Some(path.into());
        self
    }

    /// Listens on a Unix socket only, on no port.
    pub fn unix_socket(mut self) -> Self {
        self.unix_socket = true;
        self
    }

    /// Listens with TLS only. Clients need no certificate. The binary must be built with TLS.
    pub fn tls(mut self, files: TlsFiles) -> Self {
        self.tls = Some(files);
        self.with_args(["--tls-auth-clients", "no"])
    }

    /// Keeps an append-only file, so that a restart finds all data again.
    pub fn append_only(self) -> Self {
        self.with_args(["--appendonly", "yes"])
    }

    /// Takes a port of this range.
    pub fn ports(mut self, ports: Range<u16>) -> Self {
        self.ports = Some(ports);
        self
    }

    /// Gives the server a configuration file that it may write to, as sentinels do.
    pub fn config(mut self, text: impl Into<String>) -> Self {
        self.config = Some(text.into());
        self
    }

    /// More arguments for the server, as on its command line: `["--maxmemory", "10mb"]`.
    pub fn with_args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Errors
    ///
    /// Without a binary, with the command that installs one; when the server ends or does not
    /// answer within 20 seconds, with the end of its log.
    pub fn start(self) -> io::Result<TestServer> {
        let binary = match &self.binary {
            Some(path) => path.clone(),
            None => find_binary()?,
        };
        let dir = create_dir()?;
        let mut server =
            TestServer { binary, dir, port: 0, builder: self, child: None, guard: None };
        if let Some(text) = &server.builder.config {
            fs::write(server.dir.join("conf"), text)?;
        }
        let mut last = io::Error::other("no free port");
        for _ in 0..5 {
            let ports = server.builder.ports.clone().unwrap_or(PORTS);
            server.port = if server.builder.unix_socket { 0 } else { free_port(&ports)? };
            match server.spawn() {
                Ok(()) => return Ok(server),
                Err(error) => last = error,
            }
            // Only a port that another program took in between is worth another try.
            if !server.log_tail().contains("Address already in use") {
                break;
            }
        }
        Err(last)
    }
}
