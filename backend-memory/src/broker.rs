//! The broker around the state machine: the clock, and waits that may be dropped.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use tireless_core::{
    Admin, Broker, Claim, Claimed, Clock, Counts, Inspect, List, Moved, Operation, OwnId, Page,
    Purged, Push, Pushed, QueueName, Reconcile, Reconciled, Removed, Renew, Renewed, Result,
    Selection, ServerStats, Settle, SettleAnswer, State, StoreTime, TaskDetail, TaskId, Tick,
    Ticked, Wait, Woken, WorkerView, Yardstick,
};

use crate::queue::Queue;
use crate::store::{Listening, Store};
use crate::{admin, bounds};

/// A broker in this process's memory: the reference model of the contract.
///
/// Clones share their tasks; with the last clone they are gone. Its store's time is the clock's
/// wall time (B6), so that a test can move it. No operation but `wait` ever waits for anything,
/// and every one may be dropped at any moment (B10).
///
/// Nothing bounds what it holds but the process's memory: `push` never answers `OutOfMemory`.
#[derive(Clone)]
pub struct MemoryBroker(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    store: Store,
}

impl fmt::Debug for MemoryBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBroker").field("clock", &self.0.clock).finish_non_exhaustive()
    }
}

impl MemoryBroker {
    /// An empty broker whose store's time is that of `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared { clock, store: Store::default() }))
    }

    /// The same broker, keeping at most this many dead tasks, and this many kept done ones, in
    /// each queue (B12); [`DEAD_KEPT`](tireless_core::limits::DEAD_KEPT) unless set.
    #[must_use]
    pub fn with_dead_kept(self, dead_kept: usize) -> Self {
        self.store().set_dead_kept(dead_kept);
        self
    }

    /// Puts a raw body into a queue's inbox, as another program's plain `LPUSH` does.
    ///
    /// It rings no bell; waits that name the inbox end, and claims that name it take the body in
    /// after the ready list.
    pub fn push_plain(&self, queue: &QueueName, body: Bytes) {
        self.store().push_plain(queue, body);
    }

    fn store(&self) -> &Store {
        &self.0.store
    }

    fn time(&self) -> &dyn Clock {
        &*self.0.clock
    }

    fn read<R: Default>(&self, queue: &QueueName, read: impl FnOnce(&Queue, StoreTime) -> R) -> R {
        self.store().on_existing(queue, |queue| read(queue, self.time().wall()))
    }
}

/// A wait under way. Dropped, it hands a ring that it was given to the next.
struct Waiting<'a> {
    broker: &'a MemoryBroker,
    number: u64,
}

impl Waiting<'_> {
    fn poll(&self, context: &Context<'_>) -> Poll<QueueName> {
        self.broker.store().with_bells(|bells| bells.poll(self.number, context.waker()))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.broker.store().with_bells(|bells| bells.withdraw(self.number));
    }
}

#[async_trait]
impl Broker for MemoryBroker {
    async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
        self.store().push(push, self.time())
    }

    async fn claim(&self, claim: &Claim) -> Claimed {
        self.store().claim(claim, self.time())
    }

    async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
        self.store().settle(settle, self.time())
    }

    async fn renew(&self, renew: &Renew) -> Renewed {
        self.store().renew(renew, self.time())
    }

    async fn wait(&self, wait: &Wait) -> Result<Woken> {
        bounds::waited_for(wait)?;
        let carried = wait.carried()?;
        let woken = self.hear(wait).await;
        let Some(claim) = carried else { return Ok(woken) };
        let answers = self.claim(claim).await.into_iter();
        let answers: Result<_> = answers.map(|(_, answer)| answer).collect();
        // What was refused is told when it is claimed by itself.
        Ok(answers.map_or(woken, Woken::Claimed))
    }

    async fn tick(&self, tick: &Tick) -> Ticked {
        self.store().tick(tick, self.time())
    }
}

impl MemoryBroker {
    /// Waits until a bell rings or the time is up.
    async fn hear(&self, wait: &Wait) -> Woken {
        let waiting = match self.store().listen(&wait.queues) {
            Listening::Rang(queue) => return Woken::Rang(queue),
            Listening::Waits(number) => Waiting { broker: self, number },
        };
        let mut sleep = self.0.clock.sleep(wait.timeout);
        let woken = poll_fn(|context| {
            if let Poll::Ready(queue) = waiting.poll(context) {
                return Poll::Ready(Woken::Rang(queue));
            }
            sleep.as_mut().poll(context).map(|()| Woken::TimedOut)
        });
        woken.await
    }
}

#[async_trait]
impl Inspect for MemoryBroker {
    async fn queues(&self) -> Result<Vec<QueueName>> {
        Ok(self.store().names())
    }

    async fn counts(&self, queue: &QueueName) -> Result<Counts> {
        Ok(self.read(queue, Queue::counts))
    }

    async fn list(&self, list: &List) -> Result<Page> {
        bounds::tasks(Operation::Inspect, list.limit)?;
        Ok(self.read(&list.queue, |queue, _| queue.list(list)))
    }

    async fn show(&self, queue: &QueueName, id: TaskId) -> Result<Option<TaskDetail>> {
        Ok(self.read(queue, |queue, _| queue.show(id)))
    }

    async fn find(&self, queue: &QueueName, own_id: &OwnId) -> Result<Option<TaskId>> {
        Ok(self.read(queue, |queue, _| queue.find(own_id)))
    }

    async fn workers(&self) -> Result<Vec<WorkerView>> {
        Ok(self.store().workers(self.time()))
    }

    async fn server(&self) -> Result<ServerStats> {
        let mut stats = ServerStats::default();
        stats.name = "memory".to_owned();
        Ok(stats)
    }
}

/// Memory has no bare way beside the broker's own.
impl Yardstick for MemoryBroker {}

#[async_trait]
impl Admin for MemoryBroker {
    async fn requeue(&self, queue: &QueueName, selection: &Selection) -> Result<Moved> {
        match selection {
            Selection::Ids(ids) => bounds::tasks(Operation::Requeue, ids.len())?,
            Selection::Oldest { state, limit } => {
                admin::requeueable(*state)?;
                bounds::limit(Operation::Requeue, *limit)?;
            }
        }
        Ok(self.store().on_existing(queue, |queue| queue.requeue(selection)))
    }

    async fn remove(&self, queue: &QueueName, ids: &[TaskId]) -> Result<Vec<Removed>> {
        bounds::tasks(Operation::Remove, ids.len())?;
        let removed = self.store().on_existing(queue, |queue| Some(queue.remove(ids)));
        Ok(removed.unwrap_or_else(|| vec![Removed::Missing; ids.len()]))
    }

    async fn purge(&self, queue: &QueueName, state: State, limit: usize) -> Result<Purged> {
        admin::purgeable(state)?;
        bounds::limit(Operation::Purge, limit)?;
        Ok(self.store().on_existing(queue, |queue| queue.purge(state, limit)))
    }

    async fn pause(&self, queue: &QueueName) -> Result<()> {
        self.store().on(queue, Queue::pause);
        Ok(())
    }

    async fn resume(&self, queue: &QueueName) -> Result<()> {
        self.store().resume(queue);
        Ok(())
    }

    async fn discard(&self, queue: &QueueName) -> Result<bool> {
        Ok(self.store().discard(queue, self.time()))
    }

    async fn reconcile(&self, _queue: &QueueName, _step: &Reconcile) -> Result<Reconciled> {
        // Behind its lock, and with no hand that reaches past it, no queue ever stands wrong.
        Ok(Reconciled::default())
    }
}

#[cfg(test)]
#[path = "broker_tests.rs"]
mod tests;
