//! Pushes tasks: one, many, typed or raw.

mod batch;
mod call;
#[cfg(test)]
mod gated;
mod group;
mod one;
mod options;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tireless_core::{
    Broker, CallSequence, CallTicket, Clock, Durability, Error, ErrorKind, Operation, QueueName,
    Result, TaskId, WorkerId, limits,
};

pub use batch::{PreparedBatch, PushAll};
pub use one::{PreparedPush, PushTask};

use crate::clock::TokioClock;
use crate::codec::BodyCodec;
use crate::typed::Task;
use group::Groups;
use options::PushOptions;

/// How long a push whose reply was lost is repeated, unless set otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the store said to a pushed task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The task that lives: the pushed one, or the one that was there before.
    pub id: TaskId,
    /// Whether a live task had this id or own id, so that nothing was changed (B3).
    pub existed: bool,
}

/// Pushes tasks. Cheap to clone, and clones share their call numbers; one a program is enough.
///
/// A push whose reply was lost is sent again under the same call number for ten seconds (see
/// [`patience`](Self::patience)), which never makes a second task (B3). When that does not help,
/// the error says whether the task may have been accepted; to be able to go on from there,
/// [prepare](PushTask::prepare) the push and send it again.
///
/// Dropping a push that is under way gives it up: the store may or may not have accepted it.
///
/// Over Redis the connection lives on the runtime that the broker was connected on; that one must run
/// meanwhile, if it is another than that of the push.
///
/// # Panics
/// Over Redis a push panics outside of a tokio runtime, and may on one without time and IO enabled. Over
/// memory a push alone needs no runtime, and pushes side by side on one need its time.
///
/// ```
/// # use std::time::Duration;
/// # use serde::{Deserialize, Serialize};
/// # use tireless_core::Broker;
/// # use tireless_worker::{Json, Producer, Task};
/// # #[derive(Serialize, Deserialize)]
/// # struct SendMail { to: String }
/// # impl Task for SendMail {
/// #     const NAME: &'static str = "SendMail";
/// #     type Codec = Json;
/// # }
/// # async fn example(broker: impl Broker) -> tireless_core::Result<()> {
/// let tasks = Producer::new(broker);
/// let receipt = tasks
///     .push(SendMail { to: "ada@example.org".into() })
///     .after(Duration::from_secs(300))
///     .own_id("welcome-ada")
///     .await?;
/// if receipt.existed {
///     println!("task {} does that already", receipt.id);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Producer {
    broker: Arc<dyn Broker>,
    clock: Arc<dyn Clock>,
    caller: WorkerId,
    sequences: Arc<Mutex<HashMap<QueueName, CallSequence>>>,
    body_limit: usize,
    patience: Duration,
    durability: Durability,
    groups: Arc<Groups>,
    group_commit: bool,
}

impl Producer {
    /// A producer over a broker, with an identity of its own.
    pub fn new(broker: impl Broker) -> Self {
        Self {
            broker: Arc::new(broker),
            clock: Arc::new(TokioClock),
            caller: WorkerId::new(),
            sequences: Arc::default(),
            body_limit: limits::BODY_BYTES,
            patience: PATIENCE,
            durability: Durability::Stored,
            groups: Arc::default(),
            group_commit: true,
        }
    }

    /// The largest body that is accepted, in bytes; 1 MiB unless set. No envelope can be over
    /// [`BYTES_PER_CALL`](limits::BYTES_PER_CALL).
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// For how long a push waits for its answer, repeated where it may help, before its error is
    /// returned; 10 s unless set, at most the ten minutes in which repeating is safe (B3). A push that
    /// shares a call may have waited for a tenth of a second before. Zero never repeats, and waits for
    /// as long as the broker does, some seconds over Redis.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience.min(limits::REPEAT_WINDOW);
        // Whoever shares a call shares its patience.
        self.groups = Arc::default();
        self
    }

    /// How sure each push must be before it is answered; [`Stored`](Durability::Stored) unless set.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Whether single pushes that are under way at the same time share calls; they do unless this is
    /// `false`. Many at once are several times as fast so, and one alone as fast as ever. They are
    /// refused together too: a full store refuses all of a call. A [prepared](PushTask::prepare)
    /// push, and one that asks for more than [`Stored`](Durability::Stored), always has a call of its
    /// own.
    #[must_use]
    pub fn group_commit(mut self, share: bool) -> Self {
        self.group_commit = share;
        self
    }

    /// Takes time from another clock than tokio's: for tests.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self.groups = Arc::default();
        self
    }

    /// Pushes one task. Await the answer, after choosing options if there are any.
    #[allow(clippy::needless_pass_by_value, reason = "a pushed task is given away")]
    pub fn push<T: Task>(&self, task: T) -> PushTask {
        PushTask::new(self.clone(), PushOptions::typed::<T>(), self.encode(&task))
    }

    /// Pushes bytes without a type, for a queue that raw handlers serve.
    pub fn push_raw(&self, queue: impl AsRef<str>, body: impl Into<Bytes>) -> PushTask {
        let body = self.checked(body.into());
        PushTask::new(self.clone(), PushOptions::raw(queue.as_ref()), body)
    }

    /// Pushes many tasks of one type, in as few calls as the bounds of one allow: 1,000 tasks and
    /// 4 MiB. All of them are encoded first; feed millions in portions.
    pub fn push_all<T: Task>(&self, tasks: impl IntoIterator<Item = T>) -> PushAll {
        let bodies = tasks.into_iter().map(|task| self.encode(&task)).collect();
        PushAll::new(self.clone(), PushOptions::typed::<T>(), bodies)
    }

    /// Pushes many bodies without a type, as [`push_all`](Self::push_all) does.
    pub fn push_all_raw<B: Into<Bytes>>(
        &self,
        queue: impl AsRef<str>,
        bodies: impl IntoIterator<Item = B>,
    ) -> PushAll {
        let bodies = bodies.into_iter().map(|body| self.checked(body.into())).collect();
        PushAll::new(self.clone(), PushOptions::raw(queue.as_ref()), bodies)
    }

    fn encode<T: Task>(&self, task: &T) -> Result<Bytes> {
        let body = T::Codec::encode(task).map_err(|error| {
            let message = format!("the task {} cannot be written by its codec", T::NAME);
            Error::invalid(Operation::Push, format!("{message}: {error}")).with_source(error)
        })?;
        self.checked(body)
    }

    fn checked(&self, body: Bytes) -> Result<Bytes> {
        let (size, limit) = (body.len(), self.body_limit);
        if size > limit {
            let message = format!(
                "the body has {size} bytes, {limit} are the most; keep large data elsewhere and \
                 push its address, or raise the producer's body_limit"
            );
            return Err(Error::new(ErrorKind::TooLarge, Operation::Push, message));
        }
        Ok(body)
    }

    /// The next call number for a queue: each queue is a store of answers of its own.
    fn ticket(&self, queue: &QueueName) -> CallTicket {
        let mut sequences = self.sequences.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sequence) = sequences.get(queue) {
            return sequence.next();
        }
        sequences.entry(queue.clone()).or_default().next()
    }
}

#[cfg(test)]
#[path = "producer/producer_tests.rs"]
mod tests;
