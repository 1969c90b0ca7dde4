//! Group commit: a single push that comes while others are under way waits for the next call and
//! shares it. One that comes alone goes at once, so nothing ever waits for a group to fill.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tireless_core::{
    Durability, Effect, Error, ErrorKind, NewTask, Operation, QueueName, Result, limits,
};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::call::PushCall;
use super::{Producer, Receipt};

/// Calls of one queue that are under way at a time before pushes wait for the next one: the store
/// works on one while the other travels.
const FLIGHTS: usize = 2;

/// The groups of a producer, one a queue.
#[derive(Debug, Default)]
pub(super) struct Groups(Mutex<HashMap<QueueName, Arc<Group>>>);

#[derive(Debug, Default)]
struct Group(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    flights: usize,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    task: NewTask,
    answer: oneshot::Sender<Result<Receipt>>,
}

impl Groups {
    /// Pushes a task, alone or with others. Dropped before its call is sent, it is not sent.
    pub(super) async fn push(
        producer: &Producer,
        queue: QueueName,
        task: NewTask,
    ) -> Result<Receipt> {
        let group = producer.groups.of(&queue);
        match group.enter(task) {
            Entered::First(task) => {
                let flight = Flight::new(group, producer.clone(), queue, Flies::Itself);
                let answers = flight.send(vec![task]).await?;
                answers.first().copied().ok_or_else(unanswered)
            }
            Entered::Waits(answer) => answer.await.unwrap_or_else(|_| Err(unanswered())),
        }
    }

    fn of(&self, queue: &QueueName) -> Arc<Group> {
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = groups.get(queue) {
            return Arc::clone(group);
        }
        Arc::clone(groups.entry(queue.clone()).or_default())
    }
}

enum Entered {
    /// A flight is free, and it is the caller's.
    First(NewTask),
    Waits(oneshot::Receiver<Result<Receipt>>),
}

impl Group {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, task: NewTask) -> Entered {
        let mut state = self.state();
        if state.flights < FLIGHTS && state.waiting.is_empty() {
            state.flights += 1;
            return Entered::First(task);
        }
        let (answer, answered) = oneshot::channel();
        state.waiting.push_back(Waiting { task, answer });
        Entered::Waits(answered)
    }
}

impl State {
    /// What the next call carries, within the bounds of one (B7).
    fn next(&mut self) -> Vec<Waiting> {
        let mut bytes = 0;
        let mut next = Vec::with_capacity(self.waiting.len().min(limits::TASKS_PER_CALL));
        while next.len() < limits::TASKS_PER_CALL {
            let Some(waiting) = self.waiting.pop_front() else { break };
            if waiting.answer.is_closed() {
                continue;
            }
            bytes += waiting.task.envelope.len();
            if bytes > limits::BYTES_PER_CALL && !next.is_empty() {
                self.waiting.push_front(waiting);
                break;
            }
            next.push(waiting);
        }
        next
    }
}

/// One of the calls that may be under way. Ended in whatever way, it leaves nobody waiting.
struct Flight {
    group: Arc<Group>,
    producer: Producer,
    queue: QueueName,
    flies: Flies,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flies {
    /// In the future of one push.
    Itself,
    /// In a task of its own, for those that wait.
    Others,
    /// No more.
    Nobody,
}

impl Flight {
    fn new(group: Arc<Group>, producer: Producer, queue: QueueName, flies: Flies) -> Self {
        Self { group, producer, queue, flies }
    }

    async fn send(&self, tasks: Vec<NewTask>) -> Result<Vec<Receipt>> {
        let (producer, queue) = (self.producer.clone(), self.queue.clone());
        PushCall::new(producer, queue, tasks, Durability::Stored).send().await
    }

    /// What the next call carries; `None` ends the flight, in one step with the look.
    fn next(&mut self) -> Option<Vec<Waiting>> {
        let mut state = self.group.state();
        let next = state.next();
        if next.is_empty() {
            state.flights -= 1;
            self.flies = Flies::Nobody;
            return None;
        }
        Some(next)
    }

    /// Flies for all that wait, until nobody does.
    async fn carry_on(mut self) {
        while let Some(next) = self.next() {
            let (tasks, answers): (Vec<_>, Vec<_>) =
                next.into_iter().map(|waiting| (waiting.task, waiting.answer)).unzip();
            // Nobody listens to an answer that was given up meanwhile.
            match self.send(tasks).await {
                Ok(receipts) => answers.into_iter().zip(receipts).for_each(|(answer, receipt)| {
                    let _ = answer.send(Ok(receipt));
                }),
                Err(error) => answers.into_iter().for_each(|answer| {
                    let _ = answer.send(Err(same(&error)));
                }),
            }
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut state = self.group.state();
        if self.flies == Flies::Nobody {
            return;
        }
        // Whoever flew for itself, or gave up, does not fly for the others.
        if self.flies == Flies::Itself
            && !state.waiting.is_empty()
            && let Ok(runtime) = Handle::try_current()
        {
            drop(state);
            let (group, producer) = (Arc::clone(&self.group), self.producer.clone());
            let flight = Self::new(group, producer, self.queue.clone(), Flies::Others);
            runtime.spawn(flight.carry_on());
            return;
        }
        state.flights -= 1;
        if state.flights == 0 {
            // The runtime has ended. Who still waits elsewhere is told, by losing its sender.
            let lost = std::mem::take(&mut state.waiting);
            drop(state);
            drop(lost);
        }
    }
}

/// One error for many callers.
fn same(error: &Error) -> Error {
    Error::new(error.kind(), error.operation(), error.message()).with_effect(error.effect())
}

fn unanswered() -> Error {
    let message = "the push went out together with others, and what waited for the answer ended \
                   before it came";
    Error::new(ErrorKind::Unavailable, Operation::Push, message).with_effect(Effect::Maybe)
}

#[cfg(test)]
#[path = "group_tests.rs"]
mod tests;
