//! Dispatch: what is offered runs once or is given back once, and who asked for room is rung.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tireless_core::{ClaimedTask, History, StoreTime, TaskId};
use tokio_util::task::TaskTracker;

use super::{a_while, check};
use crate::dispatch::{Dispatch, Taken};
use crate::ledger::{Batch, Ledger};
use crate::sync::{Notify, spawn, spawn_tracked};

const SLOTS: usize = 2;

/// What became of each task.
#[derive(Debug, Default)]
struct Fates {
    running: usize,
    ran: BTreeMap<TaskId, usize>,
    given_back: BTreeMap<TaskId, usize>,
}

/// A dispatch, its slots, and what they did.
struct Bench {
    dispatch: Dispatch,
    wake: Arc<Notify>,
    slots: TaskTracker,
    batch: Arc<Batch>,
    // Std's: noting a fate is no step of its own.
    fates: std::sync::Mutex<Fates>,
}

impl Bench {
    fn new() -> Arc<Self> {
        let wake = Arc::new(Notify::new());
        Arc::new(Self {
            dispatch: Dispatch::new(SLOTS, Arc::clone(&wake)),
            wake,
            slots: TaskTracker::new(),
            batch: Ledger::new(1).answered(1, 0, 1, StoreTime::default()),
            fates: std::sync::Mutex::default(),
        })
    }

    fn taken(&self) -> Taken {
        let task = ClaimedTask {
            id: TaskId::new(),
            claim: 1,
            envelope: bytes::Bytes::new(),
            history: History::default(),
        };
        Taken { task, batch: Arc::clone(&self.batch), place: 0 }
    }

    /// Offers tasks as the claimer does.
    fn offer(self: &Arc<Self>, count: usize) {
        match self.dispatch.offer((0..count).map(|_| self.taken()).collect()) {
            Ok(opened) => {
                for _ in 0..opened {
                    spawn_tracked(&self.slots, slot(Arc::clone(self)));
                }
            }
            Err(tasks) => self.give_back(&tasks),
        }
    }

    fn give_back(&self, tasks: &[Taken]) {
        let mut fates = self.fates.lock().expect("no test panics under it");
        for taken in tasks {
            *fates.given_back.entry(taken.task.id).or_default() += 1;
        }
    }

    /// Waits for the slots, and looks that each task met one fate.
    async fn end(&self, offered: usize) {
        self.slots.close();
        self.slots.wait().await;
        assert_eq!(self.dispatch.load().total(), 0, "nothing is left in it");
        let fates = self.fates.lock().expect("no test panics under it");
        let all: Vec<_> = fates.ran.iter().chain(&fates.given_back).collect();
        assert!(all.iter().all(|(_, times)| **times == 1), "{fates:?}");
        assert_eq!(all.len(), offered, "{fates:?}");
        assert!(fates.ran.keys().all(|id| !fates.given_back.contains_key(id)), "{fates:?}");
    }
}

async fn slot(bench: Arc<Bench>) {
    let mut ended = None;
    while let Some(taken) = bench.dispatch.next(ended.take(), Duration::ZERO) {
        {
            let mut fates = bench.fates.lock().expect("no test panics under it");
            fates.running += 1;
            assert!(fates.running <= SLOTS, "more run than there are slots");
            *fates.ran.entry(taken.task.id).or_default() += 1;
        }
        a_while().await;
        bench.fates.lock().expect("no test panics under it").running -= 1;
        ended = Some(Duration::ZERO);
    }
}

#[test]
fn each_job_runs_once_and_who_asks_for_room_is_rung() {
    check(Duration::ZERO, |_| async {
        let bench = Bench::new();
        for room in [2, 1, 0] {
            bench.offer(2);
            bench.dispatch.wake_at(room);
            bench.wake.notified().await;
            assert!(bench.dispatch.load().total() <= room, "rung before there was room");
        }
        bench.end(6).await;
    });
}

#[test]
fn what_is_recalled_does_not_run() {
    check(Duration::ZERO, |_| async {
        let bench = Bench::new();
        bench.offer(4);
        let watching = Arc::clone(&bench);
        let watch = spawn(async move {
            a_while().await;
            let excess = watching.dispatch.recall(1, Duration::from_secs(1));
            watching.give_back(&excess);
        });
        bench.offer(2);
        watch.await.expect("it is not aborted");
        bench.end(6).await;
    });
}

#[test]
fn closed_it_gives_everything_back_once() {
    check(Duration::ZERO, |_| async {
        let bench = Bench::new();
        let closing = Arc::clone(&bench);
        let close = spawn(async move {
            a_while().await;
            let unstarted = closing.dispatch.close();
            assert_eq!(closing.dispatch.load().waiting, 0, "nothing gets in any more");
            closing.give_back(&unstarted);
        });
        for _ in 0..3 {
            bench.offer(2);
            a_while().await;
        }
        close.await.expect("it is not aborted");
        bench.end(6).await;
    });
}
