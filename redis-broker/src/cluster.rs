//! The client of a Cluster: one client a server, and a map of which server has which slot.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::{join_all, select_ok};
use futures_util::stream::FuturesUnordered;
use tireless_core::limits::LONGEST_LEASE;
use tireless_core::{Error, ErrorKind, Operation, Result};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use crate::address::Address;
use crate::client::{ClientError, Command, Master, RedisClient, only};
use crate::connect_error::more_telling;
use crate::link::Link;
use crate::linked::LinkedClient;
use crate::patience;
use crate::reply::Reply;
use crate::server_error::explain;
use crate::slots::{Node, SlotMap, slot_of};

mod redirect;
mod round;

use redirect::{Elsewhere, where_to};
use round::{Round, Sending, unserved};

type Answer = std::result::Result<Reply, ClientError>;

/// The map is not asked for more often than this, whatever happens.
const MAP_EVERY: Duration = Duration::from_millis(200);

/// How often a command is sent at most while others of its call have their answers.
const ROUNDS: u32 = 5;

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

    fn map(&self) -> Arc<SlotMap> {
        self.map.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change_map(&self, change: impl FnOnce(&mut SlotMap)) {
        let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut map));
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

    /// The server for a command: the one that has its slot, or any.
    fn node_of(&self, command: &Command) -> Option<Node> {
        let map = self.map();
        match &command.key {
            Some(key) => map.master(slot_of(key)).cloned(),
            None => map.masters().first().cloned(),
        }
    }

    /// Asks one server for the map, and forgets the servers that are not on it any more.
    async fn ask_for_map(&self, node: &Node) -> Result<()> {
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
    async fn refresh(&self, doubted: &[Node]) {
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

    /// Sends each command to its server, all servers at once.
    async fn send_round(&self, sendings: Vec<Sending>) -> Vec<(Sending, Answer)> {
        let mut by_node: BTreeMap<Node, Vec<Sending>> = BTreeMap::new();
        let mut answers = Vec::with_capacity(sendings.len());
        for sending in sendings {
            match sending.to.clone().or_else(|| self.node_of(&sending.command)) {
                Some(node) => by_node.entry(node).or_default().push(sending),
                None => answers.push((sending, unserved())),
            }
        }
        let calls = by_node.into_iter().map(|(node, sendings)| self.send_to(node, sendings));
        answers.extend(join_all(calls).await.into_iter().flatten());
        answers
    }

    async fn send_to(&self, node: Node, sendings: Vec<Sending>) -> Vec<(Sending, Answer)> {
        let commands = sendings.iter().flat_map(Sending::commands).collect();
        let mut replies = self.client_of(&node).send(commands).await.into_iter();
        let answered = |sending: Sending| {
            let mine = replies.by_ref().take(sending.size()).collect();
            (Sending { asked: Some(node.clone()), ..sending }, only(mine))
        };
        sendings.into_iter().map(answered).collect()
    }

    /// What a command needs after this answer; `None` if the answer is its last.
    fn redirect(&self, sending: &Sending, answer: &Answer) -> Option<Elsewhere> {
        match answer {
            Err(ClientError::Server(text)) => where_to(text, sending.asked.as_ref()?),
            // It never left, so wherever the slot is by now, it may go there.
            Err(ClientError::NotSent(_)) => Some(Elsewhere::Unknown),
            _ => None,
        }
    }

    /// Makes ready for the next round what `elsewhere` says of a command.
    fn prepare(&self, sending: Sending, elsewhere: Elsewhere, next: &mut Round) {
        let (to, asking) = match elsewhere {
            Elsewhere::Moved(slot, node) => {
                self.change_map(|map| map.moved(slot, &node));
                next.needs_map = true;
                (Some(node), false)
            }
            Elsewhere::Ask(node) => (Some(node), true),
            Elsewhere::Later => {
                next.needs_pause = true;
                (None, false)
            }
            Elsewhere::Unknown => {
                (next.needs_map, next.needs_pause) = (true, true);
                (None, false)
            }
        };
        next.sendings.push(Sending { to, asking, ..sending });
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
        let until = Instant::now() + patience::REDIRECTED;
        let mut answers: Vec<Option<Answer>> = commands.iter().map(|_| None).collect();
        let new = |(at, command)| Sending { at, command, to: None, asking: false, asked: None };
        let mut sendings: Vec<Sending> = commands.into_iter().enumerate().map(new).collect();
        for round in 1.. {
            let mut next = Round::default();
            let given = self.send_round(sendings).await;
            let all_wait = answers.iter().all(Option::is_none)
                && given.iter().all(|(sending, answer)| self.redirect(sending, answer).is_some());
            // What one server holds up must not keep the answers of the others: only what was sent
            // on is soon at its place, and a server that is away is looked for by the next call.
            let goes_on = |elsewhere: &Elsewhere| match elsewhere {
                _ if all_wait => Instant::now() < until,
                Elsewhere::Unknown => false,
                _ => round < ROUNDS,
            };
            for (sending, answer) in given {
                next.doubted.extend(sending.cut_off(&answer));
                match self.redirect(&sending, &answer) {
                    Some(elsewhere) if goes_on(&elsewhere) => {
                        self.prepare(sending, elsewhere, &mut next);
                    }
                    last => {
                        // The next call finds a map that may know better.
                        next.needs_map |= last.is_some()
                            || !matches!(answer, Ok(_) | Err(ClientError::Server(_)));
                        answers[sending.at] = Some(answer);
                    }
                }
            }
            if next.needs_map {
                self.refresh(&next.doubted).await;
            }
            if next.sendings.is_empty() {
                break;
            }
            if next.needs_pause {
                let longest = patience::longest_pause(*self.lease());
                sleep(patience::pause(round, longest)).await;
            }
            next.sendings.sort_by_key(|sending| sending.at);
            sendings = next.sendings;
        }
        answers.into_iter().map(|answer| only(answer.into_iter().collect())).collect()
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
