//! A pool that runs: its loops, how it fares, and its end.

use std::sync::Arc;

use tireless_core::{Error, ErrorKind, Operation, QueueName, Result, WorkerId};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::events::Event;
use crate::health::{HealthWatch, LoopHealth, PoolHealth, Role};
use crate::quiet::log;
use crate::shared::Shared;
use crate::summary::Summary;
use crate::sync::{spawn, spawn_tracked};
use crate::ticker::{Moved, Ticker};
use crate::{bell, claimer, heartbeat, shutdown, start};

/// How a pool fares.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PoolStats {
    /// What it has done so far.
    pub summary: Summary,
    /// Tasks whose handlers run.
    pub running: usize,
    /// Tasks that were claimed and wait for a slot.
    pub waiting: usize,
    /// Tasks that it holds: waiting, running, or with an outcome that is not written yet.
    pub held: usize,
    /// Whether the store answered when it was last asked, for each of the queues.
    pub store_answers: bool,
    /// How its loops fare.
    pub loops: Vec<LoopHealth>,
}

/// A pool that runs. Dropping it, on whatever thread, shuts it down in the background of the runtime
/// that it was started on.
#[derive(Debug)]
#[must_use = "dropping it shuts the pool down"]
pub struct RunningPool {
    shared: Arc<Shared>,
    loops: Option<Loops>,
    /// Where it was started. Shuttle's scheduler is none of tokio's.
    runtime: Option<Handle>,
}

/// The tasks of a pool's loops.
#[derive(Debug)]
pub(crate) struct Loops {
    /// Those that end with claiming.
    pub(crate) claiming: TaskTracker,
    /// Those that end when all outcomes are written.
    pub(crate) settling: TaskTracker,
    /// The heartbeat.
    pub(crate) beating: TaskTracker,
    _last: LastBeat,
}

/// However a pool ends, with its runtime too: no heartbeat goes on for what nobody runs.
#[derive(Debug)]
struct LastBeat(Arc<Shared>);

impl Drop for LastBeat {
    fn drop(&mut self) {
        self.0.stop.cancel();
        self.0.rest.cancel();
        self.0.over.cancel();
    }
}

/// Goes with the claimer, which ends after a stop: where it goes without one, its runtime has ended.
/// Nobody runs what is held then, whoever still has the pool.
#[derive(Debug)]
struct CutShort(Arc<Shared>);

impl Drop for CutShort {
    fn drop(&mut self) {
        if !self.0.stop.is_cancelled() {
            drop(LastBeat(Arc::clone(&self.0)));
        }
    }
}

impl RunningPool {
    pub(crate) async fn start(shared: Arc<Shared>, real_time: bool) -> Result<Self> {
        match Self::begin(&shared, real_time).await {
            Ok(loops) => {
                Ok(Self { shared, loops: Some(loops), runtime: Handle::try_current().ok() })
            }
            Err(error) => {
                start::take_back(&shared).await;
                Err(error)
            }
        }
    }

    async fn begin(shared: &Arc<Shared>, real_time: bool) -> Result<Loops> {
        // The first beat registers the worker, and finds out what can never work.
        let answers = heartbeat::renew_all(shared, None, shared.settings.lease).await;
        start::refusal(shared, answers)?;
        let (beating, last) = (TaskTracker::new(), LastBeat(Arc::clone(shared)));
        if real_time {
            heartbeat::spawn_thread(Arc::clone(shared), &beating).map_err(|error| {
                let message = format!("the heartbeat's thread cannot be started: {error}");
                Error::new(ErrorKind::Failed, Operation::Run, message).with_source(error)
            })?;
        } else {
            let beats = Arc::clone(shared);
            spawn_tracked(&beating, async move {
                let run = || heartbeat::run(Arc::clone(&beats), None);
                beats.supervisor(&beats.rest).run(Role::Heartbeat, run).await;
            });
        }
        tell_started(shared);
        Ok(spawn_loops(shared, beating, last))
    }

    /// As if a second signal had come.
    #[cfg(test)]
    pub(crate) fn hurry(&self) -> tokio_util::sync::CancellationToken {
        self.shared.hurry.clone()
    }

    /// Its identity, as operators see it.
    pub fn worker(&self) -> WorkerId {
        self.shared.worker
    }

    /// How it fares.
    pub fn stats(&self) -> PoolStats {
        let load = self.shared.dispatch.load();
        PoolStats {
            summary: self.shared.counters.summary(),
            running: load.running,
            waiting: load.waiting,
            held: self.shared.ledger.held(),
            store_answers: self.shared.health.store_answers(),
            loops: self.shared.health.loops(self.shared.clock.monotonic()),
        }
    }

    /// How it fares, as a verdict: whether the process is worth keeping, and whether tasks are
    /// served.
    pub fn health(&self) -> PoolHealth {
        self.health_watch().health()
    }

    /// What tells of its health also while it shuts down: for the endpoint that a supervisor asks.
    pub fn health_watch(&self) -> HealthWatch {
        HealthWatch(Arc::clone(&self.shared))
    }

    /// Ends it in good order: claims nothing more, gives back what has not started, waits for
    /// what runs up to the shutdown timeout, stops and gives back the rest, leaves.
    ///
    /// It may be awaited anywhere, and goes on in the runtime of the pool: in the background, if the
    /// future is dropped. Where nobody drives that runtime any more, it ends a second after the
    /// shutdown timeout, and what was running is given back.
    pub async fn shutdown(mut self) -> Summary {
        let shared = Arc::clone(&self.shared);
        // By whoever waits, as its time counts from here also where nobody drives the pool's runtime.
        shared.stop.cancel();
        if let Some(loops) = self.loops.take() {
            let end = shutdown::run(Arc::clone(&shared), loops);
            let ended = match &self.runtime {
                Some(runtime) => unless_overdue(&shared, runtime.spawn(end)).await,
                None => spawn(end).await.map_err(|error| error.to_string()),
            };
            if let Err(error) = ended {
                log!(error, error, "the shutdown failed; leases give its tasks back");
            }
        }
        shared.counters.summary()
    }
}

impl Drop for RunningPool {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        // Once the runtime is gone nothing can be written: the lease ends and gives its tasks back.
        if let (Some(loops), Some(runtime)) = (self.loops.take(), &self.runtime) {
            runtime.spawn(shutdown::run(Arc::clone(&self.shared), loops));
        }
    }
}

/// Waits for a shutdown as long as it may take.
async fn unless_overdue(shared: &Shared, end: JoinHandle<()>) -> std::result::Result<(), String> {
    tokio::select! {
        biased;
        ended = end => ended.map_err(|error| error.to_string()),
        () = shared.overdue.cancelled() => Err("its runtime stands still".to_owned()),
    }
}

/// Says that the pool has started, before any task can.
fn tell_started(shared: &Shared) {
    let names: Vec<QueueName> = shared.queues.iter().map(|queue| queue.name.clone()).collect();
    let text: Vec<&str> = names.iter().map(QueueName::as_str).collect();
    log!(
        info, worker = %shared.worker, queues = text.join(" "),
        concurrency = shared.settings.concurrency, "the pool has started"
    );
    let worker = shared.worker;
    shared.observers.tell(|| Event::PoolStarted { worker, queues: names });
}

fn spawn_loops(shared: &Arc<Shared>, beating: TaskTracker, last: LastBeat) -> Loops {
    let (claiming, settling) = (TaskTracker::new(), TaskTracker::new());
    for at in 0..shared.settlers.len() {
        let shared = Arc::clone(shared);
        spawn_tracked(&settling, async move {
            let run = || shared.settlers[at].run(&shared);
            shared.supervisor(&shared.rest).run(Role::Settler(at), run).await;
        });
    }
    let (claims, cut_short) = (Arc::clone(shared), CutShort(Arc::clone(shared)));
    spawn_tracked(&claiming, async move {
        let _cut_short = cut_short;
        let run = || claimer::run(Arc::clone(&claims));
        claims.supervisor(&claims.stop).run(Role::Claimer, run).await;
    });
    let waits = Arc::clone(shared);
    spawn_tracked(&claiming, async move {
        let run = || bell::run(Arc::clone(&waits));
        waits.supervisor(&waits.stop).run(Role::Bell, run).await;
    });
    if shared.settings.scheduler {
        let ticks = Arc::clone(shared);
        spawn_tracked(&claiming, async move {
            ticks.supervisor(&ticks.stop).run(Role::Scheduler, || tick(Arc::clone(&ticks))).await;
        });
    }
    claiming.close();
    settling.close();
    beating.close();
    Loops { claiming, settling, beating, _last: last }
}

async fn tick(shared: Arc<Shared>) -> Result<()> {
    let queues: Vec<QueueName> = shared.queues.iter().map(|queue| queue.name.clone()).collect();
    let ticker = Ticker {
        broker: &shared.broker,
        clock: &*shared.clock,
        queues: &queues,
        beat: shared.settings.beat,
        bury_after_crashes: shared.settings.bury_after_crashes,
        observers: &shared.observers,
        health: &shared.health,
        moved: Moved {
            promoted: &shared.counters.promoted,
            requeued: &shared.counters.requeued,
            reclaimed: &shared.counters.reclaimed,
            poisoned: &shared.counters.poisoned,
        },
        early: false,
    };
    tokio::select! {
        () = ticker.run() => {}
        () = shared.stop.cancelled() => {}
    }
    Ok(())
}

#[cfg(test)]
#[path = "running_tests.rs"]
mod tests;
