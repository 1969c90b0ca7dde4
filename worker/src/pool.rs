//! The worker pool: what it serves and how, said before it starts.

use std::sync::Arc;
use std::time::Duration;

use tireless_core::limits::{LONE_CRASHES, TASKS_PER_CALL};
use tireless_core::{Broker, Clock, Error, Operation, QueueName};

use crate::dispatch::MOST_TASKS;
use crate::events::{Event, Observers};
use crate::plan::{AddedQueue, Queues};
use crate::run::Route;
use crate::shared::Settings;
use crate::typed::Registry;

mod start;

/// Runs tasks of one or more queues, over any broker.
///
/// ```no_run
/// # async fn example(broker: impl tireless_core::Broker, route: tireless_worker::Route)
/// # -> tireless_core::Result<()> {
/// use tireless_worker::{WorkerPool, shutdown_signal};
///
/// WorkerPool::new(broker)
///     .queue("mail")
///     .route(route)
///     .concurrency(64)
///     .run_until(shutdown_signal())
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// # Order of queues
/// Queues added with [`queue`](Self::queue) are served in strict order: a later one gives tasks
/// only while the earlier ones are empty. Those added with
/// [`queue_weighted`](Self::queue_weighted) share by weight, behind the strict ones. Queues that
/// only handlers name share evenly, behind all others.
#[must_use = "a pool does nothing until it is run or started"]
pub struct WorkerPool {
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) routes: Vec<Route>,
    /// Typed handlers and data, bound at the start.
    pub(crate) registry: Registry,
    /// What is wrong with what was said so far; the first one is the start's error.
    pub(crate) problems: Vec<Error>,
    queues: Queues,
    settings: Settings,
    /// A test's clock; real time without one.
    clock: Option<Arc<dyn Clock>>,
    observers: Observers,
}

impl std::fmt::Debug for WorkerPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerPool")
            .field("broker", &self.broker)
            .field("queues", &self.queues)
            .field("routes", &self.routes)
            .field("registry", &self.registry)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl WorkerPool {
    /// A pool over a broker, with four slots a processor, a lease of 15 s and a beat of 5 s.
    pub fn new(broker: impl Broker) -> Self {
        let processors = std::thread::available_parallelism().map_or(4, usize::from);
        Self {
            broker: Arc::new(broker),
            routes: Vec::new(),
            registry: Registry::default(),
            problems: Vec::new(),
            queues: Queues::default(),
            settings: Settings {
                concurrency: 4 * processors,
                prefetch: TASKS_PER_CALL,
                lease: Duration::from_secs(15),
                beat: Duration::from_secs(5),
                shutdown_timeout: Duration::from_secs(25),
                unknown_for: Duration::from_secs(3600),
                bury_after_crashes: LONE_CRASHES,
                scheduler: true,
                hold_until_settled: false,
                any_type: false,
            },
            clock: None,
            observers: Observers::default(),
        }
    }

    /// Serves a queue, before all that are added later. A bad name is told when the pool starts.
    pub fn queue(self, name: impl AsRef<str>) -> Self {
        self.add_queue(name.as_ref(), None)
    }

    /// Serves a queue that shares with the other weighted ones: with 3 and 1, the first gives
    /// three of four tasks while both have some.
    pub fn queue_weighted(self, name: impl AsRef<str>, weight: u32) -> Self {
        self.add_queue(name.as_ref(), Some(weight))
    }

    fn add_queue(mut self, name: &str, weight: Option<u32>) -> Self {
        if weight == Some(0) {
            self.refuse(format!("the weight of the queue {name} is 0; give it 1 or more"));
        }
        match QueueName::new(name) {
            Ok(name) => self.queues.named.push(AddedQueue { name, weight, inbox: false }),
            Err(error) => self.problems.push(error.during(Operation::Run)),
        }
        self
    }

    /// Whether raw bodies that any program pushes into the inbox of the queue added last are
    /// taken in. They need a handler for raw tasks.
    pub fn inbox(mut self, taken_in: bool) -> Self {
        match self.queues.named.last_mut() {
            Some(queue) => queue.inbox = taken_in,
            None => self.refuse("inbox is said of a queue; add the queue before it".to_owned()),
        }
        self
    }

    /// Serves the queues that are added by name alone, not those that handlers and their types name.
    /// Typed handlers take their tasks from there.
    pub fn only_named_queues(mut self) -> Self {
        self.queues.only_named = true;
        self
    }

    /// Adds a handler for the tasks of one type, or for raw ones, and serves its queue.
    pub fn route(mut self, route: Route) -> Self {
        self.routes.push(route);
        self
    }

    /// How many tasks run at once, 1,048,576 at most. Of each queue no more than some 9,900 claims are held
    /// (B7), which matters where more tasks than that run, each claimed by itself.
    pub fn concurrency(mut self, slots: usize) -> Self {
        if slots == 0 {
            self.refuse("a concurrency of 0 runs nothing; give it 1 or more".to_owned());
        } else if slots > MOST_TASKS {
            self.refuse(format!("a concurrency of {slots} is too much; {MOST_TASKS} is the most"));
        }
        self.settings.concurrency = slots;
        self
    }

    /// How many tasks are held beyond those that run, at most; 1,000 unless told otherwise, and never
    /// more than 1,048,576. Only as many are as are likely to start within a tenth of a second, so slow
    /// handlers hold none.
    ///
    /// While tasks are quick, more are on their way from a store that is far: what begins in the
    /// time that its answers take, up to three times this.
    pub fn prefetch(mut self, tasks: usize) -> Self {
        self.settings.prefetch = tasks.min(MOST_TASKS);
        self
    }

    /// For how long the pool is believed alive after a heartbeat: 15 s unless told otherwise, 300
    /// s at most. If its process dies, its tasks are taken back after this.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.settings.lease = lease;
        self
    }

    /// How often the lease is renewed and the requeue scheduler ticks: 5 s unless told otherwise,
    /// half the lease at most.
    pub fn beat(mut self, beat: Duration) -> Self {
        self.settings.beat = beat;
        self
    }

    /// How long running tasks may go on at a shutdown before they are stopped and given back: 25
    /// s unless told otherwise.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.settings.shutdown_timeout = timeout;
        self
    }

    /// How long tasks of types that no process knows are handed back before they are buried: an
    /// hour unless told otherwise (B9).
    pub fn bury_unknown_after(mut self, patience: Duration) -> Self {
        self.settings.unknown_for = patience;
        self
    }

    /// After how many crashes while running alone a task is buried as poison: 3 unless told
    /// otherwise, 1 at least (B11).
    pub fn bury_after_crashes(mut self, crashes: u32) -> Self {
        self.settings.bury_after_crashes = crashes;
        self
    }

    /// Keeps a slot taken until the store has the outcome of its run, so that a killed process
    /// repeats no more runs than it has slots. Off, a slot takes its next task at once.
    pub fn hold_until_settled(mut self, held: bool) -> Self {
        self.settings.hold_until_settled = held;
        self
    }

    /// Lets handlers of raw tasks take tasks of types that no other handler takes, by their bodies.
    pub fn any_type(mut self, taken: bool) -> Self {
        self.settings.any_type = taken;
        self
    }

    /// Takes all time from this clock; the heartbeat then runs on the caller's runtime. For tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Tells a function of everything that happens; several may observe. It is called where that
    /// happens and must be quick: what it holds up are the pool's loops, the heartbeat too, so that a
    /// lease may end meanwhile.
    pub fn observe(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observers.add(observer);
        self
    }

    /// Leaves promoting, requeueing and reclaiming to others: a
    /// [`RequeueScheduler`](crate::RequeueScheduler), or other pools.
    pub fn without_scheduler(mut self) -> Self {
        self.settings.scheduler = false;
        self
    }

    fn refuse(&mut self, message: String) {
        self.problems.push(Error::invalid(Operation::Run, message));
    }
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
