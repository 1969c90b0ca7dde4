//! One numbered push call, repeated while its answer is missing.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tireless_core::{
    Broker, CallTicket, Durability, Effect, Error, ErrorKind, NewTask, Operation, Push, Pushed,
    QueueName, Result, limits,
};

use super::{Producer, Receipt};
use crate::retry::Backoff;

/// A call that can be sent any number of times and makes its tasks once (B3.3). Holding it keeps
/// the store's answer; dropping it gives the call up (B3.4).
#[derive(Debug)]
pub(super) struct PushCall {
    producer: Producer,
    queue: QueueName,
    tasks: Vec<NewTask>,
    durability: Durability,
    ticket: CallTicket,
    /// When it was first sent with an unknown end, by the clock's monotonic time.
    doubtful_since: Mutex<Option<Duration>>,
}

impl PushCall {
    pub(super) fn new(
        producer: Producer,
        queue: QueueName,
        tasks: Vec<NewTask>,
        durability: Durability,
    ) -> Self {
        let ticket = producer.ticket(&queue);
        Self { producer, queue, tasks, durability, ticket, doubtful_since: Mutex::default() }
    }

    pub(super) fn queue(&self) -> &QueueName {
        &self.queue
    }

    pub(super) fn tasks(&self) -> &[NewTask] {
        &self.tasks
    }

    /// Sends the call until it is answered or the producer's patience ends.
    pub(super) async fn send(&self) -> Result<Vec<Receipt>> {
        let Producer { clock, patience, .. } = &self.producer;
        let give_up = clock.monotonic().saturating_add(*patience);
        let pauses = Backoff::exponential(Duration::from_millis(50), Duration::from_secs(1));
        let mut push = self.request();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let error = match self.send_once(&push).await {
                Ok(answers) => return self.receipts(&answers),
                Err(error) => error,
            };
            let pause = pauses.delay(attempt);
            if !is_unanswered(&error) || clock.monotonic().saturating_add(pause) > give_up {
                return Err(self.doubted(error));
            }
            clock.sleep(pause).await;
            push.call = self.ticket.call();
        }
    }

    /// Sends it, unless so much time has passed that the store may have forgotten its answer.
    async fn send_once(&self, push: &Push) -> Result<Vec<Pushed>> {
        let now = self.producer.clock.monotonic();
        let before = *self.doubt();
        let since = *self.doubt().get_or_insert(now);
        if now.saturating_sub(since) > limits::REPEAT_WINDOW {
            let message = "the push was first sent over ten minutes ago, and the store may have \
                           forgotten it; look for its task by id before pushing it anew";
            return Err(
                Error::new(ErrorKind::Stale, Operation::Push, message).with_effect(Effect::Maybe)
            );
        }
        let answer = self.producer.broker.push(push).await;
        if answer.as_ref().is_err_and(|error| error.effect() == Effect::None) && before.is_none() {
            *self.doubt() = None;
        }
        answer
    }

    /// A copy that was sent earlier may still have taken effect, whatever the last one did.
    fn doubted(&self, error: Error) -> Error {
        if self.doubt().is_some() { error.with_effect(Effect::Maybe) } else { error }
    }

    fn doubt(&self) -> MutexGuard<'_, Option<Duration>> {
        self.doubtful_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request(&self) -> Push {
        Push {
            queue: self.queue.clone(),
            caller: self.producer.caller,
            call: self.ticket.call(),
            tasks: self.tasks.clone(),
            durability: self.durability,
        }
    }

    fn receipts(&self, answers: &[Pushed]) -> Result<Vec<Receipt>> {
        if answers.len() != self.tasks.len() {
            let (got, sent) = (answers.len(), self.tasks.len());
            let message = format!("the store gave {got} answers to {sent} tasks");
            return Err(
                Error::new(ErrorKind::Corrupt, Operation::Push, message).with_effect(Effect::Maybe)
            );
        }
        let receipt = |(task, answer): (&NewTask, &Pushed)| match answer {
            Pushed::Exists { id } => Receipt { id: *id, existed: true },
            _ => Receipt { id: task.id, existed: false },
        };
        Ok(self.tasks.iter().zip(answers).map(receipt).collect())
    }
}

/// Whether the store did not answer. Out of memory can pass too, but it is an answer: the caller
/// should hear of it and slow down. So is that it is not durable: that was waited for already.
fn is_unanswered(error: &Error) -> bool {
    error.is_retryable() && !matches!(error.kind(), ErrorKind::OutOfMemory | ErrorKind::NotDurable)
}
