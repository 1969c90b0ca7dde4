//! When a drain has ended: two looks a second apart in which nothing waits and nothing moved.

use std::time::Duration;

use tireless::{Backend, Counts, QueueName, Result};

/// Time between two looks at queues that others push to as well.
const PAUSE: Duration = Duration::from_secs(1);

/// How a drain ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Drained {
    /// Nothing is left.
    Empty,
    /// This queue gives no tasks.
    Paused(QueueName),
}

/// Looks at queues until they are drained.
#[derive(Debug)]
pub(crate) struct Drain<'a> {
    broker: &'a dyn Backend,
    queues: &'a [QueueName],
    /// Whether the inbox is served, and has to be empty too.
    inbox: bool,
    pause: Duration,
}

impl<'a> Drain<'a> {
    /// A drain of these queues.
    pub(crate) fn new(broker: &'a dyn Backend, queues: &'a [QueueName], inbox: bool) -> Self {
        Self { broker, queues, inbox, pause: PAUSE }
    }

    /// The same with another time between looks, for queues that nobody else knows.
    pub(crate) fn every(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// Waits for the end. A look that fails counts as one that saw something.
    pub(crate) async fn ended(&self) -> Drained {
        let mut before: Option<Vec<u64>> = None;
        loop {
            let look = match self.look().await {
                Ok(look) => look,
                Err(error) => {
                    tracing::warn!(%error, "the queues could not be counted");
                    Look::Busy
                }
            };
            before = match look {
                Look::Paused(queue) => return Drained::Paused(queue),
                Look::Idle(pushed) if before.as_ref() == Some(&pushed) => return Drained::Empty,
                Look::Idle(pushed) => Some(pushed),
                Look::Busy => None,
            };
            tokio::time::sleep(self.pause).await;
        }
    }

    async fn look(&self) -> Result<Look> {
        let mut pushed = Vec::with_capacity(self.queues.len());
        let mut busy = false;
        for queue in self.queues {
            let counts = self.broker.counts(queue).await?;
            if counts.paused {
                return Ok(Look::Paused(queue.clone()));
            }
            busy |= waiting(&counts, self.inbox) > 0;
            pushed.push(counts.pushed);
        }
        Ok(if busy { Look::Busy } else { Look::Idle(pushed) })
    }
}

/// What one look saw.
enum Look {
    /// Something waits or runs.
    Busy,
    /// Nothing does; how much was pushed to each queue ever.
    Idle(Vec<u64>),
    /// This queue gives no tasks.
    Paused(QueueName),
}

/// What is not at its end yet.
fn waiting(counts: &Counts, inbox: bool) -> u64 {
    let inbox = if inbox { counts.inbox } else { 0 };
    counts.ready + counts.suspects + counts.running + counts.scheduled + counts.failed + inbox
}

#[cfg(test)]
#[path = "drain_tests.rs"]
mod tests;
