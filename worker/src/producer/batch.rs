//! The push of many tasks in few calls.

use std::collections::VecDeque;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use bytes::Bytes;
use tireless_core::{Durability, Error, NewTask, Operation, OwnId, QueueName, Result, limits};

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
    own_ids: Option<Vec<Result<OwnId>>>,
}

push_options!(PushAll);

impl PushAll {
    pub(super) fn new(
        producer: Producer,
        options: PushOptions,
        bodies: Vec<Result<Bytes>>,
    ) -> Self {
        Self { producer, options, bodies, own_ids: None }
    }

    /// Ids of your own, as of a [single push](super::PushTask::own_id): one for each task, in their
    /// order. The receipts say which tasks existed before, each with the id of the one that lives; of
    /// equal own ids in one call the first wins (B3.5), in a later call while its task lives.
    ///
    /// ```
    /// # use tireless_worker::{Producer, Task};
    /// # async fn example<T: Task>(tasks: Producer, orders: Vec<(u64, T)>) -> tireless_core::Result<()> {
    /// let (numbers, invoices): (Vec<u64>, Vec<T>) = orders.into_iter().unzip();
    /// let own_ids = numbers.iter().map(|number| format!("invoice-{number}"));
    /// let receipts = tasks.push_all(invoices).own_ids(own_ids).await?;
    /// let new = receipts.iter().filter(|receipt| !receipt.existed).count();
    /// # println!("{new}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn own_ids<I: AsRef<[u8]>>(mut self, ids: impl IntoIterator<Item = I>) -> Self {
        // One over is enough to tell that they are too many, also of those that never end.
        let ids = ids.into_iter().take(self.bodies.len() + 1);
        self.own_ids = Some(ids.map(OwnId::new).collect());
        self
    }

    /// Makes all tasks and their ids without sending anything.
    ///
    /// # Errors
    /// `InvalidInput` for an illegal name, and for more or fewer own ids than tasks; `TooLarge` for a
    /// body over its limit.
    pub fn prepare(self) -> Result<PreparedBatch> {
        self.ready().map_err(|error| error.during(Operation::Push))
    }

    fn ready(self) -> Result<PreparedBatch> {
        let Self { producer, options, bodies, own_ids } = self;
        let durability = options.durability.unwrap_or(producer.durability);
        let (queue, mut tasks) = options.tasks(bodies)?;
        if let Some(own_ids) = own_ids {
            give(&mut tasks, own_ids)?;
        }
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

/// Gives each task its own id.
fn give(tasks: &mut [NewTask], own_ids: Vec<Result<OwnId>>) -> Result<()> {
    if own_ids.len() != tasks.len() {
        let problem = if own_ids.len() > tasks.len() { "more" } else { "fewer" };
        let message = format!(
            "there are {problem} own ids than the {} tasks of the batch; give one for each, in their \
             order",
            tasks.len()
        );
        return Err(Error::invalid(Operation::Push, message));
    }
    for (task, own_id) in tasks.iter_mut().zip(own_ids) {
        task.own_id = Some(own_id?);
    }
    Ok(())
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

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
