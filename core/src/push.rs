//! Push: tasks enter a queue.

use std::time::Duration;

use bytes::Bytes;

use crate::{Call, Durability, OwnId, QueueName, StoreTime, TaskId, WorkerId};

/// When a pushed task is to be ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// At once.
    #[default]
    Now,
    /// After a delay, counted by the store from the moment it accepts the task (B6).
    After(Duration),
    /// At a moment by the store's clock; at once if that is past.
    At(StoreTime),
}

/// A task to be pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTask {
    /// Made before anything is sent (B3).
    pub id: TaskId,
    /// The encoded [`Envelope`](crate::Envelope); opaque to the broker (B9).
    pub envelope: Bytes,
    /// When it is to be ready.
    pub when: When,
    /// The user's own id, which points to the task while it lives (B3).
    pub own_id: Option<OwnId>,
}

impl NewTask {
    /// A task that is ready at once, with a new id.
    pub fn new(envelope: impl Into<Bytes>) -> Self {
        Self { id: TaskId::new(), envelope: envelope.into(), when: When::Now, own_id: None }
    }
}

/// A batch of tasks for one queue: at most [`TASKS_PER_CALL`](crate::limits::TASKS_PER_CALL) and
/// [`BYTES_PER_CALL`](crate::limits::BYTES_PER_CALL).
///
/// Sending the same `Push` again is always safe: a repeat gets the first answer (B3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Where to.
    pub queue: QueueName,
    /// Who pushes: new at every start of a producer.
    pub caller: WorkerId,
    /// The number of this call.
    pub call: Call,
    /// What is pushed.
    pub tasks: Vec<NewTask>,
    /// How sure it must be before it is answered. A repeat may ask for more, or less.
    pub durability: Durability,
}

/// What became of one task of a [`Push`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pushed {
    /// The store has it.
    Accepted,
    /// Nothing was changed: a live task has this id, or this own id.
    Exists {
        /// The task that lives.
        id: TaskId,
    },
}
