//! rusty-sidekiq, which speaks Sidekiq's form.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use sidekiq::{Processor, ProcessorConfig, RedisConnectionManager, RedisPool, Worker};
use tokio_util::sync::CancellationToken;

use crate::contestant::{Body, Caller, Contestant, CrashSafety, Facts, Fenced, Kind};
use crate::server::connect;
use crate::tally::Tally;

const QUEUE: &str = "default";
const SLOTS: usize = 25;

/// Connections that push: one for each of the callers.
const PUSHING: u32 = 64;

/// Connections that fetch: one for each slot, and some for what the processor does besides.
const FETCHING: u32 = 40;

/// How long a connection is waited for.
const WAIT: Duration = Duration::from_secs(30);

pub(super) const FACTS: Facts = Facts {
    name: "rusty-sidekiq",
    package: "rusty-sidekiq",
    kind: Kind::Peer,
    crash_safety: CrashSafety {
        survives: false,
        fenced: Fenced::No,
        why: "BRPOP removes a task before it runs: it is in no list then, and what runs in a \
              killed process is lost",
    },
    settings: "25 workers; a pool of 64 connections that push, one of 40 that fetch, as its \
               README advises",
    caveat: "its pool pings a connection before each use, which is left on: without it a broken \
             connection would stay in the pool",
};

#[derive(Clone)]
struct Nothing(Arc<Tally>);

#[async_trait]
impl Worker<Body> for Nothing {
    async fn perform(&self, _: Body) -> sidekiq::Result<()> {
        self.0.ran();
        Ok(())
    }
}

pub(super) struct Sidekiq {
    pushing: RedisPool,
    fetching: RedisPool,
    connection: MultiplexedConnection,
}

impl Sidekiq {
    pub(super) async fn prepare(url: &str) -> Result<Self> {
        let (pushing, fetching) = (pool(url, PUSHING).await?, pool(url, FETCHING).await?);
        Ok(Self { pushing, fetching, connection: connect(url).await? })
    }
}

async fn pool(url: &str, size: u32) -> Result<RedisPool> {
    let pool = bb8::Pool::builder().max_size(size).connection_timeout(WAIT);
    Ok(pool.build(RedisConnectionManager::new(url)?).await?)
}

#[async_trait]
impl Contestant for Sidekiq {
    fn caller(&self) -> Box<dyn Caller> {
        Box::new(Pushes(self.pushing.clone()))
    }

    async fn work(&self, tally: Arc<Tally>, stop: CancellationToken) -> Result<()> {
        let config = ProcessorConfig::default().num_workers(SLOTS);
        let processor = Processor::new(self.fetching.clone(), vec![QUEUE.to_owned()]);
        let mut processor = processor.with_config(config);
        processor.register(Nothing(tally));
        let told = processor.get_cancellation_token();
        let stop = async move {
            stop.cancelled().await;
            told.cancel();
        };
        tokio::join!(processor.run(), stop);
        Ok(())
    }

    /// What was popped is nowhere, so that only the list is left to count.
    async fn unsettled(&self) -> Result<u64> {
        let mut count = redis::cmd("LLEN");
        count.arg(format!("queue:{QUEUE}"));
        Ok(count.query_async(&mut self.connection.clone()).await?)
    }
}

struct Pushes(RedisPool);

#[async_trait]
impl Caller for Pushes {
    async fn push_one(&mut self, body: Body) -> Result<()> {
        Nothing::perform_async(&self.0, body).await?;
        Ok(())
    }

    async fn push_batch(&mut self, _: Vec<Body>) -> Result<bool> {
        Ok(false)
    }
}
