//! One queue: its lists and sets, and the moves of a task between them.
//!
//! Each operation stands in a file of its own. All of them move tasks by the few methods here,
//! which keep a task in exactly one place (B1): `detach` takes it out, exactly one of the others
//! puts it in.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use tireless_core::{
    BuryReason, Failure, FailureEntry, OwnId, Pushed, Reentry, SettleAnswer, StoreTime, TaskId,
};

use crate::calls::Remembered;
use crate::fading::Fading;
use crate::holders::Holders;
use crate::id_map::IdMap;
use crate::line::Line;
use crate::task::{Place, Task};
use crate::tick::Row;
use crate::timed::Timed;

/// All that one queue holds. It knows no clock: the time comes with each operation.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub(crate) tasks: IdMap<TaskId, Task>,
    pub(crate) ready: Line,
    pub(crate) suspects: Line,
    pub(crate) running: Line,
    pub(crate) scheduled: Timed,
    pub(crate) failed: Timed,
    pub(crate) dead: Timed,
    /// Done and kept tasks, by when they were done.
    pub(crate) kept: Timed,
    /// The same tasks, by when their time is over.
    pub(crate) kept_ends: Timed,
    pub(crate) own_ids: HashMap<OwnId, TaskId>,
    pub(crate) holders: Holders,
    pub(crate) last_claims: Fading<Option<u64>>,
    /// The ticks that were answered without a pause.
    pub(crate) row: Option<Row>,
    pub(crate) pushes: Remembered<Vec<Pushed>>,
    pub(crate) settles: Remembered<SettleAnswer>,
    /// Raw bodies of other programs, the oldest in front.
    pub(crate) inbox: VecDeque<Bytes>,
    pub(crate) paused: bool,
    pub(crate) done: u64,
    pub(crate) dropped: u64,
    pub(crate) pushed: u64,
    /// Most dead tasks, and most kept ones.
    pub(crate) dead_kept: usize,
    /// Set by an operation that rings; the store takes it (B14).
    pub(crate) rings: bool,
    /// It was taken away: who found it before that looks for it anew.
    pub(crate) is_gone: bool,
}

/// What is remembered of a queue that was discarded: the answers that its callers may ask for again,
/// and the claim numbers that are spent.
#[derive(Debug, Default)]
pub(crate) struct Remains {
    last_claims: Fading<Option<u64>>,
    pushes: Remembered<Vec<Pushed>>,
    settles: Remembered<SettleAnswer>,
}

impl Queue {
    /// A new queue, with what is left of the one that had its name before.
    pub(crate) fn new(dead_kept: usize, remains: Remains) -> Self {
        let Remains { last_claims, pushes, settles } = remains;
        Self { dead_kept, last_claims, pushes, settles, ..Self::default() }
    }

    /// Gives what is to be remembered once the queue is gone.
    pub(crate) fn leave_remains(&mut self, now: StoreTime) -> Remains {
        // Workers that are taken for dead end here: their last numbers are remembered from now on.
        for worker in self.holders.workers() {
            self.last_claims.touch(worker, now);
        }
        Remains {
            last_claims: std::mem::take(&mut self.last_claims),
            pushes: std::mem::take(&mut self.pushes),
            settles: std::mem::take(&mut self.settles),
        }
    }

    /// Takes a task out of the place where it is. It must be put somewhere in the same step.
    pub(crate) fn detach(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get(&id) else { return };
        match task.place {
            Place::Ready(position) => self.ready.remove(position),
            Place::Suspect(position) => self.suspects.remove(position),
            Place::Running(run) => {
                self.running.remove(run.position);
                self.holders.let_go(run);
            }
            Place::Scheduled(at) => self.scheduled.remove(at, id),
            Place::Failed(at) => self.failed.remove(at, id),
            Place::Dead(at) => self.dead.remove(at, id),
            Place::Kept { done, end } => {
                self.kept.remove(done, id);
                self.kept_ends.remove(end, id);
            }
        }
    }

    /// Makes a detached task ready; a suspect waits apart (B11).
    pub(crate) fn enter(&mut self, id: TaskId, end: Reentry) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.take_enters_front();
        task.place = if task.is_suspect() {
            Place::Suspect(self.suspects.add(id, end))
        } else {
            Place::Ready(self.ready.add(id, end))
        };
    }

    /// Makes detached tasks ready. Those of one end keep their order: the first is first out.
    pub(crate) fn enter_all(&mut self, tasks: &[(TaskId, Reentry)]) {
        let of = |end: Reentry| tasks.iter().filter(move |task| task.1 == end);
        for (id, end) in of(Reentry::Front).rev().chain(of(Reentry::Back)) {
            self.enter(*id, *end);
        }
    }

    /// Puts a detached task into the scheduled set.
    pub(crate) fn schedule(&mut self, id: TaskId, due: StoreTime) {
        if let Some(task) = self.tasks.get_mut(&id) {
            self.scheduled.add(due, id);
            task.place = Place::Scheduled(due);
        }
    }

    /// Puts a detached task into the failed set.
    pub(crate) fn await_retry(&mut self, id: TaskId, due: StoreTime) {
        if let Some(task) = self.tasks.get_mut(&id) {
            self.failed.add(due, id);
            task.place = Place::Failed(due);
        }
    }

    /// Charges an attempt and notes why it failed.
    pub(crate) fn charge(&mut self, id: TaskId, failure: Failure, now: StoreTime) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let history = task.history_mut();
        history.attempts = history.attempts.saturating_add(1);
        let attempt = history.attempts;
        task.failures_mut().add(FailureEntry { at: now, attempt, failure });
    }

    /// Charges a detached task and puts it into the dead set; gives how many fell out there.
    pub(crate) fn bury(
        &mut self,
        id: TaskId,
        reason: BuryReason,
        failure: &Failure,
        now: StoreTime,
    ) -> u64 {
        self.charge(id, reason.stamp(failure), now);
        if let Some(task) = self.tasks.get_mut(&id) {
            self.dead.add(now, id);
            task.place = Place::Dead(now);
        }
        let mut dropped = 0;
        while self.dead.len() > self.dead_kept
            && let Some(oldest) = self.dead.first()
        {
            self.erase(oldest);
            dropped += 1;
        }
        self.dropped += dropped;
        dropped
    }

    /// Ends a detached task: it is gone, or stays listed as done; gives how many fell out there.
    pub(crate) fn finish(&mut self, id: TaskId, keep: Option<Duration>, now: StoreTime) -> u64 {
        self.done += 1;
        self.free_own_id(id);
        let Some(keep) = keep else {
            self.tasks.remove(&id);
            return 0;
        };
        if let Some(task) = self.tasks.get_mut(&id) {
            task.forget();
            let end = now.after(keep);
            self.kept.add(now, id);
            self.kept_ends.add(end, id);
            task.place = Place::Kept { done: now, end };
        }
        let mut dropped = 0;
        while self.kept.len() > self.dead_kept
            && let Some(oldest) = self.kept.first()
        {
            self.erase(oldest);
            dropped += 1;
        }
        self.dropped += dropped;
        dropped
    }

    /// Takes a task out and leaves nothing of it behind.
    pub(crate) fn erase(&mut self, id: TaskId) {
        self.detach(id);
        self.free_own_id(id);
        self.tasks.remove(&id);
    }

    fn free_own_id(&mut self, id: TaskId) {
        let own_id = self.tasks.get(&id).and_then(Task::own_id);
        if let Some(own_id) = own_id
            && self.own_ids.get(own_id) == Some(&id)
        {
            self.own_ids.remove(own_id);
        }
    }

    /// Makes at most `limit` due scheduled tasks ready.
    pub(crate) fn promote(&mut self, now: StoreTime, limit: usize) -> u64 {
        let due = self.scheduled.due(now, limit);
        self.make_ready(&due)
    }

    /// Makes at most `limit` due failed tasks ready.
    pub(crate) fn requeue_due(&mut self, now: StoreTime, limit: usize) -> u64 {
        let due = self.failed.due(now, limit);
        self.make_ready(&due)
    }

    fn make_ready(&mut self, ids: &[TaskId]) -> u64 {
        let mut entries = Vec::with_capacity(ids.len());
        for id in ids {
            self.detach(*id);
            let front = self.tasks.get_mut(id).is_some_and(Task::take_enters_front);
            entries.push((*id, if front { Reentry::Front } else { Reentry::Back }));
        }
        self.enter_all(&entries);
        entries.len() as u64
    }

    /// When the next scheduled or failed task falls due.
    pub(crate) fn earliest_due(&self) -> Option<StoreTime> {
        let due = [self.scheduled.earliest(), self.failed.earliest()];
        due.into_iter().flatten().min()
    }

    /// How long until then; zero if it is past.
    pub(crate) fn next_due(&self, now: StoreTime) -> Option<Duration> {
        self.earliest_due().map(|due| due.since(now))
    }

    /// Rings if something falls due earlier than what was the earliest `before` (B14).
    pub(crate) fn ring_if_due_earlier(&mut self, before: Option<StoreTime>) {
        if let Some(due) = self.earliest_due()
            && before.is_none_or(|before| due < before)
        {
            self.rings = true;
        }
    }
}
