//! What is known of a Cluster: which server has which slot, and whom to ask when that was wrong.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::select_ok;
use tireless_core::{Error, ErrorKind, Operation, Result};
use tokio::time::Instant;

use super::ClusterClient;
use crate::client::{ClientError, Command, RedisClient, only};
use crate::link::Link;
use crate::server_error::explain;
use crate::slots::{Node, SlotMap, slot_of};

/// The map is not asked for more often than this, whatever happens.
const MAP_EVERY: Duration = Duration::from_millis(200);

impl<L: Link> ClusterClient<L> {
    pub(super) fn map(&self) -> Arc<SlotMap> {
        self.map.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn change_map(&self, change: impl FnOnce(&mut SlotMap)) {
        let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut map));
    }

    /// The server for a command: the one that has its slot, or any.
    pub(super) fn node_of(&self, command: &Command) -> Option<Node> {
        let map = self.map();
        match &command.key {
            Some(key) => map.master(slot_of(key)).cloned(),
            None => map.masters().first().cloned(),
        }
    }

    /// Asks one server for the map, and forgets the servers that are not on it any more.
    pub(super) async fn ask_for_map(&self, node: &Node) -> Result<()> {
        let words = ["CLUSTER", "SLOTS"].map(|word| Bytes::from_static(word.as_bytes()));
        let command = Command::anywhere(words.to_vec());
        let answer = only(self.client_of(node).send(vec![command]).await);
        let place = node.to_string();
        let reply = answer.map_err(|error| match error {
            ClientError::Server(text) if text.contains("cluster support disabled") => {
                let message = format!(
                    "the server {place} belongs to no Cluster; write redis:// for a server of its own"
                );
                Error::invalid(Operation::Connect, message)
            }
            error => explain(Operation::Connect, error),
        })?;
        let map = SlotMap::read(reply, node).filter(|map| !map.masters().is_empty());
        let Some(map) = map else {
            let message = format!("the server {place} knows no Cluster with slots yet");
            return Err(Error::new(ErrorKind::Unavailable, Operation::Connect, message));
        };
        let masters = map.masters().to_vec();
        self.change_map(|old| *old = map);
        self.nodes().retain(|known, _| known == node || masters.contains(known));
        Ok(())
    }

    /// Asks for the map anew, unless that was just done: the masters known so far, then the servers
    /// of the address. Those that say that the Cluster is down may be cut off from it, and are believed
    /// if nobody else answers.
    pub(super) async fn refresh(&self, doubted: &[Node]) {
        let mut asked = self.asked.lock().await;
        if asked.is_some_and(|at| at.elapsed() < MAP_EVERY) {
            return;
        }
        let mut nodes = self.map().masters().to_vec();
        let named = self.address.cluster_nodes().into_iter();
        nodes.extend(named.map(|(host, port)| Node { host, port }));
        let mut seen = HashSet::new();
        nodes.retain(|node| seen.insert(node.clone()));
        let (doubted, sound): (Vec<_>, Vec<_>) =
            nodes.into_iter().partition(|node| doubted.contains(node));
        if !self.learn_from(&sound).await {
            self.learn_from(&doubted).await;
        }
        *asked = Some(Instant::now());
    }

    /// Asks these servers for the map; the first answer counts. Returns whether there was one.
    async fn learn_from(&self, nodes: &[Node]) -> bool {
        if nodes.is_empty() {
            return false;
        }
        // All at once: one that is away must not keep the others from answering.
        let asking = nodes.iter().map(|node| Box::pin(self.ask_for_map(node)));
        select_ok(asking).await.is_ok()
    }
}
