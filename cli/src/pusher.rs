//! Pushes batches, and sends a batch again when its answer was lost: that is always safe (B3).

use std::sync::Arc;
use std::time::{Duration, Instant};

use tireless::{
    Backend, CallSequence, Durability, NewTask, Push, Pushed, QueueName, Result, WorkerId,
};

/// For how long a batch is sent again before it is given up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A producer for one queue.
#[derive(Debug)]
pub(crate) struct Pusher {
    broker: Arc<dyn Backend>,
    queue: QueueName,
    caller: WorkerId,
    calls: CallSequence,
    durability: Durability,
}

impl Pusher {
    /// A producer with an identity of its own.
    pub(crate) fn new(broker: Arc<dyn Backend>, queue: QueueName) -> Self {
        let (caller, calls) = (WorkerId::new(), CallSequence::new());
        Self { broker, queue, caller, calls, durability: Durability::Stored }
    }

    /// The same producer, whose pushes are to be as sure as this.
    pub(crate) fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Where it pushes to.
    pub(crate) fn queue(&self) -> &QueueName {
        &self.queue
    }

    /// Pushes a batch within the bounds of a call; sends it again for a while if the store cannot
    /// be reached.
    pub(crate) async fn push(&self, tasks: Vec<NewTask>) -> Result<Vec<Pushed>> {
        let ticket = self.calls.next();
        let mut push = Push {
            queue: self.queue.clone(),
            caller: self.caller,
            call: ticket.call(),
            tasks,
            durability: self.durability,
        };
        let started = Instant::now();
        let mut pause = Duration::from_millis(50);
        loop {
            match self.broker.push(&push).await {
                Err(error) if error.is_retryable() && started.elapsed() + pause < PATIENCE => {
                    tracing::warn!(queue = %self.queue, %error, "push is sent again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(2));
                    push.call = ticket.call();
                }
                answer => return answer,
            }
        }
    }
}
