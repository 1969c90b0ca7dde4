//! The push of one task.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use bytes::Bytes;
use tireless_core::{
    Durability, Error, ErrorKind, NewTask, Operation, OwnId, QueueName, Result, TaskId, limits,
};
use tokio::runtime::Handle;

use super::call::PushCall;
use super::group::Groups;
use super::options::{PushOptions, push_options};
use super::{Producer, Receipt};

/// A push of one task: choose options, then await it.
///
/// # Errors
/// `InvalidInput` and `TooLarge` before anything is sent; otherwise what the store said, or that
/// it did not answer in time: then [`effect`](tireless_core::Error::effect) says whether the task
/// may have been accepted.
#[derive(Debug)]
#[must_use = "a push does nothing until it is awaited"]
pub struct PushTask {
    producer: Producer,
    options: PushOptions,
    own_id: Option<Result<OwnId>>,
    body: Result<Bytes>,
}

push_options!(PushTask);

impl PushTask {
    pub(super) fn new(producer: Producer, options: PushOptions, body: Result<Bytes>) -> Self {
        Self { producer, options, own_id: None, body }
    }

    /// An id of your own, 1 to 256 bytes: while a task with it lives in the queue, pushing it
    /// again changes nothing and answers with that task (B3).
    pub fn own_id(mut self, id: impl AsRef<[u8]>) -> Self {
        self.own_id = Some(OwnId::new(id));
        self
    }

    /// Makes the task and its id without sending anything, for a push that can be sent again.
    ///
    /// # Errors
    /// `InvalidInput` for an illegal name, `TooLarge` for a body over its limit.
    pub fn prepare(self) -> Result<PreparedPush> {
        let Ready { producer, queue, task, durability } = self.ready()?;
        Ok(PreparedPush(PushCall::new(producer, queue, vec![task], durability)))
    }

    async fn send(self) -> Result<Receipt> {
        let Ready { producer, queue, task, durability } = self.ready()?;
        let shares = producer.group_commit && durability == Durability::Stored;
        // Outside of tokio, which a broker in memory allows, each has a call of its own.
        if let Some(runtime) = Handle::try_current().ok().filter(|_| shares) {
            return Groups::push(runtime, &producer, queue, task).await;
        }
        PreparedPush(PushCall::new(producer, queue, vec![task], durability)).send().await
    }

    fn ready(self) -> Result<Ready> {
        // Names and envelopes speak for themselves; who pushes is told of the push.
        self.checked().map_err(|error| error.during(Operation::Push))
    }

    fn checked(self) -> Result<Ready> {
        let Self { producer, options, own_id, body } = self;
        let durability = options.durability.unwrap_or(producer.durability);
        let (queue, mut task) = options.task(body)?;
        task.own_id = own_id.transpose()?;
        check_sizes(std::slice::from_ref(&task))?;
        Ok(Ready { producer, queue, task, durability })
    }
}

/// All that a call needs but its number.
struct Ready {
    producer: Producer,
    queue: QueueName,
    task: NewTask,
    durability: Durability,
}

impl IntoFuture for PushTask {
    type Output = Result<Receipt>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Receipt>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// A push that is ready to be sent, as often as needed: it makes one task, and every answer is
/// the first one, within ten minutes of it (B3).
///
/// Drop it once it is answered or given up; the store keeps answers for as long as it is held.
///
/// ```
/// # use tireless_worker::Producer;
/// # async fn example(tasks: Producer) -> tireless_core::Result<()> {
/// let push = tasks.push_raw("mail", "ada@example.org").prepare()?;
/// let receipt = loop {
///     match push.send().await {
///         Err(error) if error.is_retryable() => eprintln!("still trying: {error}"),
///         answer => break answer?,
///     }
/// };
/// assert_eq!(receipt.id, push.id());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a prepared push does nothing until it is sent"]
pub struct PreparedPush(PushCall);

impl PreparedPush {
    /// The id that the task has once it is accepted.
    pub fn id(&self) -> TaskId {
        self.0.tasks()[0].id
    }

    /// Where it goes.
    pub fn queue(&self) -> &QueueName {
        self.0.queue()
    }

    /// Sends it and waits for the answer. Safe to repeat after any error, and safe to drop: a
    /// later send then finds what the dropped one did.
    ///
    /// # Errors
    /// What the store said, or that it did not answer in time.
    pub async fn send(&self) -> Result<Receipt> {
        let receipts = self.0.send().await?;
        Ok(receipts[0])
    }
}

/// Refuses what no call can carry.
pub(super) fn check_sizes(tasks: &[NewTask]) -> Result<()> {
    let largest = tasks.iter().map(|task| task.envelope.len()).max().unwrap_or(0);
    if largest <= limits::BYTES_PER_CALL {
        return Ok(());
    }
    let message = format!(
        "a task has {largest} bytes with its headers, {} are the most in one call; keep large \
         data elsewhere and push its address",
        limits::BYTES_PER_CALL
    );
    Err(Error::new(ErrorKind::TooLarge, Operation::Push, message))
}
