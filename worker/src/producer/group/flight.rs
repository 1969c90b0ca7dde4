//! One of a group's calls that are under way.

use std::sync::Arc;

use tireless_core::{Durability, Effect, Error, ErrorKind, NewTask, Operation, QueueName, Result};
use tokio::runtime::Handle;

use super::Group;
use super::line::{FLIGHTS, Load};
use crate::producer::call::PushCall;
use crate::producer::{Producer, Receipt};

/// A call that is counted from before it is sent until it has ended, or is dropped.
pub(super) struct Flight {
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
    pub(super) fn of(
        group: &Arc<Group>,
        producer: &Producer,
        queue: &QueueName,
        runtime: Handle,
    ) -> Self {
        let (group, producer, queue) = (Arc::clone(group), producer.clone(), queue.clone());
        Self { group, producer, queue, runtime, kind: Kind::Inside }
    }

    /// For the one that flies itself. Who came meanwhile is taken on when it ends, or is dropped.
    pub(super) async fn alone(self, task: NewTask) -> Result<Receipt> {
        let (producer, queue) = (self.producer.clone(), self.queue.clone());
        let call = PushCall::new(producer, queue, vec![task], Durability::Stored);
        let receipts = call.send().await?;
        receipts.first().copied().ok_or_else(unanswered)
    }

    pub(super) fn carry_apart(mut self, load: Load) {
        self.kind = Kind::Apart;
        let runtime = self.runtime.clone();
        runtime.spawn(self.carry(load));
    }

    async fn carry(mut self, mut load: Load) {
        loop {
            self.send(load).await;
            let next = {
                let mut line = self.group.line();
                let next = line.load();
                if next.is_none() {
                    line.flights -= 1;
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
        let mut line = self.group.line();
        line.flights -= 1;
        if self.kind == Kind::Inside {
            let next = line.board(FLIGHTS);
            drop(line);
            if let Some(load) = next {
                let runtime = self.runtime.clone();
                Self::of(&self.group, &self.producer, &self.queue, runtime).carry_apart(load);
            }
        } else if line.flights == 0 {
            // The runtime ends, or a call panicked.
            let left = std::mem::take(&mut line.waiting);
            drop(line);
            left.into_iter().for_each(|waiting| {
                let _ = waiting.answer.send(Err(unsent()));
            });
        }
    }
}

pub(super) fn unanswered() -> Error {
    let message = "what waited for the answer to this push ended before it came";
    Error::new(ErrorKind::Unavailable, Operation::Push, message).with_effect(Effect::Maybe)
}

fn unsent() -> Error {
    let message = "what was to send this push ended before it did";
    Error::new(ErrorKind::Unavailable, Operation::Push, message)
}
