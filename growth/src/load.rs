//! The load: tasks that are all alike, pushed as programs push them.

use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tireless::limits::BYTES_PER_CALL;
use tireless::{Backend, Producer, QueueName};

/// Calls under way while a queue is filled.
const AT_ONCE: usize = 2;

/// What a task may carry beside its body, at most.
const BESIDE: usize = 64;

/// A producer of tasks with the default envelope.
#[derive(Clone, Debug)]
pub struct Load {
    producer: Producer,
    body: Bytes,
}

impl Load {
    /// Tasks with bodies of this size.
    pub fn new(broker: Arc<dyn Backend>, body_bytes: usize) -> Self {
        Self { producer: Producer::new(broker), body: vec![b'x'; body_bytes].into() }
    }

    /// How many tasks fit into one call, of those wanted.
    pub fn fits(&self, wanted: u64) -> u64 {
        let most = BYTES_PER_CALL / (self.body.len() + BESIDE);
        wanted.min(most as u64).max(1)
    }

    /// Pushes some in one call.
    ///
    /// # Errors
    /// When the server does not take them.
    pub async fn push(&self, queue: &QueueName, tasks: u64) -> Result<()> {
        let bodies = (0..tasks).map(|_| self.body.clone());
        self.producer.push_all_raw(queue, bodies).await?;
        Ok(())
    }

    /// Pushes many, in the largest calls there are.
    ///
    /// # Errors
    /// When the server does not take them.
    pub async fn fill(&self, queue: &QueueName, tasks: u64) -> Result<()> {
        self.fill_by(queue, tasks, self.fits(1_000)).await
    }

    /// Pushes many, so many a call.
    ///
    /// # Errors
    /// When the server does not take them.
    pub async fn fill_by(&self, queue: &QueueName, tasks: u64, a_call: u64) -> Result<()> {
        stream::iter((0..tasks).step_by(a_call as usize))
            .map(|first| self.push(queue, a_call.min(tasks - first)))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }
}
