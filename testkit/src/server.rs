//! A private Redis or Valkey server for one test.
//!
//! [`TestServer::start`] runs a real server of its own on a free port of the loopback address (never
//! 6379), in a folder of its own under the system's temporary folder, and waits until it answers.
//! The binary is `TIRELESS_TEST_SERVER` from the environment, else `redis-server` or
//! `valkey-server` from the path.
//!
//! Dropping the handle kills the server and removes its folder. A guard process beside each server
//! does both when the test process dies without a word (SIGKILL, Ctrl-C): it reads a pipe that ends
//! with the test process. No `unsafe` is needed for that.
//!
//! [`shared_url`] is for tests that need a server and do nothing to it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

// Paths spelled out: the repository's automation takes this file in as well.
#[path = "server/builder.rs"]
mod builder;
#[path = "server/guard.rs"]
mod guard;
#[path = "server/place.rs"]
mod place;
#[path = "server/shared.rs"]
mod shared;

pub use builder::{TestServerBuilder, TlsFiles};
use guard::Guard;
pub use place::{SERVER_VARIABLE, find_binary};
use place::{answers, ask};
pub use shared::{URL_VARIABLE, shared_url};

/// How long a server may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(20);

/// A running private server; see the module's words.
#[derive(Debug)]
pub struct TestServer {
    binary: PathBuf,
    dir: PathBuf,
    port: u16,
    builder: TestServerBuilder,
    child: Option<Child>,
    guard: Option<Guard>,
}

impl TestServer {
    /// Starts a server on a free port.
    ///
    /// # Errors
    ///
    /// As [`TestServerBuilder::start`].
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    /// Starts a server with more arguments.
    ///
    /// # Errors
    ///
    /// As [`TestServerBuilder::start`].
    pub fn with_args(args: impl IntoIterator<Item = impl Into<OsString>>) -> io::Result<Self> {
        Self::builder().with_args(args).start()
    }

    /// Chooses the binary, the socket, TLS, persistence and arguments.
    pub fn builder() -> TestServerBuilder {
        TestServerBuilder::default()
    }

    /// The URL: `redis://127.0.0.1:PORT`, `rediss://127.0.0.1:PORT` or `redis+unix:///PATH`.
    pub fn url(&self) -> String {
        if self.builder.unix_socket {
            format!("redis+unix://{}", self.socket().display())
        } else if self.builder.tls.is_some() {
            format!("rediss://127.0.0.1:{}", self.port)
        } else {
            format!("redis://127.0.0.1:{}", self.port)
        }
    }

    /// The port, the same for the server's whole life; 0 with a Unix socket only.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The Unix socket. Every private server has one, also those that have a port.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("s")
    }

    /// The binary that runs.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// The process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Kills the server (SIGKILL) and waits until it is gone. Its folder stays for a restart.
    pub fn kill(&mut self) {
        self.guard = None;
        if let Some(mut child) = self.child.take() {
            // Both fail only when the process is gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Sends one command over the server's socket and gives the answer as text; the parts of an
    /// array are joined by line breaks.
    ///
    /// # Errors
    ///
    /// When it does not answer within ten seconds, or with an error, whose text it is.
    pub fn ask(&self, words: &[&str]) -> io::Result<String> {
        ask(&self.socket(), words, Duration::from_secs(10))
    }

    /// Freezes the server (SIGSTOP): it keeps its connections and answers nothing.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn stop(&self) -> io::Result<()> {
        self.signal("-STOP")
    }

    /// Lets a frozen server go on (SIGCONT).
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn cont(&self) -> io::Result<()> {
        self.signal("-CONT")
    }

    /// Kills the server if it runs and starts it again on the same port, with its folder: with
    /// [`TestServerBuilder::append_only`] its data is back, else it is empty.
    ///
    /// # Errors
    ///
    /// As [`TestServerBuilder::start`].
    pub fn restart(&mut self) -> io::Result<()> {
        self.kill();
        self.spawn()
    }

    fn signal(&self, name: &str) -> io::Result<()> {
        let pid = self.pid().ok_or_else(|| io::Error::other("the test server does not run"))?;
        let status = Command::new("kill").arg(name).arg(pid.to_string()).status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("kill {name} {pid}"))) }
    }

    fn spawn(&mut self) -> io::Result<()> {
        let _ = fs::remove_file(self.socket());
        let mut command = Command::new(&self.binary);
        if self.builder.config.is_some() {
            command.arg(self.dir.join("conf"));
        }
        command.args(["--bind", "127.0.0.1", "--save", "", "--daemonize", "no", "--dir"]);
        command.arg(&self.dir).arg("--logfile").arg(self.dir.join("log"));
        command.arg("--unixsocket").arg(self.socket());
        let port = self.port.to_string();
        match &self.builder.tls {
            Some(files) => {
                command.args(["--port", "0", "--tls-port", &port, "--tls-cert-file"]);
                command.arg(&files.certificate).arg("--tls-key-file").arg(&files.key);
                command.arg("--tls-ca-cert-file").arg(&files.authority);
            }
            None => {
                command.args(["--port", &port]);
            }
        }
        command.args(&self.builder.args).current_dir(&self.dir);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.binary.display()))
        })?;
        self.guard = Some(Guard::new(child.id(), &self.dir)?);
        self.child = Some(child);
        self.wait_until_ready()
    }

    fn wait_until_ready(&mut self) -> io::Result<()> {
        let begin = Instant::now();
        loop {
            if answers(&self.socket()) {
                return Ok(());
            }
            let ended = match &mut self.child {
                Some(child) => child.try_wait()?.is_some(),
                None => true,
            };
            if ended || begin.elapsed() > START_LIMIT {
                self.kill();
                let what = if ended { "ended" } else { "did not answer in time" };
                let binary = self.binary.display();
                return Err(io::Error::other(format!("{binary} {what}: {}", self.log_tail())));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The last lines that the server wrote, for error messages.
    fn log_tail(&self) -> String {
        let log = fs::read(self.dir.join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(8)..].join("\n")
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

// Named for `cargo xtask test`, which leaves these out where no binary can be run.
#[cfg(test)]
#[path = "server_tests.rs"]
mod own_server;
