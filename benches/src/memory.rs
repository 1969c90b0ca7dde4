//! The memory broker, driven batch by batch.

use std::sync::Arc;

use bytes::Bytes;
use tireless_backend_memory::MemoryBroker;
use tireless_core::{Broker, ClaimedTask, Push, QueueName, limits};

use crate::still_clock::StillClock;
use crate::{at_once, fixture};

/// A memory broker with the numbers of the calls that one worker made.
#[derive(Debug)]
pub struct Memory {
    broker: MemoryBroker,
    queue: QueueName,
    envelope: Bytes,
    pushed: usize,
    pushes: u64,
    claims: u64,
    settles: u64,
}

impl Default for Memory {
    fn default() -> Self {
        Self::of(fixture::envelope())
    }
}

impl Memory {
    /// One whose tasks all have this envelope.
    pub fn of(envelope: Bytes) -> Self {
        let broker = MemoryBroker::new(Arc::new(StillClock));
        let queue = fixture::queue();
        Self { broker, queue, envelope, pushed: 0, pushes: 0, claims: 0, settles: 0 }
    }

    /// The same broker, and a queue of its own there.
    ///
    /// # Panics
    /// Never: the queue's name is legal.
    #[must_use]
    pub fn beside(&self, number: usize) -> Self {
        let queue = QueueName::new(format!("{}-{number}", fixture::QUEUE)).expect("a legal name");
        let (broker, envelope) = (self.broker.clone(), self.envelope.clone());
        Self { broker, queue, envelope, pushed: 0, pushes: 0, claims: 0, settles: 0 }
    }

    /// The same, holding this many tasks more.
    #[must_use]
    pub fn holding(mut self, tasks: usize) -> Self {
        self.fill(tasks, Bytes::clone);
        self
    }

    /// The same, holding this many tasks more, each with bytes of its own as real ones have: threads
    /// that run them share no count of who uses them.
    #[must_use]
    pub fn holding_own(mut self, tasks: usize) -> Self {
        self.fill(tasks, |envelope| Bytes::copy_from_slice(envelope));
        self
    }

    /// Pushes this many tasks with such envelopes, in calls as long as may be.
    fn fill(&mut self, tasks: usize, envelope: impl Fn(&Bytes) -> Bytes) {
        let mut left = tasks;
        while left > 0 {
            let batch = left.min(limits::TASKS_PER_CALL);
            let mut push = self.next_push(batch);
            push.tasks.iter_mut().for_each(|task| task.envelope = envelope(&task.envelope));
            self.push(&push);
            left -= batch;
        }
    }

    /// The push of the next tasks, to be sent later.
    pub fn next_push(&mut self, tasks: usize) -> Push {
        self.pushes += 1;
        self.pushed += tasks;
        let push = fixture::push(self.pushes, &self.envelope, self.pushed - tasks, tasks);
        Push { queue: self.queue.clone(), ..push }
    }

    /// Sends a push.
    ///
    /// # Panics
    /// If it is refused.
    pub fn push(&self, push: &Push) {
        let answers = at_once(self.broker.push(push)).expect("a push");
        assert_eq!(answers.len(), push.tasks.len());
    }

    /// Claims so many tasks, which must be there.
    ///
    /// # Panics
    /// If they are not.
    pub fn claim(&mut self, tasks: usize) -> Vec<ClaimedTask> {
        self.claims += 1;
        let mut claim = fixture::claim(self.claims, tasks);
        claim.queues[0].queue.clone_from(&self.queue);
        let (_, answer) = at_once(self.broker.claim(&claim)).pop().expect("one queue's answer");
        let claimed = answer.expect("a claim").tasks;
        assert_eq!(claimed.len(), tasks);
        claimed
    }

    /// Acks what was claimed.
    ///
    /// # Panics
    /// If that is refused.
    pub fn settle(&mut self, tasks: &[ClaimedTask]) {
        self.settles += 1;
        let mut settle = fixture::settle(self.settles, tasks);
        settle.queue.clone_from(&self.queue);
        let answer = at_once(self.broker.settle(&settle)).expect("a settle");
        assert_eq!(answer.settled.len(), tasks.len());
    }

    /// The broker itself.
    pub fn into_broker(self) -> MemoryBroker {
        self.broker
    }
}
