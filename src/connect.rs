//! From a URL to a broker.

#[cfg(any(feature = "redis-rs", feature = "fred"))]
use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

#[cfg(any(feature = "redis-rs", feature = "fred"))]
use tireless_core::QueueName;
use tireless_core::{Backend, Error, ErrorKind, Namespace, Operation, Result, limits};

/// A library that talks to Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Client {
    /// The crate `redis`; needs the feature `redis-rs`.
    RedisRs,
    /// The crate `fred`; needs the feature `fred`.
    Fred,
}

impl Client {
    /// The name that URLs and features have for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RedisRs => "redis-rs",
            Self::Fred => "fred",
        }
    }
}

impl FromStr for Client {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "redis-rs" => Ok(Self::RedisRs),
            "fred" => Ok(Self::Fred),
            _ => Err(invalid(format!("no client is called {name:?}; there are redis-rs and fred"))),
        }
    }
}

/// How to connect, beyond what the URL says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectOptions {
    /// What keeps the queues of several systems on one server apart; `default` unless set. The
    /// memory broker is alone and needs none.
    pub namespace: Namespace,
    /// The library to use, whatever the URL's `client=` says. When neither says anything:
    /// redis-rs if it is built, else fred.
    pub client: Option<Client>,
    /// Dead tasks, and kept finished ones, that a queue holds at most (B12).
    pub dead_kept: usize,
    /// Queues that take their tasks from plain lists of other programs. Redis alone has such.
    #[cfg(any(feature = "redis-rs", feature = "fred"))]
    pub adopted: HashMap<QueueName, crate::Adoption>,
    /// Whether a Redis is taken that throws keys away at its memory limit (`maxmemory` set, and a
    /// `maxmemory-policy` other than `noeviction`), and tasks with them. Without this it is refused.
    pub allow_eviction: bool,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            namespace: Namespace::default(),
            client: None,
            dead_kept: limits::DEAD_KEPT,
            #[cfg(any(feature = "redis-rs", feature = "fred"))]
            adopted: HashMap::new(),
            allow_eviction: false,
        }
    }
}

/// Connects to a broker by its URL.
///
/// | URL | broker | feature |
/// | --- | --- | --- |
/// | `memory://` | a new one in this process; what it holds is gone with it | `memory` |
/// | `redis://[user[:password]@]host[:port][/db]` | Redis or Valkey | `redis-rs` or `fred` |
/// | `rediss://..` | the same over TLS | the same |
/// | `redis+unix:///path?db=1` | the same over a Unix socket | the same |
/// | `redis-sentinel://host[:port]/MASTER?node=host2` | the master that sentinels name | the same |
/// | `redis-cluster://host[:port]?node=host2` | a Cluster | the same |
/// | `rediss-sentinel://..`, `rediss-cluster://..` | the same over TLS | the same |
///
/// `?client=redis-rs` or `?client=fred` chooses the library. Safe to cancel.
///
/// Over Redis the connection lives on the tokio runtime that this is called on, which needs time and IO.
/// Calls may come from other runtimes, but wait while that one stands still, as one of a single thread
/// does outside of `block_on`. Once it is shut down, callers connect anew on their own.
///
/// # Errors
/// `InvalidInput` for a URL that cannot be read, `Unsupported` for one whose feature is not
/// built (the message names it) and for a server that is too old or evicts keys, or what kept the
/// server from answering. Passwords are never part of it.
pub async fn connect(url: &str) -> Result<Arc<dyn Backend>> {
    connect_with(url, ConnectOptions::default()).await
}

/// As [`connect`], with options; as safe to cancel.
///
/// # Errors
/// As [`connect`].
pub async fn connect_with(url: &str, options: ConnectOptions) -> Result<Arc<dyn Backend>> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(invalid(format!("a broker's URL starts with its scheme: {SCHEMES}")));
    };
    match scheme {
        "memory" if rest.is_empty() => memory(&options),
        "memory" => Err(invalid("memory:// takes no address and no options")),
        "redis" | "rediss" | "redis+unix" | "redis-sentinel" | "rediss-sentinel"
        | "redis-cluster" | "rediss-cluster" => {
            // Boxed: compilers bound how deep the futures of one program are nested in each other.
            Box::pin(redis(url, scheme, options)).await
        }
        _ => Err(invalid(format!("the scheme {scheme}:// is unknown; known are {SCHEMES}"))),
    }
}

const SCHEMES: &str =
    "memory://, redis://, rediss://, redis+unix://, redis-sentinel:// and redis-cluster://";

fn invalid(message: impl Into<String>) -> Error {
    Error::invalid(Operation::Connect, message)
}

#[allow(dead_code, reason = "with all features nothing is missing")]
fn not_built(scheme: &str, features: &str) -> Error {
    let message = format!(
        "{scheme}:// needs the feature {features} of the crate tireless, which this program was \
         built without; add it in Cargo.toml"
    );
    Error::new(ErrorKind::Unsupported, Operation::Connect, message)
}

#[cfg(feature = "memory")]
fn memory(options: &ConnectOptions) -> Result<Arc<dyn Backend>> {
    #[cfg(any(feature = "redis-rs", feature = "fred"))]
    if !options.adopted.is_empty() {
        return Err(invalid("memory:// has no lists of other programs to adopt"));
    }
    let broker = tireless_backend_memory::MemoryBroker::new(Arc::new(tireless_worker::TokioClock));
    Ok(Arc::new(broker.with_dead_kept(options.dead_kept)))
}

#[cfg(not(feature = "memory"))]
fn memory(_: &ConnectOptions) -> Result<Arc<dyn Backend>> {
    Err(not_built("memory", "`memory`"))
}

async fn redis(url: &str, scheme: &str, options: ConnectOptions) -> Result<Arc<dyn Backend>> {
    let client = match options.client {
        Some(client) => Some(client),
        None => client_of(url)?,
    };
    let built = match client {
        None if cfg!(feature = "redis-rs") => Client::RedisRs,
        None if cfg!(feature = "fred") => Client::Fred,
        None => return Err(not_built(scheme, "`redis-rs` or `fred`")),
        Some(client) => client,
    };
    match built {
        Client::RedisRs => redis_rs(url, scheme, options).await,
        Client::Fred => fred(url, scheme, options).await,
    }
}

/// The library that a URL asks for.
fn client_of(url: &str) -> Result<Option<Client>> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut asked = query.split('&').filter_map(|part| part.strip_prefix("client="));
    asked.next().map(Client::from_str).transpose()
}

#[cfg(feature = "redis-rs")]
async fn redis_rs(url: &str, _: &str, options: ConnectOptions) -> Result<Arc<dyn Backend>> {
    let mut settings = tireless_backend_redis_rs::Settings::of(options.namespace);
    settings.dead_kept = options.dead_kept;
    settings.adopted = options.adopted;
    settings.allow_eviction = options.allow_eviction;
    Ok(Arc::new(tireless_backend_redis_rs::RedisRsBroker::connect(url, settings).await?))
}

#[cfg(not(feature = "redis-rs"))]
async fn redis_rs(_: &str, scheme: &str, _: ConnectOptions) -> Result<Arc<dyn Backend>> {
    Err(not_built(scheme, "`redis-rs`"))
}

#[cfg(feature = "fred")]
async fn fred(url: &str, _: &str, options: ConnectOptions) -> Result<Arc<dyn Backend>> {
    let mut settings = tireless_backend_fred::Settings::of(options.namespace);
    settings.dead_kept = options.dead_kept;
    settings.adopted = options.adopted;
    settings.allow_eviction = options.allow_eviction;
    Ok(Arc::new(tireless_backend_fred::FredBroker::connect(url, settings).await?))
}

#[cfg(not(feature = "fred"))]
async fn fred(_: &str, scheme: &str, _: ConnectOptions) -> Result<Arc<dyn Backend>> {
    Err(not_built(scheme, "`fred`"))
}

#[cfg(test)]
#[path = "connect_tests.rs"]
mod tests;
