//! The official Rust port of BullMQ.

use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use bullmq::options::RedisConnectionOptions;
use bullmq::types::RemoveOnFinish;
use bullmq::worker::CancellationToken as JobToken;
use bullmq::{BulkJob, Job, Queue, QueueOptions, Worker, WorkerOptions};
use redis::aio::MultiplexedConnection;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::contestant::{Body, Caller, Contestant, CrashSafety, Facts, Fenced, Kind};
use crate::server::connect;
use crate::tally::Tally;

const QUEUE: &str = "compare";
const KIND: &str = "nothing";
const SLOTS: usize = 500;

/// How long the end of the worker may take.
const END_MS: u64 = 5_000;

pub(super) const FACTS: Facts = Facts {
    name: "bullmq-official",
    package: "bullmq-official",
    kind: Kind::Peer,
    crash_safety: CrashSafety {
        survives: true,
        fenced: Fenced::ByClaim,
        why: "a script moves a task to the active list under a lock with a token of its own; a \
              check each 30 s puts back what has lost its lock of 30 s; an end with another token \
              is refused",
    },
    settings: "concurrency 500, remove_on_complete",
    caveat: "each task also leaves entries in an event stream; a batch is many single calls sent \
             at once; handlers get a JSON value, which is decoded here",
};

pub(super) struct Bullmq {
    queue: Arc<Queue>,
    at: RedisConnectionOptions,
    connection: MultiplexedConnection,
}

impl Bullmq {
    pub(super) async fn prepare(url: &str) -> Result<Self> {
        let at = RedisConnectionOptions::new().url(url);
        let options = QueueOptions::new().connection(at.clone());
        let queue = Arc::new(Queue::with_options(QUEUE, options).await?);
        Ok(Self { queue, at, connection: connect(url).await? })
    }

    async fn worker(&self, tally: Arc<Tally>) -> Result<Worker> {
        let handler = move |job: Job, _: JobToken| {
            let tally = tally.clone();
            async move {
                tally.ran();
                let _: Body = serde_json::from_value(job.data().clone())?;
                Ok(Value::Null)
            }
        };
        let options = WorkerOptions {
            connection: self.at.clone(),
            concurrency: SLOTS,
            remove_on_complete: Some(RemoveOnFinish::Bool(true)),
            ..WorkerOptions::default()
        };
        Ok(Worker::with_options(QUEUE, handler, options).await?)
    }
}

#[async_trait]
impl Contestant for Bullmq {
    fn caller(&self) -> Box<dyn Caller> {
        Box::new(Pushes(self.queue.clone()))
    }

    async fn work(&self, tally: Arc<Tally>, stop: CancellationToken) -> Result<()> {
        let worker = self.worker(tally).await?;
        // Its events go to a channel without a bound: somebody must read them.
        let reading = async { while worker.next_event().await.is_some() {} };
        tokio::select! {
            () = reading => {}
            () = stop.cancelled() => {}
        }
        worker.close(END_MS).await?;
        Ok(())
    }

    async fn unsettled(&self) -> Result<u64> {
        let keys = self.queue.keys();
        let mut pipe = redis::pipe();
        pipe.cmd("LLEN").arg(keys.wait()).cmd("LLEN").arg(keys.active());
        let (waiting, active): (u64, u64) = pipe.query_async(&mut self.connection.clone()).await?;
        Ok(waiting + active)
    }
}

struct Pushes(Arc<Queue>);

#[async_trait]
impl Caller for Pushes {
    async fn push_one(&mut self, body: Body) -> Result<()> {
        self.0.add(KIND, body).await?;
        Ok(())
    }

    async fn push_batch(&mut self, bodies: Vec<Body>) -> Result<bool> {
        let jobs = bodies.into_iter().map(|body| BulkJob::new(KIND, body)).collect();
        self.0.add_bulk(jobs).await?;
        Ok(true)
    }
}
