//! The two client libraries behind one word, and the harness that proves the contract on each.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tireless_backend_fred::{FredBroker, FredLink};
use tireless_backend_redis_rs::{RedisRsBroker, RedisRsLink};
use tireless_core::{Backend, Namespace, QueueName, Result};
use tireless_redis_broker::Settings;
use tireless_redis_broker::link::Link;
use tireless_testkit::Harness;
use tireless_testkit::server::{TestServer, shared_url};

use crate::Raw;

/// Settings that keep few dead tasks, so that a case can reach the cap.
pub fn small_cap(namespace: Namespace) -> Settings {
    let mut settings = Settings::of(namespace);
    settings.dead_kept = CAP;
    settings
}

pub(crate) const CAP: usize = 600;

/// A namespace that no other test uses, on a server that many may share.
pub fn fresh_namespace() -> Namespace {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let start = tireless_core::WorkerId::new();
    Namespace::new(format!("t-{start}-{number}")).expect("a legal name")
}

/// A client library under test.
#[async_trait]
pub trait Library: Send + Sync + 'static {
    /// Its name, as `--client` has it.
    const NAME: &'static str;

    /// One connection of it.
    type Link: Link;

    /// Connects with it.
    async fn connect(url: &str, settings: Settings) -> Result<Arc<dyn Backend>>;
}

/// redis-rs.
#[derive(Debug)]
pub struct RedisRs;

/// fred.
#[derive(Debug)]
pub struct Fred;

#[async_trait]
impl Library for RedisRs {
    const NAME: &'static str = "redis-rs";

    type Link = RedisRsLink;

    async fn connect(url: &str, settings: Settings) -> Result<Arc<dyn Backend>> {
        Ok(Arc::new(RedisRsBroker::connect(url, settings).await?))
    }
}

#[async_trait]
impl Library for Fred {
    const NAME: &'static str = "fred";

    type Link = FredLink;

    async fn connect(url: &str, settings: Settings) -> Result<Arc<dyn Backend>> {
        Ok(Arc::new(FredBroker::connect(url, settings).await?))
    }
}

/// A broker of one library on the server that the tests share, in a namespace of its own.
#[derive(Debug)]
pub struct RedisHarness<L> {
    url: String,
    settings: Settings,
    broker: Arc<dyn Backend>,
    library: PhantomData<L>,
}

/// A broker of one library on a server of its own, which the test may ill-treat.
#[derive(Debug)]
pub struct OwnServer<L> {
    /// The server.
    pub server: TestServer,
    /// How the broker was connected.
    pub settings: Settings,
    broker: Arc<dyn Backend>,
    library: PhantomData<L>,
}

#[async_trait]
impl<L: Library> Harness for OwnServer<L> {
    async fn fresh() -> Self {
        let server = TestServer::start().unwrap_or_else(|error| panic!("no server: {error}"));
        let settings = small_cap(fresh_namespace());
        let broker = L::connect(&server.url(), settings.clone()).await;
        let broker = broker.unwrap_or_else(|error| panic!("{}: {error}", L::NAME));
        Self { server, settings, broker, library: PhantomData }
    }

    fn broker(&self) -> Arc<dyn Backend> {
        self.broker.clone()
    }

    async fn advance(&self, duration: Duration) {
        tokio::time::sleep(duration + Duration::from_millis(3)).await;
    }

    async fn push_plain(&self, queue: &QueueName, body: Bytes) {
        push_plain(&self.server.url(), &self.settings.namespace, queue, &body).await;
    }

    fn cap(&self) -> usize {
        CAP
    }
}

/// The name of a key of a queue, for hands that reach past the broker.
pub fn key_of(namespace: &Namespace, queue: &QueueName, part: &str) -> String {
    format!("tireless:{{{namespace}/{queue}/0}}:{part}")
}

/// As a program in any language would.
pub(crate) async fn push_plain(url: &str, namespace: &Namespace, queue: &QueueName, body: &[u8]) {
    let key = key_of(namespace, queue, "inbox");
    Raw::connect(url).await.command(&[b"LPUSH", key.as_bytes(), body]).await;
}

impl<L> RedisHarness<L> {
    /// The name of a key of a queue.
    pub fn key(&self, queue: &QueueName, part: &str) -> String {
        key_of(&self.settings.namespace, queue, part)
    }

    /// The name of a key of the registry, which all queues of the namespace share.
    pub fn registry_key(&self, part: &str) -> String {
        format!("tireless:{{{}}}:{part}", self.settings.namespace)
    }

    /// A hand that reaches past the broker.
    pub async fn raw(&self) -> Raw {
        Raw::connect(&self.url).await
    }
}

/// The harness of redis-rs.
pub type RedisRsHarness = RedisHarness<RedisRs>;

/// The harness of fred.
pub type FredHarness = RedisHarness<Fred>;

#[async_trait]
impl<L: Library> Harness for RedisHarness<L> {
    async fn fresh() -> Self {
        let url = shared_url().unwrap_or_else(|error| panic!("no server to test: {error}"));
        let settings = small_cap(fresh_namespace());
        let broker = L::connect(&url, settings.clone()).await;
        let broker = broker.unwrap_or_else(|error| panic!("{}: {error}", L::NAME));
        Self { url, settings, broker, library: PhantomData }
    }

    fn broker(&self) -> Arc<dyn Backend> {
        self.broker.clone()
    }

    async fn another(&self) -> Arc<dyn Backend> {
        let broker = L::connect(&self.url, self.settings.clone()).await;
        broker.unwrap_or_else(|error| panic!("{}: {error}", L::NAME))
    }

    async fn advance(&self, duration: Duration) {
        // A little more than asked for: the server counts in whole milliseconds.
        tokio::time::sleep(duration + Duration::from_millis(3)).await;
    }

    async fn push_plain(&self, queue: &QueueName, body: Bytes) {
        push_plain(&self.url, &self.settings.namespace, queue, &body).await;
    }

    fn cap(&self) -> usize {
        CAP
    }
}
