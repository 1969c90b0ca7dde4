//! The client made of links: one shared by all calls, and one for each wait.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tireless_core::{Error, ErrorKind, Operation, Result};
use tokio::time::{Instant, sleep_until, timeout};

use crate::address::Address;
use crate::client::{ClientError, Command, RedisClient};
use crate::connect_error::ConnectError;
use crate::link::Link;
use crate::patience;
use crate::reply::Reply;

type Answer = std::result::Result<Reply, ClientError>;

/// How many links that waited are kept for the next waits.
const SPARE_LINKS: usize = 8;

/// A [`RedisClient`] over the links of one library.
///
/// All calls share one link. A link that broke, stayed silent for [`patience::ANSWER`] or leads to
/// a replica is given up, and the next call opens another; a call that finds none waits for it up
/// to [`patience::RECONNECT`], trying with growing pauses, then fails as not sent. Commands are
/// never sent twice.
pub struct LinkedClient<L> {
    address: Address,
    shared: RwLock<Option<Arc<L>>>,
    spare: Mutex<Vec<L>>,
    /// Held by the one call that opens a link.
    opening: tokio::sync::Mutex<Outage>,
    /// Why the last try to connect failed; `None` while all is well.
    trouble: Mutex<Option<String>>,
}

/// The tries to connect that failed in a row.
#[derive(Debug, Default)]
struct Outage {
    failures: u32,
    next_try: Option<Instant>,
}

impl<L: Link> LinkedClient<L> {
    /// Connects and asks the server for a sign of life.
    ///
    /// Cancel-safe: a dropped call leaves no connection behind.
    ///
    /// # Errors
    ///
    /// Within three seconds: `Unavailable` when the server cannot be reached, `Denied` when it
    /// refuses user or password, `InvalidInput` for a database it does not have or a file of the
    /// address that cannot be used. The message says what to check.
    pub async fn connect(address: &Address) -> Result<Self> {
        let link = match timeout(patience::CONNECT, greet::<L>(address)).await {
            Ok(link) => link,
            Err(_) => Err(ConnectError::TimedOut(patience::CONNECT)),
        };
        Ok(Self {
            address: address.clone(),
            shared: RwLock::new(Some(Arc::new(link.map_err(|error| error.explain(address))?))),
            spare: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            trouble: Mutex::default(),
        })
    }

    /// The address this client was made for.
    pub fn address(&self) -> &Address {
        &self.address
    }

    fn current(&self) -> Option<Arc<L>> {
        let shared = self.shared.read().unwrap_or_else(PoisonError::into_inner);
        shared.as_ref().filter(|link| !link.is_closed()).cloned()
    }

    /// Lets no further call use this link. Those under way on it may still be answered; the last
    /// one closes it.
    fn give_up(&self, link: &Arc<L>) {
        let mut shared = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        if shared.as_ref().is_some_and(|current| Arc::ptr_eq(current, link)) {
            *shared = None;
        }
    }

    async fn shared_link(&self) -> Result<Arc<L>> {
        if let Some(link) = self.current() {
            return Ok(link);
        }
        self.patiently(async {
            let mut outage = self.opening.lock().await;
            // Another call may have opened one in the meantime.
            if let Some(link) = self.current() {
                return Ok(link);
            }
            let link = Arc::new(self.open(&mut outage).await?);
            let mut shared = self.shared.write().unwrap_or_else(PoisonError::into_inner);
            *shared = Some(link.clone());
            Ok(link)
        })
        .await
    }

    async fn waiting_link(&self) -> Result<L> {
        loop {
            let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match spare {
                Some(link) if link.is_closed() => {}
                Some(link) => return Ok(link),
                None => break,
            }
        }
        self.patiently(async {
            let mut outage = self.opening.lock().await;
            self.open(&mut outage).await
        })
        .await
    }

    /// Tries until a link stands or the server says that trying does not help.
    async fn open(&self, outage: &mut Outage) -> Result<L> {
        loop {
            if let Some(at) = outage.next_try {
                sleep_until(at).await;
            }
            let error = match greet::<L>(&self.address).await {
                Ok(link) => {
                    *outage = Outage::default();
                    *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
                    return Ok(link);
                }
                Err(error) => error.explain(&self.address),
            };
            outage.failures = outage.failures.saturating_add(1);
            outage.next_try = Some(Instant::now() + patience::pause(outage.failures));
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(error.message().to_owned());
            if !error.is_retryable() {
                return Err(error);
            }
        }
    }

    async fn patiently<T>(&self, opening: impl Future<Output = Result<T>>) -> Result<T> {
        match timeout(patience::RECONNECT, opening).await {
            Ok(result) => result,
            Err(_) => {
                let known = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
                Err(match known {
                    Some(text) => Error::new(ErrorKind::Unavailable, Operation::Connect, text),
                    None => ConnectError::TimedOut(patience::RECONNECT).explain(&self.address),
                })
            }
        }
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
        match timeout(patience::ANSWER, link.call(commands)).await {
            Ok(answers) => {
                if link.is_closed() || answers.iter().any(spoils) {
                    self.give_up(&link);
                }
                answers
            }
            Err(_) => {
                self.give_up(&link);
                (0..count).map(|_| Err(ClientError::TimedOut(patience::ANSWER))).collect()
            }
        }
    }

    async fn block(&self, command: Command, hold: Duration) -> Answer {
        let link = match self.waiting_link().await {
            Ok(link) => link,
            Err(error) => return not_sent(&error),
        };
        let limit = hold.saturating_add(patience::HOLD_MARGIN);
        // The link is ours alone: returning without putting it back, or being dropped here, closes
        // it, and the server forgets the wait.
        let Ok(mut answers) = timeout(limit, link.call(vec![command])).await else {
            return Err(ClientError::TimedOut(limit));
        };
        let answer = answers.pop().unwrap_or_else(|| {
            Err(ClientError::Broken("the library gave no answer to a wait".into()))
        });
        if !link.is_closed() && !spoils(&answer) {
            let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
            if spare.len() < SPARE_LINKS {
                spare.push(link);
            }
        }
        answer
    }
}

impl<L> fmt::Debug for LinkedClient<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkedClient").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Opens a link, gives it a name that `CLIENT LIST` shows, and asks for a sign of life.
async fn greet<L: Link>(address: &Address) -> std::result::Result<L, ConnectError> {
    let link = L::open(address).await?;
    let command = |words: &[&'static str]| Command {
        words: words.iter().map(|word| Bytes::from_static(word.as_bytes())).collect(),
        first_key: None,
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

/// Whether an answer means that its link is of no use: it broke, or leads to a replica.
fn spoils(answer: &Answer) -> bool {
    match answer {
        Ok(_) | Err(ClientError::TimedOut(_)) => false,
        Err(ClientError::Server(text)) => text.contains("READONLY"),
        Err(ClientError::NotSent(_) | ClientError::Broken(_)) => true,
    }
}

/// The source is a `tireless_core::Error` whose kind tells why there is no connection.
fn not_sent(error: &Error) -> Answer {
    let copy = Error::new(error.kind(), error.operation(), error.message());
    Err(ClientError::NotSent(copy.into()))
}
