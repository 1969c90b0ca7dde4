//! Group commit: single pushes that come while others are under way share the next call. One that
//! comes alone goes at once, and none waits longer than a moment for a call to end.
//!
//! A call for several is made by a task of its own, so that a push that is held and not polled, or
//! dropped, takes nobody along; one for itself alone is made by the push, which is quicker. Only pushes
//! of one runtime share calls, so that who waits for a call and who makes it run, or stand still,
//! together.

mod flight;
mod line;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use flight::{Flight, unanswered};
use line::{Entry, Line};
use tireless_core::{NewTask, QueueName, Result};
use tokio::runtime::{Handle, Id};

use super::{Producer, Receipt};
use crate::sync::{Mutex, MutexGuard};

/// A push that has waited for so long goes, whatever is under way.
const MOMENT: Duration = Duration::from_millis(100);

/// Groups that are kept although nobody is in them, before they are looked through.
const KEPT: usize = 64;

/// The groups of a producer, one a queue and runtime.
#[derive(Debug, Default)]
pub(super) struct Groups(Mutex<HashMap<(QueueName, Id), Arc<Group>>>);

#[derive(Debug, Default)]
struct Group(Mutex<Line>);

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
        let entry = group.line().enter(task);
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
        let board = || group.line().board_past(place.number);
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
    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A push among those that wait. Dropped, it takes its task with it.
struct Place<'a> {
    group: &'a Group,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let task = self.group.line().find(self.number).and_then(|waiting| waiting.task.take());
        // Large ones take their time, and nobody is to wait for that.
        drop(task);
    }
}

#[cfg(test)]
#[path = "group_tests.rs"]
mod tests;
