//! A private Cluster.

use std::io;

use super::{scheme_of, until};
use crate::server::{TestServer, TestServerBuilder};

const SLOTS: usize = 16_384;

/// How many masters a Cluster has: the fewest that can agree on a failover.
const MASTERS: usize = 3;

/// The bus has the port above by this much, which must be free too.
const BUS: u16 = 10_000;

/// A Cluster of three masters, each with replicas.
#[derive(Debug)]
pub struct TestCluster {
    /// The masters first, in the order of their slots, then the replicas of the first one, and so on.
    /// A failover changes their parts and not their places.
    pub servers: Vec<TestServer>,
}

impl TestCluster {
    /// Starts a Cluster with so many replicas a master, and waits until it serves all slots and
    /// every replica is in step. Its servers take each other for dead after a second.
    ///
    /// # Errors
    /// As [`TestServerBuilder::start`]; when it does not come together within half a minute.
    pub fn start(replicas: usize) -> io::Result<Self> {
        Self::start_with(replicas, |server| server)
    }

    /// The same, with more settings for each server.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_with(
        replicas: usize,
        set: impl Fn(TestServerBuilder) -> TestServerBuilder,
    ) -> io::Result<Self> {
        let server = || {
            let server = TestServer::builder().ports(BUS..2 * BUS).with_args([
                "--cluster-enabled",
                "yes",
                "--cluster-config-file",
                "nodes.conf",
                "--cluster-node-timeout",
                "1000",
                "--cluster-replica-validity-factor",
                "0",
                "--repl-diskless-sync-delay",
                "0",
            ]);
            set(server).start()
        };
        let count = MASTERS * (1 + replicas);
        let servers = (0..count).map(|_| server()).collect::<io::Result<Vec<_>>>()?;
        let cluster = Self { servers };
        cluster.meet()?;
        cluster.share_slots()?;
        cluster.follow(replicas)?;
        cluster.until_healthy()?;
        Ok(cluster)
    }

    /// The URL that names all servers.
    pub fn url(&self) -> String {
        let mut servers = self.servers.iter();
        let first = servers.next().map_or(0, TestServer::port);
        let others: Vec<_> =
            servers.map(|server| format!("node=127.0.0.1:{}", server.port())).collect();
        let scheme = scheme_of(&self.servers, "cluster");
        format!("{scheme}://127.0.0.1:{first}?{}", others.join("&"))
    }

    /// The place in `servers` of the one that is the master of a key now, as the others see it.
    ///
    /// # Errors
    /// When no server answers, or nobody has the key's slot.
    pub fn master_of(&self, key: &str) -> io::Result<usize> {
        let slot: usize =
            self.ask_any(&["CLUSTER", "KEYSLOT", key])?.parse().map_err(io::Error::other)?;
        let nodes = self.ask_any(&["CLUSTER", "NODES"])?;
        let line = nodes.lines().find(|line| serves(line, slot));
        let port = line.and_then(port_of).ok_or_else(|| io::Error::other("nobody has the slot"))?;
        let place = self.servers.iter().position(|server| server.port() == port);
        place.ok_or_else(|| io::Error::other("a server of another Cluster"))
    }

    /// Moves the slot of a key to another master, keys and all, as operators do: in steps of
    /// `keys`, with `pause` between them.
    ///
    /// # Errors
    /// When a server refuses a step.
    pub fn move_slot(&self, key: &str, to: usize, keys: usize) -> io::Result<()> {
        let slot = self.ask_any(&["CLUSTER", "KEYSLOT", key])?;
        let (source, target) = (&self.servers[self.master_of(key)?], &self.servers[to]);
        let source_id = source.ask(&["CLUSTER", "MYID"])?;
        let target_id = target.ask(&["CLUSTER", "MYID"])?;
        target.ask(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &source_id])?;
        source.ask(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &target_id])?;
        let (port, count) = (target.port().to_string(), keys.to_string());
        loop {
            let found = source.ask(&["CLUSTER", "GETKEYSINSLOT", &slot, &count])?;
            if found.is_empty() {
                break;
            }
            let mut migrate = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "10000", "KEYS"];
            migrate.extend(found.lines());
            source.ask(&migrate)?;
        }
        for server in [target, source] {
            server.ask(&["CLUSTER", "SETSLOT", &slot, "NODE", &target_id])?;
        }
        Ok(())
    }

    /// Waits until every server that runs sees all slots served by a master that runs, and every
    /// replica follows one.
    ///
    /// # Errors
    /// When that takes more than half a minute.
    pub fn until_healthy(&self) -> io::Result<()> {
        until("the Cluster serves all slots", || {
            self.running().all(|server| {
                let info = server.ask(&["CLUSTER", "INFO"]).unwrap_or_default();
                let replication = server.ask(&["INFO", "replication"]).unwrap_or_default();
                let in_step = replication.contains("role:master")
                    || replication.contains("master_link_status:up");
                info.contains("cluster_state:ok")
                    && info.contains("cluster_slots_ok:16384")
                    && in_step
            })
        })
    }

    fn running(&self) -> impl Iterator<Item = &TestServer> {
        self.servers.iter().filter(|server| server.pid().is_some())
    }

    fn ask_any(&self, words: &[&str]) -> io::Result<String> {
        let mut last = io::Error::other("no server runs");
        for server in self.running() {
            match server.ask(words) {
                Ok(answer) => return Ok(answer),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn meet(&self) -> io::Result<()> {
        let Some((first, others)) = self.servers.split_first() else { return Ok(()) };
        let port = first.port().to_string();
        for (at, server) in self.servers.iter().enumerate() {
            // Without epochs of their own, two masters would fight over who is right.
            server.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &(at + 1).to_string()])?;
        }
        for server in others {
            server.ask(&["CLUSTER", "MEET", "127.0.0.1", &port])?;
        }
        until("all servers of the Cluster know each other", || {
            self.servers.iter().all(|server| {
                let known = server.ask(&["CLUSTER", "NODES"]).unwrap_or_default();
                known.lines().filter(|line| !line.contains("handshake")).count()
                    == self.servers.len()
            })
        })
    }

    fn share_slots(&self) -> io::Result<()> {
        for (at, server) in self.servers.iter().take(MASTERS).enumerate() {
            let slots = SLOTS * at / MASTERS..SLOTS * (at + 1) / MASTERS;
            let slots: Vec<_> = slots.map(|slot| slot.to_string()).collect();
            let words: Vec<_> = ["CLUSTER", "ADDSLOTS"]
                .into_iter()
                .chain(slots.iter().map(String::as_str))
                .collect();
            server.ask(&words)?;
        }
        Ok(())
    }

    fn follow(&self, replicas: usize) -> io::Result<()> {
        for (at, server) in self.servers.iter().skip(MASTERS).enumerate() {
            let master = self.servers[at / replicas].ask(&["CLUSTER", "MYID"])?;
            server.ask(&["CLUSTER", "REPLICATE", &master])?;
        }
        Ok(())
    }
}

/// Whether a line of `CLUSTER NODES` is of a live master that has this slot.
fn serves(line: &str, slot: usize) -> bool {
    let words: Vec<_> = line.split(' ').collect();
    let flags = words.get(2).copied().unwrap_or_default();
    let is_alive = flags.contains("master") && !flags.contains("fail");
    let has = |range: &&str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let bounds = first.parse::<usize>().ok().zip(last.parse::<usize>().ok());
        bounds.is_some_and(|(first, last)| (first..=last).contains(&slot))
    };
    is_alive && words.iter().skip(8).any(has)
}

/// The port in a line of `CLUSTER NODES`: `ID HOST:PORT@BUS ..`.
fn port_of(line: &str) -> Option<u16> {
    let place = line.split(' ').nth(1)?;
    place.split('@').next()?.rsplit_once(':')?.1.parse().ok()
}
