//! A broker that hears an ack from whoever sends it: a stale worker finishes another one's run (B5).
//!
//! The testkit's like knows only the claims of its own process; this one looks into the server.

use std::sync::Arc;

use async_trait::async_trait;
use redis::Value;
use tireless::broker::{Call, Outcome, Settle, SettleAnswer, Settled, Settlement};
use tireless::{Backend, QueueName, Result, TaskId, WorkerId};
use tireless_testkit::Layer;
use tireless_tests::Raw;

use crate::ground::key;

/// See the module's words.
#[derive(Debug)]
pub(super) struct AcksForOthers {
    inner: Arc<dyn Backend>,
    raw: Raw,
}

impl AcksForOthers {
    pub(super) fn over(inner: Arc<dyn Backend>, raw: Raw) -> Self {
        Self { inner, raw }
    }

    /// The claim under which a worker holds a task.
    async fn claim_of(&self, queue: &QueueName, worker: WorkerId, id: TaskId) -> Option<u64> {
        let key = key(queue, &format!("running:{worker}"));
        let fields = self.raw.clone().try_command(&[b"HGETALL", key.as_bytes()]).await.ok()?;
        let pairs = match fields {
            Value::Array(words) => words,
            Value::Map(pairs) => pairs.into_iter().flat_map(|(name, ids)| [name, ids]).collect(),
            _ => return None,
        };
        pairs.chunks(2).find_map(|pair| match pair {
            [Value::BulkString(field), Value::BulkString(ids)]
                if ids.chunks(16).any(|held| held == id.as_bytes()) =>
            {
                std::str::from_utf8(field).ok()?.parse().ok()
            }
            _ => None,
        })
    }

    async fn ack_anyway(&self, queue: &QueueName, id: TaskId) -> Result<bool> {
        let Some(worker) = self.inner.show(queue, id).await?.and_then(|task| task.worker) else {
            return Ok(false);
        };
        let Some(claim) = self.claim_of(queue, worker, id).await else { return Ok(false) };
        let settle = Settle {
            queue: queue.clone(),
            worker,
            call: Call { number: (1 << 40) + claim, answered: 0 },
            outcomes: vec![Settlement { claim, id, outcome: Outcome::ACK }],
        };
        Ok(self.inner.settle(&settle).await?.settled == [Settled::Applied])
    }
}

#[async_trait]
impl Layer for AcksForOthers {
    fn inner(&self) -> &Arc<dyn Backend> {
        &self.inner
    }

    async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
        let mut answer = self.inner.settle(settle).await?;
        for (settled, one) in answer.settled.iter_mut().zip(&settle.outcomes) {
            let refused = *settled == Settled::LeaseLost && one.outcome == Outcome::ACK;
            if refused && self.ack_anyway(&settle.queue, one.id).await? {
                *settled = Settled::Applied;
            }
        }
        Ok(answer)
    }
}
