//! Pushes batches, and sends a batch again when its answer was lost: that is always safe (B3).

use std::sync::Arc;
use std::time::{Duration, Instant};

use tireless::broker::{CallSequence, CallTicket, NewTask, Push, Pushed};
use tireless::{Backend, Durability, Effect, Error, QueueName, Result, State, TaskId, WorkerId};

/// For how long a batch is sent again before it is given up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// What became of a batch that is stored.
#[derive(Debug)]
pub(crate) struct Sent {
    /// An answer for each task, in order.
    pub(crate) answers: Vec<Pushed>,
    /// Why it is not as sure as was asked for.
    pub(crate) unconfirmed: Option<Error>,
}

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

    /// How sure its pushes are to be.
    pub(crate) fn asked(&self) -> Durability {
        self.durability
    }

    /// Whether they are to be more than stored.
    pub(crate) fn asks_for_more(&self) -> bool {
        self.durability != Durability::Stored
    }

    /// Whether a batch is as sure as was asked for, if more than usual was.
    pub(crate) fn confirmed(&self, sent: &Sent) -> Option<bool> {
        self.asks_for_more().then_some(sent.unconfirmed.is_none())
    }

    /// Where it pushes to.
    pub(crate) fn queue(&self) -> &QueueName {
        &self.queue
    }

    /// Pushes a batch within the bounds of a call; sends it again for a while if the store cannot
    /// be reached, or has not confirmed it.
    pub(crate) async fn push(&self, tasks: Vec<NewTask>) -> Result<Sent> {
        let ticket = self.calls.next();
        let mut push = Push {
            queue: self.queue.clone(),
            caller: self.caller,
            call: ticket.call(),
            tasks,
            durability: self.durability,
        };
        let error = match self.send(&mut push, &ticket).await {
            Ok(answers) => return Ok(Sent { answers, unconfirmed: None }),
            Err(error) => error,
        };
        if !self.asks_for_more() || error.effect() == Effect::None {
            return Err(error);
        }
        // It may be stored all the same: the same push, if it asks for no more than that, tells.
        push.durability = Durability::Stored;
        push.call = ticket.call();
        match self.broker.push(&push).await {
            Ok(answers) => Ok(Sent { answers, unconfirmed: Some(error) }),
            Err(_) => Err(error),
        }
    }

    /// Where a task is; `None` if it is gone, or this user may not ask.
    pub(crate) async fn state(&self, id: TaskId) -> Option<State> {
        self.broker.show(&self.queue, id).await.ok()?.map(|task| task.state)
    }

    async fn send(&self, push: &mut Push, ticket: &CallTicket) -> Result<Vec<Pushed>> {
        let started = Instant::now();
        let mut pause = Duration::from_millis(50);
        loop {
            match self.broker.push(push).await {
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
