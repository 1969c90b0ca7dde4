//! A private master with replicas, watched by sentinels.

use std::io;

use super::{scheme_of, until};
use crate::server::{TestServer, TestServerBuilder};

/// What the sentinels call the master.
pub const MASTER: &str = "main";

const SENTINELS: usize = 3;

/// A master, its replicas, and three sentinels that take it for dead after a second.
#[derive(Debug)]
pub struct TestSentinels {
    /// The first master, then its replicas. A failover changes their parts and not their places.
    pub servers: Vec<TestServer>,
    /// The sentinels.
    pub sentinels: Vec<TestServer>,
}

impl TestSentinels {
    /// Starts a master with so many replicas, and the sentinels, and waits until all know each
    /// other and the replicas are in step.
    ///
    /// # Errors
    /// As [`TestServerBuilder::start`]; when they do not come together within half a minute.
    pub fn start(replicas: usize) -> io::Result<Self> {
        Self::start_with(replicas, |server| server)
    }

    /// The same, with more settings for master and replicas.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_with(
        replicas: usize,
        set: impl Fn(TestServerBuilder) -> TestServerBuilder,
    ) -> io::Result<Self> {
        Self::watched_with(replicas, set, |sentinel| sentinel)
    }

    /// The same, with more settings for the sentinels too.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn watched_with(
        replicas: usize,
        set: impl Fn(TestServerBuilder) -> TestServerBuilder,
        watch: impl Fn(TestServerBuilder) -> TestServerBuilder,
    ) -> io::Result<Self> {
        let server = || {
            let server = TestServer::builder();
            set(server.with_args(["--repl-diskless-sync-delay", "0"]))
        };
        let master = server().start()?;
        let port = master.port().to_string();
        let mut servers = vec![master];
        for _ in 0..replicas {
            servers.push(server().with_args(["--replicaof", "127.0.0.1", &port]).start()?);
        }
        let mut set_up = Self { servers, sentinels: Vec::new() };
        set_up.until_in_step()?;
        for _ in 0..SENTINELS {
            let config = format!(
                "sentinel monitor {MASTER} 127.0.0.1 {port} 2\n\
                 sentinel down-after-milliseconds {MASTER} 1000\n\
                 sentinel failover-timeout {MASTER} 5000\n"
            );
            let sentinel = TestServer::builder().config(config).with_args(["--sentinel"]);
            set_up.sentinels.push(watch(sentinel).start()?);
        }
        set_up.until_healthy()?;
        Ok(set_up)
    }

    /// The URL that names all sentinels.
    pub fn url(&self) -> String {
        let ports: Vec<_> = self.sentinels.iter().map(TestServer::port).collect();
        let others = ports[1..].iter().map(|port| format!("node=127.0.0.1:{port}"));
        let others = others.collect::<Vec<_>>().join("&");
        let scheme = scheme_of(&self.sentinels, "sentinel");
        format!("{scheme}://127.0.0.1:{}/{MASTER}?{others}", ports[0])
    }

    /// The place in `servers` of the master that the sentinels name.
    ///
    /// # Errors
    /// When no sentinel answers.
    pub fn master(&self) -> io::Result<usize> {
        let mut last = io::Error::other("no sentinel runs");
        for sentinel in self.sentinels.iter().filter(|sentinel| sentinel.pid().is_some()) {
            match sentinel.ask(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER]) {
                Ok(answer) => {
                    let port = answer.lines().nth(1).and_then(|port| port.parse::<u16>().ok());
                    let is_it = |server: &TestServer| Some(server.port()) == port;
                    let place = self.servers.iter().position(is_it);
                    return place.ok_or_else(|| io::Error::other("a master of another set-up"));
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Kills the master and waits until the sentinels name another one. Returns the old one's
    /// place.
    ///
    /// # Errors
    /// When that takes more than half a minute.
    pub fn kill_master(&mut self) -> io::Result<usize> {
        let old = self.master()?;
        self.servers[old].kill();
        until("the sentinels name another master", || {
            self.master().is_ok_and(|master| master != old)
        })?;
        Ok(old)
    }

    /// Waits until all sentinels know each other and every replica, and every replica is in step.
    ///
    /// # Errors
    /// When that takes more than half a minute.
    pub fn until_healthy(&self) -> io::Result<()> {
        self.until_in_step()?;
        let replicas = (self.servers.len() - 1).to_string();
        let others = (SENTINELS - 1).to_string();
        until("all sentinels know each other", || {
            self.sentinels.iter().all(|sentinel| {
                let master = sentinel.ask(&["SENTINEL", "MASTER", MASTER]).unwrap_or_default();
                let value = |name: &str| {
                    let mut lines = master.lines().skip_while(|line| *line != name);
                    lines.nth(1).map(str::to_owned)
                };
                value("flags").as_deref() == Some("master")
                    && value("num-slaves") == Some(replicas.clone())
                    && value("num-other-sentinels") == Some(others.clone())
            })
        })
    }

    /// Exactly one is a master, and all others follow one.
    fn until_in_step(&self) -> io::Result<()> {
        until("every replica is in step", || {
            let roles: Vec<_> = self
                .servers
                .iter()
                .map(|server| server.ask(&["INFO", "replication"]).unwrap_or_default())
                .collect();
            let masters = roles.iter().filter(|role| role.contains("role:master")).count();
            let in_step =
                roles.iter().filter(|role| role.contains("master_link_status:up")).count();
            masters == 1 && in_step == roles.len() - 1
        })
    }
}
