//! What the tests of this crate stand on: a memory broker under a clock that they move, a broker
//! that notes every call and can be told to fail, and handlers made of closures.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tireless_core::{
    Broker, CallSequence, Clock, Counts, Durability, Envelope, Inspect, NewTask, Push, QueueName,
    TaskDetail, TaskId, TaskOptions, TypeName, WorkerId,
};
use tireless_testkit::VirtualClock;

use crate::events::Event;
use crate::pool::WorkerPool;
use crate::run::{Context, Handle, Route, RunPolicy, Verdict};
use crate::shared::Shared;

mod dark;
mod link;
mod log;
mod spy;
mod trouble;

pub(crate) use log::{BrokenLog, Prints};
pub(crate) use spy::{Call, Spy};
pub(crate) use trouble::{Trouble, outage};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A broker, its clock, and a queue.
pub(crate) struct Bed {
    pub(crate) clock: VirtualClock,
    pub(crate) spy: Spy,
    pub(crate) queue: QueueName,
    pub(crate) events: Arc<Mutex<Vec<Event>>>,
    pushes: CallSequence,
    producer: WorkerId,
}

impl Bed {
    pub(crate) fn new() -> Self {
        Self::on(VirtualClock::new())
    }

    pub(crate) fn on(clock: VirtualClock) -> Self {
        let spy = Spy::over(clock.clone());
        Self {
            clock,
            spy,
            queue: queue("q"),
            events: Arc::default(),
            pushes: CallSequence::new(),
            producer: WorkerId::new(),
        }
    }

    /// A pool that notes its events.
    pub(crate) fn pool(&self) -> WorkerPool {
        let events = Arc::clone(&self.events);
        WorkerPool::new(self.spy.clone())
            .clock(Arc::new(self.clock.clone()))
            .observe(move |event| events.lock().unwrap().push(event.clone()))
    }

    /// A pool for the queue `q` with a handler for its raw tasks.
    pub(crate) fn raw<F>(&self, run: impl Fn(Context) -> F + Send + Sync + 'static) -> WorkerPool
    where
        F: Future<Output = Verdict> + Send + 'static,
    {
        self.pool().queue("q").route(raw(run))
    }

    pub(crate) async fn push_to(&self, queue: &QueueName, tasks: Vec<NewTask>) -> Vec<TaskId> {
        let ids = tasks.iter().map(|task| task.id).collect();
        for some in tasks.chunks(1000) {
            let ticket = self.pushes.next();
            let push = Push {
                queue: queue.clone(),
                caller: self.producer,
                call: ticket.call(),
                tasks: some.to_vec(),
                durability: Durability::Stored,
            };
            self.spy.inner.push(&push).await.unwrap();
        }
        ids
    }

    pub(crate) async fn push(&self, count: usize) -> Vec<TaskId> {
        self.push_to(&self.queue, (0..count).map(|_| raw_task()).collect()).await
    }

    pub(crate) async fn counts(&self) -> Counts {
        self.spy.inner.counts(&self.queue).await.unwrap()
    }

    pub(crate) async fn show(&self, id: TaskId) -> Option<TaskDetail> {
        self.spy.inner.show(&self.queue, id).await.unwrap()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }
}

pub(crate) fn queue(name: &str) -> QueueName {
    QueueName::new(name).unwrap()
}

pub(crate) fn raw_task() -> NewTask {
    NewTask::new(Envelope::raw("x").encode().unwrap())
}

pub(crate) fn typed_task(task_type: &str, options: TaskOptions) -> NewTask {
    let task_type = Some(TypeName::new(task_type).unwrap());
    NewTask::new(Envelope { task_type, options, ..Envelope::default() }.encode().unwrap())
}

struct Closure<F>(F);

impl<F: Fn(Context) -> BoxFuture<'static, Verdict> + Send + Sync + 'static> Handle for Closure<F> {
    fn run(&self, _: Envelope, context: Context) -> BoxFuture<'static, Verdict> {
        (self.0)(context)
    }
}

/// A handler for raw tasks of any queue.
pub(crate) fn raw<F>(run: impl Fn(Context) -> F + Send + Sync + 'static) -> Route
where
    F: Future<Output = Verdict> + Send + 'static,
{
    Route {
        task_type: None,
        queue: None,
        policy: RunPolicy::default(),
        handle: Arc::new(Closure(move |context| run(context).boxed())),
    }
}

/// What the roles of a pool for the queues `q`, `q1`, .. share, over this broker.
pub(crate) fn shared_over(broker: impl Broker, clock: Arc<dyn Clock>, queues: usize) -> Shared {
    let mut pool = WorkerPool::new(broker).clock(clock).route(raw(|_| async { Verdict::Done }));
    for at in 0..queues {
        pool = pool.queue(if at == 0 { "q".to_owned() } else { format!("q{at}") });
    }
    pool.prepare().unwrap().0
}
