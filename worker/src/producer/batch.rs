//! The push of many tasks in few calls.

use std::collections::VecDeque;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use bytes::Bytes;
use tireless_core::{Durability, NewTask, QueueName, Result, limits};

use super::call::PushCall;
use super::one::check_sizes;
use super::options::{PushOptions, push_options};
use super::{Producer, Receipt};

/// A push of many tasks: choose options for all of them, then await one receipt a task, in order.
///
/// Each call of at most 1,000 tasks and 4 MiB is one step (B2); the whole is not. An error, and
/// dropping it half way, leave the calls before accepted without saying which tasks that were; the
/// error's [effect](tireless_core::Error::effect) is that of the last call alone. To know what was
/// accepted, and to go on from there, [prepare](Self::prepare) it.
///
/// # Errors
/// As with a [single push](super::PushTask).
#[derive(Debug)]
#[must_use = "a push does nothing until it is awaited"]
pub struct PushAll {
    producer: Producer,
    options: PushOptions,
    bodies: Vec<Result<Bytes>>,
}

push_options!(PushAll);

impl PushAll {
    pub(super) fn new(
        producer: Producer,
        options: PushOptions,
        bodies: Vec<Result<Bytes>>,
    ) -> Self {
        Self { producer, options, bodies }
    }

    /// Makes all tasks and their ids without sending anything.
    ///
    /// # Errors
    /// `InvalidInput` for an illegal name, `TooLarge` for a body over its limit.
    pub fn prepare(self) -> Result<PreparedBatch> {
        let Self { producer, options, bodies } = self;
        let durability = options.durability.unwrap_or(producer.durability);
        let (queue, tasks) = options.tasks(bodies)?;
        check_sizes(&tasks)?;
        let (waiting, receipts) = (split(tasks).into(), Vec::new());
        Ok(PreparedBatch { producer, queue, durability, waiting, current: None, receipts })
    }
}

impl IntoFuture for PushAll {
    type Output = Result<Vec<Receipt>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut batch = self.prepare()?;
            batch.send().await?;
            Ok(batch.receipts)
        })
    }
}

/// Many tasks that are ready to be sent, call by call.
#[derive(Debug)]
#[must_use = "a prepared batch does nothing until it is sent"]
pub struct PreparedBatch {
    producer: Producer,
    queue: QueueName,
    durability: Durability,
    waiting: VecDeque<Vec<NewTask>>,
    /// Sent, but not answered yet. Numbers are drawn only here: an open number makes the store
    /// keep the answers of all later calls.
    current: Option<PushCall>,
    receipts: Vec<Receipt>,
}

impl PreparedBatch {
    /// Sends what was not answered yet. After an error, and after dropping it, a further `send`
    /// goes on where this one stopped, without making any task twice (B3).
    ///
    /// # Errors
    /// What the store said to one of the calls, or that it did not answer in time; the calls
    /// before it are answered, see [`receipts`](Self::receipts).
    pub async fn send(&mut self) -> Result<&[Receipt]> {
        loop {
            if self.current.is_none() {
                let Some(tasks) = self.waiting.pop_front() else { return Ok(&self.receipts) };
                let (producer, queue) = (self.producer.clone(), self.queue.clone());
                self.current = Some(PushCall::new(producer, queue, tasks, self.durability));
            }
            let Some(call) = &self.current else { continue };
            let answered = call.send().await?;
            self.receipts.extend(answered);
            self.current = None;
        }
    }

    /// One receipt for each task that is answered so far, in the order of the tasks.
    pub fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }
}

/// Portions within the bounds of one call (B7), in order.
fn split(tasks: Vec<NewTask>) -> Vec<Vec<NewTask>> {
    let mut portions: Vec<Vec<NewTask>> = Vec::new();
    let mut bytes = 0;
    for task in tasks {
        bytes += task.envelope.len();
        match portions.last_mut() {
            Some(last)
                if last.len() < limits::TASKS_PER_CALL && bytes <= limits::BYTES_PER_CALL =>
            {
                last.push(task);
            }
            _ => {
                bytes = task.envelope.len();
                portions.push(vec![task]);
            }
        }
    }
    portions
}
