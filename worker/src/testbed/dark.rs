//! A server of a Cluster that is dark: whatever names its queue is carried out, and nobody hears of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tireless_core::{Clock, Operation, QueueName, Result};
use tireless_testkit::VirtualClock;

use super::outage;

/// The queue of that server, and how long its calls take until they fail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dark(Arc<Mutex<Option<(QueueName, Duration)>>>);

impl Dark {
    pub(crate) fn set(&self, queue: QueueName, takes: Duration) {
        *self.0.lock().unwrap() = Some((queue, takes));
    }

    /// What is heard of answers, and when. Those of other queues wait for the dark one's.
    pub(super) async fn hides<T>(
        &self,
        clock: &VirtualClock,
        operation: Operation,
        mut answers: Vec<(QueueName, Result<T>)>,
    ) -> Vec<(QueueName, Result<T>)> {
        let dark = self.0.lock().unwrap().clone();
        let names = |name: &QueueName| answers.iter().any(|(queue, _)| queue == name);
        let Some((name, takes)) = dark.filter(|(name, _)| names(name)) else { return answers };
        if !takes.is_zero() {
            clock.sleep(takes).await;
        }
        for (_, answer) in answers.iter_mut().filter(|(queue, _)| *queue == name) {
            *answer = Err(outage(operation));
        }
        answers
    }
}
