//! What the roles of one pool share.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tireless_core::{Broker, Clock, Error, QueueName, TypeName, WorkerId, WorkerInfo};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::board::Board;
use crate::dispatch::Dispatch;
use crate::events::Observers;
use crate::health::{Health, Role};
use crate::ledger::Ledger;
use crate::listen::fits_a_wait;
use crate::run::Route;
use crate::settler::Settler;
use crate::summary::Counters;
use crate::supervise::Supervisor;
use crate::sync::{AtomicBool, AtomicUsize, Notify};

/// What a pool was told, and its defaults.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) concurrency: usize,
    pub(crate) prefetch: usize,
    pub(crate) lease: Duration,
    pub(crate) beat: Duration,
    pub(crate) shutdown_timeout: Duration,
    /// How long a task of an unknown type is handed back before it is buried (B9).
    pub(crate) unknown_for: Duration,
    /// Crashes while alone after which a task is buried (B11).
    pub(crate) bury_after_crashes: u32,
    pub(crate) scheduler: bool,
    pub(crate) hold_until_settled: bool,
    pub(crate) any_type: bool,
}

/// A queue that is served.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    pub(crate) name: QueueName,
    /// Queues of a lower level are served first.
    pub(crate) level: usize,
    /// Share among the queues of one level.
    pub(crate) weight: u32,
    /// Whether raw bodies in the inbox are taken in.
    pub(crate) inbox: bool,
    pub(crate) routes: Routes,
}

/// The handlers of one queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    pub(crate) typed: HashMap<TypeName, Arc<Route>>,
    pub(crate) raw: Option<Arc<Route>>,
    /// For types that no other handler takes.
    pub(crate) any: Option<Arc<Route>>,
}

impl Routes {
    /// The handler for tasks of a type, or for raw tasks.
    pub(crate) fn find(&self, task_type: Option<&TypeName>) -> Option<&Arc<Route>> {
        match task_type {
            Some(name) => self.typed.get(name).or(self.any.as_ref()),
            None => self.raw.as_ref(),
        }
    }
}

/// What the roles of one pool share.
pub(crate) struct Shared {
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) worker: WorkerId,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) queues: Vec<Served>,
    /// Per queue: until when its lease lasts, in milliseconds of monotonic time.
    pub(crate) leases: Vec<Arc<AtomicU64>>,
    pub(crate) settlers: Vec<Settler>,
    pub(crate) board: Board,
    pub(crate) dispatch: Dispatch,
    pub(crate) ledger: Ledger,
    pub(crate) counters: Counters,
    pub(crate) observers: Observers,
    pub(crate) health: Health,
    pub(crate) info: WorkerInfo,
    /// Slots that are open.
    pub(crate) slots: TaskTracker,
    /// Rung when the claimer has something to look at.
    pub(crate) claimer_wake: Arc<Notify>,
    /// Rung when the bell has something else to wait for.
    pub(crate) bell_wake: Notify,
    /// Whether the claimer waits for the bells by itself where all queues are empty.
    claimer_listens: AtomicBool,
    /// Wake the claimer when no more than this many less one are held; 0 for never.
    held_mark: AtomicUsize,
    /// No more claims, waits and ticks.
    pub(crate) stop: CancellationToken,
    /// Handlers are dropped, and their tasks given back.
    pub(crate) abort: CancellationToken,
    /// No more heartbeats.
    pub(crate) rest: CancellationToken,
    /// The shutdown is to be over at once.
    pub(crate) hurry: CancellationToken,
    /// The shutdown's time was over before it had ended: whoever waits for it is let go.
    pub(crate) overdue: CancellationToken,
    /// All is over: the heartbeat's thread ends.
    pub(crate) over: CancellationToken,
    /// Whether the heartbeat has come to its last renewal.
    pub(crate) signs_off: AtomicBool,
}

impl Shared {
    pub(crate) fn new(
        broker: Arc<dyn Broker>,
        clock: Arc<dyn Clock>,
        settings: Settings,
        queues: Vec<Served>,
        observers: Observers,
    ) -> Self {
        let claimer_wake = Arc::new(Notify::new());
        let names: Vec<QueueName> = queues.iter().map(|queue| queue.name.clone()).collect();
        let mut info = WorkerInfo::default();
        info.host = host();
        info.pid = std::process::id();
        info.concurrency = settings.concurrency;
        info.started_ms = clock.wall().millis();
        info.queues = queues.iter().map(|queue| queue.name.to_string()).collect();
        Self {
            worker: WorkerId::new(),
            leases: queues.iter().map(|_| Arc::default()).collect(),
            settlers: Vec::from_iter(
                names.iter().enumerate().map(|(at, name)| Settler::new(at, name.clone())),
            ),
            board: Board::new(&queues),
            dispatch: Dispatch::new(settings.concurrency, Arc::clone(&claimer_wake)),
            ledger: Ledger::new(queues.len()),
            counters: Counters::default(),
            health: Health::new(names, settings.scheduler, clock.monotonic()),
            slots: TaskTracker::new(),
            bell_wake: Notify::new(),
            claimer_listens: AtomicBool::new(fits_a_wait(&queues)),
            held_mark: AtomicUsize::new(0),
            stop: CancellationToken::new(),
            abort: CancellationToken::new(),
            rest: CancellationToken::new(),
            hurry: crate::signal::hurry(),
            overdue: CancellationToken::new(),
            over: CancellationToken::new(),
            signs_off: AtomicBool::new(false),
            broker,
            clock,
            settings,
            queues,
            observers,
            info,
            claimer_wake,
        }
    }

    /// What a loop is supervised with that goes on until `stop`.
    pub(crate) fn supervisor<'a>(&'a self, stop: &'a CancellationToken) -> Supervisor<'a> {
        Supervisor { clock: &*self.clock, health: &self.health, observers: &self.observers, stop }
    }

    /// The store has answered a loop for its queue, or for all.
    pub(crate) fn succeeded(&self, role: Role) {
        self.health.success(role, role.queue(), self.clock.monotonic(), &self.observers);
    }

    /// The store has answered a loop for one queue.
    pub(crate) fn succeeded_for(&self, role: Role, at: usize) {
        self.health.success(role, Some(at), self.clock.monotonic(), &self.observers);
    }

    pub(crate) fn failed(&self, role: Role, error: &Error) {
        let now = self.clock.monotonic();
        self.health.failure(role, role.queue(), now, error, &self.observers);
    }

    pub(crate) fn failed_for(&self, role: Role, at: usize, error: &Error) {
        let now = self.clock.monotonic();
        self.health.failure(role, Some(at), now, error, &self.observers);
    }

    /// A loop asks the store now.
    pub(crate) fn asks(&self, role: Role) {
        self.health.pulse(role).asks(self.clock.monotonic());
    }

    /// A loop pauses so long before it asks.
    pub(crate) fn asks_in(&self, role: Role, pause: Duration) {
        self.health.pulse(role).asks_at(self.clock.monotonic().saturating_add(pause));
    }

    /// A loop asks for what is answered within that time, unless it owes an answer already.
    pub(crate) fn asks_once(&self, role: Role, within: Duration) {
        self.health.pulse(role).asks_once(self.clock.monotonic().saturating_add(within));
    }

    /// A loop has nothing to ask for, and looks again after a pause if one is given.
    pub(crate) fn owes_nothing(&self, role: Role, pause: Option<Duration>) {
        let until = pause.map(|pause| self.clock.monotonic().saturating_add(pause));
        self.health.owes_nothing(role, until);
    }

    /// Whether the claimer waits for the bells by itself where all queues are empty; a suspect keeps
    /// it from that.
    pub(crate) fn claimer_listens(&self) -> bool {
        let listens = self.claimer_listens.load(Ordering::Acquire);
        listens && self.board.suspects(self.clock.monotonic()).0.is_empty()
    }

    /// The claimer makes up its mind: what its wait may bring, one task of each queue, has to find
    /// slots, and to come in time. Else the bell waits in its place.
    pub(crate) fn claimer_may_listen(&self) -> bool {
        let free = self.settings.concurrency.saturating_sub(self.dispatch.load().total());
        let few = fits_a_wait(&self.queues) && free >= self.queues.len();
        let listens = few && !self.board.has_trial();
        self.claimer_listens.store(listens, Ordering::Release);
        listens
    }

    /// The claimer has no use for a ring: none is owed meanwhile.
    pub(crate) fn needs_no_bell(&self) {
        if self.claimer_listens() {
            self.owes_nothing(Role::Bell, None);
        }
    }

    /// The lease of a queue lasts at least until `sent` and the lease's length.
    pub(crate) fn lease_extended(&self, queue: usize, sent: Duration) {
        let until = sent + self.settings.lease;
        let until = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
        self.leases[queue].fetch_max(until, Ordering::Relaxed);
    }

    /// When the lease of a queue ends, by the clock's monotonic time.
    pub(crate) fn lease_until(&self, queue: usize) -> Duration {
        Duration::from_millis(self.leases[queue].load(Ordering::Relaxed))
    }

    /// Rings the claimer once no more than `held` tasks are held; at once if that is so already.
    pub(crate) fn wake_when_held(&self, held: usize) {
        // In one order with the count of what is held: either side sees what the other wrote.
        self.held_mark.store(held + 1, Ordering::SeqCst);
        self.held_fell();
    }

    /// To be called when tasks are no longer held.
    pub(crate) fn held_fell(&self) {
        let mark = self.held_mark.load(Ordering::SeqCst);
        if mark > 0 && self.ledger.held() < mark && self.held_mark.swap(0, Ordering::SeqCst) > 0 {
            self.claimer_wake.notify_one();
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("worker", &self.worker)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The name of this host, for operators; empty where it cannot be told.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .unwrap_or_default();
    name.trim().to_owned()
}
