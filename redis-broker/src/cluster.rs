//! The client of a Cluster: one client a server, and a map of which server has which slot.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tireless_core::limits::LONGEST_LEASE;
use tireless_core::{Error, Operation, Result};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::address::Address;
use crate::client::{ClientError, Command, Master, RedisClient};
use crate::connect_error::more_telling;
use crate::link::Link;
use crate::linked::LinkedClient;
use crate::patience;
use crate::reply::Reply;
use crate::slots::{Node, SlotMap};

mod known;
mod redirect;
mod round;

use redirect::where_to;
use round::unserved;

type Answer = std::result::Result<Reply, ClientError>;

/// A [`RedisClient`] over all masters of a Cluster.
///
/// Commands go to the server that has the slot of their key. What a server refuses because the
/// slot is elsewhere, or on its way, was not carried out: it is sent to where it belongs, for
/// [`patience::REDIRECTED`] at most. What may have been carried out is never sent again.
pub struct ClusterClient<L> {
    address: Address,
    nodes: Mutex<HashMap<Node, Arc<LinkedClient<L>>>>,
    map: RwLock<Arc<SlotMap>>,
    /// When the map was last asked for; held while it is.
    asked: tokio::sync::Mutex<Option<Instant>>,
    /// The shortest of the leases that are kept through it.
    lease: Mutex<Duration>,
    runtime: Handle,
}

impl<L: Link> ClusterClient<L> {
    /// Asks the servers of the address for the map, and the first that answers for all others.
    ///
    /// To be called on a tokio runtime that lives as long as the client: it carries all
    /// connections. Cancel-safe: a dropped call leaves no connection behind.
    ///
    /// # Errors
    /// As [`LinkedClient::connect`]; `InvalidInput` when no server belongs to a Cluster.
    pub async fn connect(address: &Address) -> Result<Self> {
        let client = Self {
            address: address.clone(),
            nodes: Mutex::default(),
            map: RwLock::default(),
            asked: tokio::sync::Mutex::default(),
            lease: Mutex::new(LONGEST_LEASE),
            runtime: Handle::current(),
        };
        let mut last = None;
        // All at once: those that are away must not keep the others from answering.
        let named = address.cluster_nodes().into_iter().map(|(host, port)| Node { host, port });
        let mut connecting: FuturesUnordered<_> = named.map(|node| open(address, node)).collect();
        while let Some((node, linked)) = connecting.next().await {
            let asked = match linked {
                Ok(linked) => {
                    client.nodes().insert(node.clone(), Arc::new(linked));
                    client.ask_for_map(&node).await
                }
                Err(error) => Err(error),
            };
            match asked {
                Ok(()) => return Ok(client),
                Err(error) => {
                    let telling = |error: &Error| !error.is_retryable();
                    last = Some(match last {
                        Some(last) => more_telling(last, error, telling),
                        None => error,
                    });
                }
            }
        }
        let nobody = || Error::invalid(Operation::Connect, "the address names no server");
        Err(last.unwrap_or_else(nobody))
    }

    /// The address this client was made for.
    pub fn address(&self) -> &Address {
        &self.address
    }

    fn nodes(&self) -> MutexGuard<'_, HashMap<Node, Arc<LinkedClient<L>>>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lease(&self) -> MutexGuard<'_, Duration> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn client_of(&self, node: &Node) -> Arc<LinkedClient<L>> {
        let make = || {
            // A connection lives on the runtime that the client was made on.
            let _on_runtime = self.runtime.enter();
            let address = self.address.of_node(&node.host, node.port);
            let client = LinkedClient::unconnected(address, patience::NODE);
            client.keeps_lease(*self.lease());
            Arc::new(client)
        };
        Arc::clone(self.nodes().entry(node.clone()).or_insert_with(make))
    }
}

/// Connects to a server that the address names.
async fn open<L: Link>(address: &Address, node: Node) -> (Node, Result<LinkedClient<L>>) {
    let server = address.of_node(&node.host, node.port);
    let linked = LinkedClient::connect_with(&server, patience::NODE).await;
    (node, linked)
}

#[async_trait]
impl<L: Link> RedisClient for ClusterClient<L> {
    async fn send(&self, commands: Vec<Command>) -> Vec<Answer> {
        self.send_in_rounds(commands).await
    }

    async fn block(&self, commands: Vec<Command>, hold: Duration) -> Vec<Answer> {
        let first = commands.first();
        let Some(node) = first.and_then(|command| self.node_of(command)) else {
            self.refresh(&[]).await;
            return commands.iter().map(|_| unserved()).collect();
        };
        let answers = self.client_of(&node).block(commands, hold).await;
        let lost = |answer: &Answer| match answer {
            // So a master that becomes a replica lets go of who waits.
            Err(ClientError::Server(text)) if text.starts_with("UNBLOCKED") => true,
            Err(ClientError::Server(text)) => where_to(text, &node).is_some(),
            Err(_) => true,
            Ok(_) => false,
        };
        if answers.iter().any(lost) {
            // The slot has moved, or its server is gone: the next wait goes where it is now.
            self.refresh(&[]).await;
        }
        answers
    }

    fn apart(&self) -> Option<Arc<dyn RedisClient>> {
        Some(Arc::new(Self {
            address: self.address.clone(),
            nodes: Mutex::default(),
            map: RwLock::new(self.map()),
            asked: tokio::sync::Mutex::default(),
            lease: Mutex::new(*self.lease()),
            runtime: Handle::current(),
        }))
    }

    fn keeps_lease(&self, lease: Duration) {
        {
            let mut shortest = self.lease();
            *shortest = lease.min(*shortest);
        }
        self.nodes().values().for_each(|node| node.keeps_lease(lease));
    }

    fn has_slots(&self) -> bool {
        true
    }

    fn masters(&self) -> Vec<Master> {
        let with_slots = self.map().slots_of_masters().into_iter();
        with_slots
            .map(|(node, slots)| Master {
                place: node.to_string(),
                slots,
                client: self.client_of(&node),
            })
            .collect()
    }
}

impl<L> fmt::Debug for ClusterClient<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterClient").field("address", &self.address).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "cluster_tests.rs"]
mod tests;
