//! oxana.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use async_trait::async_trait;
use oxana::{
    BatchItem, FromContext, Job, OxanaError, Queue, QueueConfig, Storage, StorageBuilderTimeouts,
    Worker,
};
use redis::aio::MultiplexedConnection;
use tokio_util::sync::CancellationToken;

use crate::contestant::{Body, Caller, Contestant, CrashSafety, Facts, Fenced, Kind};
use crate::server::connect;
use crate::tally::Tally;

const SLOTS: usize = 10;
const POLL: Duration = Duration::from_millis(10);

/// Connections: enough for all callers and slots at once.
const POOL: usize = 100;

/// How long a connection is waited for.
const WAIT: Duration = Duration::from_secs(10);

pub(super) const FACTS: Facts = Facts {
    name: "oxana",
    package: "oxana",
    kind: Kind::Peer,
    crash_safety: CrashSafety {
        survives: true,
        fenced: Fenced::No,
        why: "LMOVE takes a task into the process's own list; others put the list back when the \
              process gave no heartbeat for 5 s; a late success still deletes the task's record",
    },
    settings: "concurrency 10, pool of 100, dequeue_timeout 10 ms (by itself 10 s), no sentry, no \
               spans",
    caveat: "it also counts runs a queue and a minute in Redis; a batch goes in scripts of 100",
};

struct Tasks;

impl Queue for Tasks {
    fn to_config() -> QueueConfig {
        QueueConfig::as_static("compare")
    }
}

impl Job for Body {}

struct Nothing(Arc<Tally>);

impl FromContext<Arc<Tally>> for Nothing {
    fn from_context(tally: &Arc<Tally>) -> Self {
        Self(tally.clone())
    }
}

#[async_trait]
impl Worker<Body> for Nothing {
    type Error = OxanaError;

    async fn run_batch(&self, bodies: Vec<BatchItem<Body>>) -> Result<(), OxanaError> {
        bodies.iter().for_each(|_| self.0.ran());
        Ok(())
    }
}

pub(super) struct Oxana {
    storage: Storage,
    connection: MultiplexedConnection,
}

impl Oxana {
    pub(super) async fn prepare(url: &str) -> Result<Self> {
        let storage = Storage::builder()
            .max_pool_size(POOL)
            .timeouts(StorageBuilderTimeouts::new(WAIT))
            .build_from_redis_url(url)?;
        Ok(Self { storage, connection: connect(url).await? })
    }
}

#[async_trait]
impl Contestant for Oxana {
    fn caller(&self) -> Box<dyn Caller> {
        Box::new(Pushes(self.storage.clone()))
    }

    async fn work(&self, tally: Arc<Tally>, stop: CancellationToken) -> Result<()> {
        let stop = async move {
            stop.cancelled().await;
            Ok(())
        };
        let runtime = self.storage.runtime(tally);
        let runtime = runtime.queue_with_concurrency::<Tasks>(SLOTS).worker::<Nothing, Body>();
        let ran = runtime.dequeue_timeout(POLL).shutdown_on(stop).run().await?;
        ensure!(ran.failed == 0, "{} tasks failed", ran.failed);
        Ok(())
    }

    /// Every task is in this hash until its end.
    async fn unsettled(&self) -> Result<u64> {
        let mut count = redis::cmd("HLEN");
        count.arg(format!("{}:jobs", self.storage.namespace()));
        Ok(count.query_async(&mut self.connection.clone()).await?)
    }
}

struct Pushes(Storage);

#[async_trait]
impl Caller for Pushes {
    async fn push_one(&mut self, body: Body) -> Result<()> {
        self.0.enqueue(Tasks, body).await?;
        Ok(())
    }

    async fn push_batch(&mut self, bodies: Vec<Body>) -> Result<bool> {
        self.0.enqueue_list(Tasks, bodies).await?;
        Ok(true)
    }
}
