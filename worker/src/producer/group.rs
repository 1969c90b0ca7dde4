//! Group commit: single pushes that come while others are under way share the next call. One that
//! comes alone goes at once, and none waits longer than a moment for a call to end.
//!
//! A call for several is made by a task of its own, so that a push that is held and not polled, or
//! dropped, takes nobody along; one for itself alone is made by the push, which is quicker. Only pushes
//! of one runtime share calls, so that who waits for a call and who makes it run, or stand still,
//! together.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tireless_core::{
    Durability, Effect, Error, ErrorKind, NewTask, Operation, QueueName, Result, limits,
};
use tokio::runtime::{Handle, Id};
use tokio::sync::oneshot;

use super::call::PushCall;
use super::{Producer, Receipt};
use crate::sync::{Mutex, MutexGuard};

/// Calls of one group that are under way at a time before pushes wait for the next one: the store
/// works on one while the other travels.
const FLIGHTS: usize = 2;

/// A push that has waited for so long goes, whatever is under way.
const MOMENT: Duration = Duration::from_millis(100);

/// Groups that are kept although nobody is in them, before they are looked through.
const KEPT: usize = 64;

/// The groups of a producer, one a queue and runtime.
#[derive(Debug, Default)]
pub(super) struct Groups(Mutex<HashMap<(QueueName, Id), Arc<Group>>>);

#[derive(Debug, Default)]
struct Group(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    flights: usize,
    /// By rising numbers without a gap.
    waiting: VecDeque<Waiting>,
    /// The number of the next one.
    next: u64,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    /// Nothing any more if its push was dropped.
    task: Option<NewTask>,
    answer: oneshot::Sender<Result<Receipt>>,
}

impl Groups {
    /// Pushes a task with others of this runtime, if there are any. Dropped before its call is made,
    /// it is not sent.
    pub(super) async fn push(
        runtime: Handle,
        producer: &Producer,
        queue: QueueName,
        task: NewTask,
    ) -> Result<Receipt> {
        let group = producer.groups.of(&queue, runtime.id());
        let flight = || Flight::of(&group, producer, &queue, runtime.clone());
        // Not in the match: the lock would be held all through it.
        let entry = group.state().enter(task);
        let (number, mut answer) = match entry {
            Entry::Flies(task) => return flight().alone(task).await,
            Entry::Waits(number, answer) => (number, answer),
        };
        let place = Place { group: &group, number };
        tokio::select! {
            biased;
            answer = &mut answer => return answer.unwrap_or_else(|_| Err(unanswered())),
            () = producer.clock.sleep(MOMENT) => {}
        }
        // Those before it may be more than one call carries.
        let board = || group.state().board_past(place.number);
        while let Some(load) = board() {
            flight().carry_apart(load);
        }
        answer.await.unwrap_or_else(|_| Err(unanswered()))
    }

    fn of(&self, queue: &QueueName, runtime: Id) -> Arc<Group> {
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (queue.clone(), runtime);
        if let Some(group) = groups.get(&key) {
            return Arc::clone(group);
        }
        if groups.len() >= KEPT {
            // Those of runtimes that have ended are among them.
            groups.retain(|_, group| Arc::strong_count(group) > 1);
        }
        Arc::clone(groups.entry(key).or_default())
    }
}

impl Group {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a push begins.
enum Entry {
    /// Alone, in a flight that has begun.
    Flies(NewTask),
    /// For another's flight, under this number.
    Waits(u64, oneshot::Receiver<Result<Receipt>>),
}

impl State {
    /// Lets a push fly at once if few fly and nobody waits: those who wait are taken along when a
    /// flight ends. In one step with the look at who flies: between two, a flight could begin with
    /// somebody else's task.
    fn enter(&mut self, task: NewTask) -> Entry {
        if self.flights < FLIGHTS && self.waiting.is_empty() {
            self.flights += 1;
            return Entry::Flies(task);
        }
        let (answer, answered) = oneshot::channel();
        let number = self.next;
        self.next += 1;
        self.waiting.push_back(Waiting { number, task: Some(task), answer });
        Entry::Waits(number, answered)
    }

    fn find(&mut self, number: u64) -> Option<&mut Waiting> {
        let first = self.waiting.front()?.number;
        self.waiting.get_mut(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    /// Begins a flight with those that wait, unless so many are under way.
    fn board(&mut self, most: usize) -> Option<Load> {
        if self.flights >= most {
            return None;
        }
        let load = self.load()?;
        self.flights += 1;
        Some(load)
    }

    /// Begins a flight whatever is under way, as long as this one waits.
    fn board_past(&mut self, number: u64) -> Option<Load> {
        self.find(number)?;
        self.board(usize::MAX)
    }

    /// What the next call carries, within the bounds of one (B7).
    fn load(&mut self) -> Option<Load> {
        let (mut load, mut bytes) = (Load::default(), 0);
        while load.tasks.len() < limits::TASKS_PER_CALL
            && let Some(mut waiting) = self.waiting.pop_front()
        {
            let Some(task) = waiting.task.take() else { continue };
            bytes += task.envelope.len();
            if bytes > limits::BYTES_PER_CALL && !load.tasks.is_empty() {
                self.waiting.push_front(Waiting { task: Some(task), ..waiting });
                break;
            }
            load.tasks.push(task);
            load.answers.push(waiting.answer);
        }
        (!load.tasks.is_empty()).then_some(load)
    }
}

/// The tasks of one call, and who waits for its answer.
#[derive(Debug, Default)]
struct Load {
    tasks: Vec<NewTask>,
    answers: Vec<oneshot::Sender<Result<Receipt>>>,
}

/// A push among those that wait. Dropped, it takes its task with it.
struct Place<'a> {
    group: &'a Group,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let task = self.group.state().find(self.number).and_then(|waiting| waiting.task.take());
        // Large ones take their time, and nobody is to wait for that.
        drop(task);
    }
}

/// One of the calls that are under way.
struct Flight {
    group: Arc<Group>,
    producer: Producer,
    queue: QueueName,
    runtime: Handle,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Inside a push, for it alone.
    Inside,
    /// In a task of its own, and those after it until nobody waits.
    Apart,
    Ended,
}

impl Flight {
    fn of(group: &Arc<Group>, producer: &Producer, queue: &QueueName, runtime: Handle) -> Self {
        let (group, producer, queue) = (Arc::clone(group), producer.clone(), queue.clone());
        Self { group, producer, queue, runtime, kind: Kind::Inside }
    }

    /// For the one that flies itself. Who came meanwhile is taken on when it ends, or is dropped.
    async fn alone(self, task: NewTask) -> Result<Receipt> {
        let (producer, queue) = (self.producer.clone(), self.queue.clone());
        let call = PushCall::new(producer, queue, vec![task], Durability::Stored);
        let receipts = call.send().await?;
        receipts.first().copied().ok_or_else(unanswered)
    }

    fn carry_apart(mut self, load: Load) {
        self.kind = Kind::Apart;
        let runtime = self.runtime.clone();
        runtime.spawn(self.carry(load));
    }

    async fn carry(mut self, mut load: Load) {
        loop {
            self.send(load).await;
            let next = {
                let mut state = self.group.state();
                let next = state.load();
                if next.is_none() {
                    state.flights -= 1;
                }
                next
            };
            let Some(next) = next else { break };
            load = next;
        }
        self.kind = Kind::Ended;
    }

    async fn send(&self, Load { tasks, mut answers }: Load) {
        let (producer, queue) = (self.producer.clone(), self.queue.clone());
        // Nobody listens to an answer that was given up meanwhile.
        match PushCall::new(producer, queue, tasks, Durability::Stored).send().await {
            Ok(receipts) => answers.into_iter().zip(receipts).for_each(|(answer, receipt)| {
                let _ = answer.send(Ok(receipt));
            }),
            Err(error) => {
                let last = answers.pop();
                answers.into_iter().for_each(|answer| {
                    let _ = answer.send(Err(error.clone()));
                });
                last.map(|answer| answer.send(Err(error)));
            }
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if self.kind == Kind::Ended {
            return;
        }
        let mut state = self.group.state();
        state.flights -= 1;
        if self.kind == Kind::Inside {
            let next = state.board(FLIGHTS);
            drop(state);
            if let Some(load) = next {
                let runtime = self.runtime.clone();
                Self::of(&self.group, &self.producer, &self.queue, runtime).carry_apart(load);
            }
        } else if state.flights == 0 {
            // The runtime ends, or a call panicked.
            let left = std::mem::take(&mut state.waiting);
            drop(state);
            left.into_iter().for_each(|waiting| {
                let _ = waiting.answer.send(Err(unsent()));
            });
        }
    }
}

fn unanswered() -> Error {
    let message = "what waited for the answer to this push ended before it came";
    Error::new(ErrorKind::Unavailable, Operation::Push, message).with_effect(Effect::Maybe)
}

fn unsent() -> Error {
    let message = "what was to send this push ended before it did";
    Error::new(ErrorKind::Unavailable, Operation::Push, message)
}

#[cfg(test)]
#[path = "group_tests.rs"]
mod tests;
