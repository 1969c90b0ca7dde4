//! The client made of links: one shared by all calls, and one for each wait.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tireless_core::{Error, Result};
use tokio::time::timeout;

use crate::address::{Address, Topology};
use crate::client::{ClientError, Command, RedisClient};
use crate::connect_error::ConnectError;
use crate::first_words::first_words;
use crate::link::Link;
use crate::patience;
use crate::reply::Reply;
use crate::sentinel::open_master;

mod dropped;
mod opener;

use dropped::UnderWay;
use opener::{Door, Opener};

type Answer = std::result::Result<Reply, ClientError>;

/// How many links that waited are kept for the next waits.
const SPARE_LINKS: usize = 8;

/// A [`RedisClient`] over the links of one library.
///
/// All calls share one link. A link that broke, stayed silent for [`patience::ANSWER`] (who drops a
/// call sooner leaves a question behind) or leads to a replica is given up, and the next call starts
/// a try to open another. Tries belong to no call: one runs at a time, on the runtime that the client
/// was made on, with growing pauses between failures, and a call waits for their outcome up to
/// [`patience::RECONNECT`], then fails as not sent. Commands are never sent twice.
pub struct LinkedClient<L> {
    opener: Arc<Opener>,
    links: Arc<Links<L>>,
    /// Tries for the link that calls share.
    calls: Door,
    /// Tries for links of waits, which hold up no call.
    waits: Door,
}

struct Links<L> {
    shared: RwLock<Option<Arc<L>>>,
    spare: Mutex<Vec<L>>,
    /// Whether the shared link is asked for a sign of life.
    asking: AtomicBool,
}

impl<L: Link> Links<L> {
    fn none() -> Self {
        Self { shared: RwLock::default(), spare: Mutex::default(), asking: AtomicBool::new(false) }
    }

    fn current(&self) -> Option<Arc<L>> {
        let shared = self.shared.read().unwrap_or_else(PoisonError::into_inner);
        shared.as_ref().filter(|link| !link.is_closed()).cloned()
    }

    fn share(&self, link: L) {
        let mut shared = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        *shared = Some(Arc::new(link));
    }

    /// Lets no further call use this link. Those under way on it may still be answered; the last
    /// one closes it. Links that wait for a use are no younger: they lead where it led.
    fn give_up(&self, link: &Arc<L>) {
        self.spare().clear();
        let mut shared = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        if shared.as_ref().is_some_and(|current| Arc::ptr_eq(current, link)) {
            *shared = None;
        }
    }

    fn spare(&self) -> MutexGuard<'_, Vec<L>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_spare(&self) -> Option<L> {
        let mut spare = self.spare();
        spare.retain(|link| !link.is_closed());
        spare.pop()
    }
}

impl<L: Link> LinkedClient<L> {
    /// Connects and asks the server for a sign of life.
    ///
    /// To be called on a tokio runtime that lives as long as the client: it carries all
    /// connections. Cancel-safe: a dropped call leaves no connection behind.
    ///
    /// # Errors
    ///
    /// Within three seconds: `Unavailable` when the server cannot be reached, `Denied` when it
    /// refuses user or password, `InvalidInput` for a database it does not have or a file of the
    /// address that cannot be used. The message says what to check.
    pub async fn connect(address: &Address) -> Result<Self> {
        Self::connect_with(address, patience::RECONNECT).await
    }

    /// As [`connect`](Self::connect); later calls wait so long for a new link.
    pub(crate) async fn connect_with(address: &Address, patience: Duration) -> Result<Self> {
        let link = match timeout(patience::CONNECT, greet::<L>(address)).await {
            Ok(link) => link,
            Err(_) => Err(ConnectError::TimedOut(patience::CONNECT)),
        };
        let link = match link {
            Ok(link) => link,
            Err(error) => return Err(told(error, address).await.explain(address)),
        };
        let client = Self::unconnected(address.clone(), patience);
        client.links.share(link);
        Ok(client)
    }

    /// A client that connects when it is first used. A call waits so long for a link; a wait does
    /// once the server is known to be away, and up to [`patience::RECONNECT`] before.
    pub(crate) fn unconnected(address: Address, patience: Duration) -> Self {
        Self {
            opener: Arc::new(Opener::new(address, patience)),
            links: Arc::new(Links::none()),
            calls: Door::new(patience),
            // Several waits may begin at once, and get their links one after another.
            waits: Door::new(patience::RECONNECT),
        }
    }

    /// The address this client was made for.
    pub fn address(&self) -> &Address {
        self.opener.address()
    }

    async fn shared_link(&self) -> Result<Arc<L>> {
        if let Some(link) = self.links.current() {
            return Ok(link);
        }
        let links = Arc::clone(&self.links);
        let keep = move |link| links.share(link);
        self.calls.get(&self.opener, || self.links.current(), keep).await
    }

    async fn waiting_link(&self) -> Result<L> {
        if let Some(link) = self.links.take_spare() {
            return Ok(link);
        }
        let links = Arc::clone(&self.links);
        let keep = move |link| links.spare().push(link);
        self.waits.get(&self.opener, || self.links.take_spare(), keep).await
    }
}

#[async_trait]
impl<L: Link> RedisClient for LinkedClient<L> {
    async fn send(&self, commands: Vec<Command>) -> Vec<Answer> {
        let count = commands.len();
        if count == 0 {
            return Vec::new();
        }
        let link = match self.shared_link().await {
            Ok(link) => link,
            Err(error) => return (0..count).map(|_| not_sent(&error)).collect(),
        };
        let under_way = UnderWay::on(&self.links, &link);
        let answered = timeout(patience::ANSWER, link.call(commands)).await;
        under_way.ended();
        match answered {
            Ok(answers) => {
                if link.is_closed() || answers.iter().any(spoils) {
                    self.links.give_up(&link);
                }
                answers
            }
            Err(_) => {
                self.links.give_up(&link);
                (0..count).map(|_| Err(ClientError::TimedOut(patience::ANSWER))).collect()
            }
        }
    }

    async fn block(&self, commands: Vec<Command>, hold: Duration) -> Vec<Answer> {
        let count = commands.len();
        let link = match self.waiting_link().await {
            Ok(link) => link,
            Err(error) => return (0..count).map(|_| not_sent(&error)).collect(),
        };
        let limit = hold.saturating_add(patience::HOLD_MARGIN);
        // The link is ours alone: returning without putting it back, or being dropped here, closes
        // it, and the server forgets the wait.
        let Ok(answers) = timeout(limit, link.call(commands)).await else {
            self.links.spare().clear();
            return (0..count).map(|_| Err(ClientError::TimedOut(limit))).collect();
        };
        let spoiled = link.is_closed() || answers.iter().any(spoils);
        let mut spare = self.links.spare();
        if spoiled {
            spare.clear();
        } else if spare.len() < SPARE_LINKS {
            spare.push(link);
        }
        drop(spare);
        answers
    }

    fn apart(&self) -> Option<Arc<dyn RedisClient>> {
        Some(Arc::new(Self::unconnected(self.address().clone(), patience::RECONNECT)))
    }

    fn keeps_lease(&self, lease: Duration) {
        self.opener.keep_pauses_within(patience::longest_pause(lease));
    }
}

impl<L> fmt::Debug for LinkedClient<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkedClient")
            .field("address", self.opener.address())
            .finish_non_exhaustive()
    }
}

/// Opens a link, gives it a name that `CLIENT LIST` shows, and asks for a sign of life.
async fn greet<L: Link>(address: &Address) -> std::result::Result<L, ConnectError> {
    let link = match &address.topology {
        Topology::Sentinel(sentinels) => open_master(address, sentinels).await?,
        _ => L::open(address).await?,
    };
    let command = |words: &[&'static str]| {
        let words = words.iter().map(|word| Bytes::from_static(word.as_bytes()));
        Command::anywhere(words.collect())
    };
    // The name is a courtesy: where it is refused, nothing is lost.
    let greeting = vec![command(&["CLIENT", "SETNAME", "tireless"]), command(&["PING"])];
    match link.call(greeting).await.pop() {
        Some(Ok(_)) => Ok(link),
        // A user without the right to PING is answered, and that is what the PING is for.
        Some(Err(ClientError::Server(text))) if text.starts_with("NOPERM") => Ok(link),
        Some(Err(ClientError::Server(text))) => Err(ConnectError::Refused(text)),
        Some(Err(ClientError::NotSent(source) | ClientError::Broken(source))) => {
            Err(ConnectError::Unreachable(source))
        }
        Some(Err(ClientError::TimedOut(after))) => Err(ConnectError::TimedOut(after)),
        None => Err(ConnectError::Unreachable("the library gave no answer".into())),
    }
}

/// Why there is no connection, in the server's words if it has some for whoever comes.
async fn told(error: ConnectError, address: &Address) -> ConnectError {
    let closed = matches!(error, ConnectError::Unreachable(_));
    let words = if closed { first_words(address).await } else { None };
    words.map_or(error, ConnectError::Refused)
}

/// What only a replica says: as an answer to a write; while it has not found its master; to those
/// who waited when it became one, and to who asks it for a `WAIT`.
const OF_A_REPLICA: [&str; 4] =
    ["READONLY", "MASTERDOWN", "UNBLOCKED", "cannot be used with replica"];

/// Whether an answer means that its link is of no use: it broke, or leads to a replica.
fn spoils(answer: &Answer) -> bool {
    match answer {
        Ok(_) | Err(ClientError::TimedOut(_)) => false,
        Err(ClientError::Server(text)) => OF_A_REPLICA.iter().any(|part| text.contains(part)),
        Err(ClientError::NotSent(_) | ClientError::Broken(_)) => true,
    }
}

/// The source is a `tireless_core::Error` whose kind tells why there is no connection.
fn not_sent(error: &Error) -> Answer {
    Err(ClientError::NotSent(error.clone().into()))
}

#[cfg(test)]
#[path = "linked_tests.rs"]
mod tests;
