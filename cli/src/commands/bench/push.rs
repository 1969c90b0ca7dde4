//! How fast tasks get in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use tireless::broker::NewTask;
use tireless::limits::BYTES_PER_CALL;
use tireless::{Backend, Envelope, Producer, QueueName, Result};
use tokio::task::JoinSet;

use crate::exit::{Outcome, Stop};
use crate::output::progress;
use crate::pusher::Pusher;

/// For how long pushing one at a time is measured.
pub(super) const TIME: Duration = Duration::from_secs(2);

/// For how long bare batches are: the server has to keep all that they bring.
pub(super) const BARE_BATCHES: Duration = Duration::from_millis(500);

/// Calls under way while batches are pushed.
pub(super) const AT_ONCE: usize = 2;

/// What bodies are made of.
const FILL: u8 = b'x';

/// Bytes of a stamp.
const STAMP: usize = 8;

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
        let body = bytes::Bytes::from(vec![FILL; body_bytes]);
        let envelope = Envelope::raw(body.clone()).encode()?;
        Ok(Self { broker, queue, body, envelope })
    }

    /// Pushes one task.
    pub(super) async fn push(&self, producer: &Producer) -> Result<()> {
        producer.push_raw(&self.queue, self.body.clone()).await.map(drop)
    }

    /// A task for a batch; one with a stamp carries it in front of its body.
    pub(super) fn task(&self, stamp: Option<Duration>) -> Result<NewTask> {
        let Some(stamp) = stamp else { return Ok(NewTask::new(self.envelope.clone())) };
        let mut body = self.body.to_vec();
        body.resize(body.len().max(STAMP), FILL);
        body[..STAMP].copy_from_slice(&u64::try_from(stamp.as_nanos()).unwrap_or(0).to_be_bytes());
        Ok(NewTask::new(Envelope::raw(body).encode()?))
    }

    /// The stamp that a task's body carries, if it has one.
    pub(super) fn stamp(body: &[u8]) -> Option<Duration> {
        let stamp = body.first_chunk::<STAMP>().filter(|stamp| **stamp != [FILL; STAMP])?;
        Some(Duration::from_nanos(u64::from_be_bytes(*stamp)))
    }

    /// How many tasks fit into one call, of those wanted.
    pub(super) fn fits(&self, wanted: usize) -> usize {
        wanted.min(BYTES_PER_CALL / (self.body.len().max(STAMP) + 64)).max(1)
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
                let tasks: Result<_> = (0..count).map(|_| self.task(None)).collect();
                let (pusher, bar) = (&pusher, &bar);
                async move {
                    pusher.push(tasks?).await?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_read_again_and_plain_bodies_have_none() {
        let broker = crate::connect::in_memory();
        for body_bytes in [0, 7, 8, 100] {
            let queue = QueueName::new("q").unwrap();
            let load = Load::new(broker.clone(), queue, body_bytes).unwrap();
            let body = |stamp| Envelope::decode(&load.task(stamp).unwrap().envelope).unwrap().body;
            let stamp = Duration::from_micros(1_234_567);
            assert_eq!(
                (Load::stamp(&body(Some(stamp))), Load::stamp(&body(None))),
                (Some(stamp), None)
            );
            assert_eq!(body(Some(stamp)).len(), body_bytes.max(8));
        }
    }
}
