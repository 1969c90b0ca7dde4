//! A whole small pool over the memory broker: claimer, bell, slots, settler and heartbeats beside a
//! producer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tireless_core::TaskId;
use tireless_testkit::VirtualClock;

use super::broker::{Restless, counts};
use super::{a_while, check};
use crate::heartbeat::beat_once;
use crate::pool::WorkerPool;
use crate::run::Verdict;
use crate::running::RunningPool;
use crate::shared::Shared;
use crate::sync::{Notify, spawn};
use crate::testbed::{Bed, SECOND, queue, raw, raw_task};

const TASKS: usize = 5;

/// How often each task ran.
#[derive(Debug, Default)]
struct Runs {
    // Std's: noting a run is no step of its own.
    noted: std::sync::Mutex<BTreeMap<TaskId, usize>>,
    /// Rung when all have run.
    all: Notify,
}

impl Runs {
    fn note(&self, id: TaskId) {
        let mut noted = self.noted.lock().expect("no test panics under it");
        *noted.entry(id).or_default() += 1;
        let all = noted.len() == TASKS;
        drop(noted);
        if all {
            self.all.notify_one();
        }
    }

    /// How many tasks ran; each did so once.
    fn once(&self) -> u64 {
        let noted = self.noted.lock().expect("no test panics under it");
        assert!(noted.values().all(|times| *times == 1), "{noted:?}");
        noted.len() as u64
    }
}

/// A pool of two slots that keeps one task ready, over a broker that loses some answers.
fn pool(bed: &Bed, losses: usize, runs: &Arc<Runs>) -> WorkerPool {
    let runs = Arc::clone(runs);
    let handler = raw(move |context| {
        let runs = Arc::clone(&runs);
        async move {
            a_while().await;
            runs.note(context.id());
            a_while().await;
            Verdict::Done
        }
    });
    WorkerPool::new(Restless::over(bed, losses))
        .clock(Arc::new(bed.clock.clone()))
        .queue("q")
        .route(handler)
        .concurrency(2)
        .prefetch(1)
        .without_scheduler()
}

/// Pushes all tasks, a few at a time.
async fn produce(bed: Arc<Bed>) {
    for some in [1, 2, 2] {
        a_while().await;
        bed.push(some).await;
    }
}

/// Heartbeats beyond those that are due.
async fn beat(shared: Arc<Shared>) {
    for _ in 0..2 {
        a_while().await;
        beat_once(&shared, None, shared.settings.lease).await.expect("renewals are answered");
    }
}

async fn start(pool: WorkerPool, bed: &Arc<Bed>) -> RunningPool {
    let running = pool.start().await.expect("the pool is well made");
    spawn(beat(Arc::clone(&running.health_watch().0)));
    spawn(produce(Arc::clone(bed)));
    running
}

/// All tasks run once and are written, within the time.
fn runs_all(
    within: Duration,
    losses: usize,
    set: impl Fn(WorkerPool) -> WorkerPool + Copy + Send + Sync + 'static,
) {
    check(within, move |clock: VirtualClock| async move {
        let (bed, runs) = (Arc::new(Bed::on(clock)), Arc::<Runs>::default());
        let running = start(set(pool(&bed, losses, &runs)), &bed).await;
        runs.all.notified().await;
        let summary = running.shutdown().await;
        assert_eq!((runs.once(), summary.done, summary.lease_lost), (5, 5, 0));
        let counts = counts(&bed).await;
        assert_eq!((counts.done, counts.ready, counts.running), (5, 0, 0));
    });
}

#[test]
fn every_task_runs_once_and_at_once() {
    runs_all(SECOND, 0, |pool| pool);
}

#[test]
fn every_task_runs_once_where_slots_are_held_until_settled() {
    runs_all(SECOND, 0, |pool| pool.concurrency(1).hold_until_settled(true));
}

#[test]
fn every_task_runs_once_where_claims_go_side_by_side() {
    runs_all(SECOND, 0, |pool| pool.concurrency(1).prefetch(2));
}

#[test]
fn every_task_runs_once_although_answers_of_several_claims_are_lost() {
    runs_all(4 * SECOND, 2, |pool| pool.concurrency(1).prefetch(2));
}

#[test]
fn every_task_runs_once_although_answers_are_lost() {
    runs_all(4 * SECOND, 2, |pool| pool);
}

/// All tasks of two queues run once and are written, within the time.
fn runs_all_of_two(within: Duration, losses: usize) {
    check(within, move |clock: VirtualClock| async move {
        let (bed, runs) = (Arc::new(Bed::on(clock)), Arc::<Runs>::default());
        let pool = pool(&bed, losses, &runs).queue("q1");
        let running = pool.start().await.expect("the pool is well made");
        for name in ["q", "q1", "q1", "q", "q1"] {
            a_while().await;
            bed.push_to(&queue(name), vec![raw_task()]).await;
        }
        runs.all.notified().await;
        let summary = running.shutdown().await;
        assert_eq!((runs.once(), summary.done, summary.lease_lost), (5, 5, 0));
        let counts = counts(&bed).await;
        assert_eq!((counts.done, counts.ready, counts.running), (2, 0, 0));
    });
}

#[test]
fn every_task_of_two_queues_runs_once_and_soon() {
    runs_all_of_two(SECOND, 0);
}

#[test]
fn every_task_of_two_queues_runs_once_although_answers_are_lost() {
    // Where the other queue has filled the room meanwhile, what a lost claim took goes back with the
    // next heartbeat.
    runs_all_of_two(6 * SECOND, 2);
}

#[test]
fn a_shutdown_gives_back_what_has_not_run() {
    check(4 * SECOND, |clock| async {
        let (bed, runs) = (Arc::new(Bed::on(clock)), Arc::<Runs>::default());
        let running = pool(&bed, 1, &runs).start().await.expect("the pool is well made");
        let producer = spawn(produce(Arc::clone(&bed)));
        for _ in 0..4 {
            a_while().await;
        }
        let summary = running.shutdown().await;
        producer.await.expect("it is not aborted");
        let ran = runs.once();
        assert_eq!((summary.done, summary.lease_lost), (ran, 0));
        let counts = counts(&bed).await;
        assert_eq!((counts.done, counts.running, counts.workers), (ran, 0, 0));
        assert_eq!(counts.ready, TASKS as u64 - ran);
    });
}
