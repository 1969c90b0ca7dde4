//! How fast tasks get in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use tireless::{Backend, Envelope, NewTask, Producer, QueueName, Result};
use tokio::task::JoinSet;

use crate::exit::{Outcome, Stop};
use crate::output::progress;
use crate::pusher::Pusher;

/// For how long pushing one at a time is measured.
pub(super) const TIME: Duration = Duration::from_secs(2);

/// Calls under way while batches are pushed.
const AT_ONCE: usize = 2;

/// Tasks for a queue, all alike.
#[derive(Clone, Debug)]
pub(super) struct Load {
    broker: Arc<dyn Backend>,
    queue: QueueName,
    body: bytes::Bytes,
    envelope: bytes::Bytes,
}

impl Load {
    /// Tasks with bodies of this size.
    pub(super) fn new(
        broker: Arc<dyn Backend>,
        queue: QueueName,
        body_bytes: usize,
    ) -> Result<Self> {
        let body = bytes::Bytes::from(vec![b'x'; body_bytes]);
        let envelope = Envelope::raw(body.clone()).encode()?;
        Ok(Self { broker, queue, body, envelope })
    }

    /// Pushes one task.
    pub(super) async fn push(&self, producer: &Producer) -> Result<()> {
        producer.push_raw(&self.queue, self.body.clone()).await.map(drop)
    }

    /// A producer for [`push`](Self::push).
    pub(super) fn producer(&self) -> Producer {
        Producer::new(self.broker.clone())
    }

    /// Tasks a second that some callers of one producer push one at a time.
    pub(super) async fn one_by_one(&self, callers: u16) -> Outcome<f64> {
        let start = Instant::now();
        let producer = self.producer();
        let mut running = JoinSet::new();
        for _ in 0..callers {
            let (producer, load) = (producer.clone(), self.clone());
            running.spawn(async move {
                let mut pushed = 0_u64;
                while start.elapsed() < TIME {
                    load.push(&producer).await?;
                    pushed += 1;
                }
                Ok::<_, tireless::Error>(pushed)
            });
        }
        let mut pushed = 0;
        while let Some(ended) = running.join_next().await {
            pushed += ended.map_err(|error| Stop::Failed(error.into()))??;
        }
        Ok(pushed as f64 / start.elapsed().as_secs_f64())
    }

    /// Tasks a second that are pushed in batches.
    pub(super) async fn in_batches(&self, tasks: u64, batch: usize) -> Outcome<f64> {
        let bar = progress(Some(tasks), "pushing");
        let pusher = Pusher::new(self.broker.clone(), self.queue.clone());
        let batch = batch.max(1) as u64;
        let start = Instant::now();
        stream::iter((0..tasks).step_by(batch as usize))
            .map(|first| {
                let count = batch.min(tasks - first);
                let tasks = (0..count).map(|_| NewTask::new(self.envelope.clone())).collect();
                let (pusher, bar) = (&pusher, &bar);
                async move {
                    pusher.push(tasks).await?;
                    bar.inc(count);
                    Ok::<_, tireless::Error>(())
                }
            })
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<()>>()
            .await?;
        bar.finish_and_clear();
        Ok(tasks as f64 / start.elapsed().as_secs_f64())
    }
}
