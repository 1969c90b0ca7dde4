//! The model: where each task is, and what the contract says about the next move.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tireless_core::{Settled, TaskId, limits};

use super::step::{Delay, Verdict};

/// Where a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Ready,
    Running,
    Scheduled { due: bool },
    Failed { due: bool },
    Dead,
    Kept,
    Gone,
}

/// A task.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) place: Place,
    pub(super) attempts: u32,
    pub(super) crashes: u32,
    pub(super) lone_crashes: u32,
    pub(super) returns: u32,
    pub(super) own: Option<u8>,
    front: bool,
}

/// A claim and what it still holds, in order.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) ids: Vec<TaskId>,
    pub(super) alone: bool,
}

/// What one worker holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Hand {
    pub(super) claims: BTreeMap<u64, Held>,
    /// Its lease has ended.
    pub(super) dead: bool,
}

/// One queue. The ready list is a row of groups; within a group the contract names no order.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) tasks: BTreeMap<TaskId, Task>,
    /// The order in which tasks were made, so that steps can name them by number.
    pub(super) known: Vec<TaskId>,
    ready: VecDeque<BTreeSet<TaskId>>,
    pub(super) suspects: BTreeSet<TaskId>,
    pub(super) paused: bool,
    /// Whether a task was ever removed from the ready list.
    pub(super) removed_ready: bool,
    pub(super) done: u64,
    pub(super) pushed: u64,
}

impl Model {
    /// How many tasks are in a place.
    pub(super) fn count(&self, of: impl Fn(Place) -> bool) -> u64 {
        self.tasks.values().filter(|task| of(task.place)).count() as u64
    }

    /// Ready tasks that a shared claim may take.
    pub(super) fn takeable(&self) -> usize {
        self.ready.iter().map(BTreeSet::len).sum()
    }

    /// Tasks that fall due by now.
    pub(super) fn due(&self) -> (u64, u64) {
        let scheduled = self.count(|place| place == Place::Scheduled { due: true });
        (scheduled, self.count(|place| place == Place::Failed { due: true }))
    }

    /// A task that lives, by number.
    pub(super) fn living(&self, number: u8) -> Option<TaskId> {
        let lives = |id: &&TaskId| !matches!(self.tasks[*id].place, Place::Gone | Place::Kept);
        let living: Vec<&TaskId> = self.known.iter().filter(lives).collect();
        Some(**living.get(usize::from(number) % living.len().max(1))?)
    }

    /// The living task that an own id points to.
    pub(super) fn named(&self, own: u8) -> Option<TaskId> {
        let points =
            |task: &Task| task.own == Some(own) && !matches!(task.place, Place::Gone | Place::Kept);
        self.tasks.iter().find(|(_, task)| points(task)).map(|(id, _)| *id)
    }

    /// A new task.
    pub(super) fn add(&mut self, id: TaskId, own: Option<u8>, delay: Delay) {
        let place = match delay {
            Delay::None => Place::Ready,
            later => Place::Scheduled { due: later == Delay::Moment },
        };
        let task =
            Task { place, attempts: 0, crashes: 0, lone_crashes: 0, returns: 0, own, front: false };
        self.tasks.insert(id, task);
        self.known.push(id);
        self.pushed += 1;
        if delay == Delay::None {
            self.enter_back(&[id]);
        }
    }

    fn task(&mut self, id: TaskId) -> &mut Task {
        self.tasks.get_mut(&id).unwrap_or_else(|| panic!("{id} was never pushed"))
    }

    /// Whether a task waits apart; else it is to be put in the row of the ready.
    fn ready_apart(&mut self, id: TaskId) -> bool {
        let task = self.task(id);
        task.place = Place::Ready;
        let suspect = task.crashes >= limits::SUSPECT_FROM_CRASHES;
        if suspect {
            self.suspects.insert(id);
        }
        suspect
    }

    /// Tasks enter behind all that wait, in no order among themselves.
    fn enter_back(&mut self, ids: &[TaskId]) {
        let group = ids.iter().copied().filter(|id| !self.ready_apart(*id)).collect();
        self.ready.push_back(group);
    }

    /// Tasks enter before all that wait, in no order among themselves.
    fn enter_front(&mut self, ids: &[TaskId]) {
        let group = ids.iter().copied().filter(|id| !self.ready_apart(*id)).collect();
        self.ready.push_front(group);
    }

    /// What is due becomes ready.
    pub(super) fn promote(&mut self) {
        let is_due = |task: &Task| {
            matches!(task.place, Place::Scheduled { due: true } | Place::Failed { due: true })
        };
        let (front, back): (Vec<TaskId>, Vec<TaskId>) = self
            .tasks
            .iter()
            .filter(|(_, task)| is_due(task))
            .map(|(id, _)| *id)
            .partition(|id| self.tasks[id].front);
        self.enter_back(&back);
        self.enter_front(&front);
    }

    /// A shared claim took this task: whether it was its turn.
    pub(super) fn take(&mut self, id: TaskId) -> bool {
        while self.ready.front().is_some_and(BTreeSet::is_empty) {
            self.ready.pop_front();
        }
        let next = self.ready.front_mut().is_some_and(|group| group.remove(&id));
        self.task(id).place = Place::Running;
        next
    }

    /// A lone claim took this task: whether it was a suspect that waited.
    pub(super) fn take_suspect(&mut self, id: TaskId) -> bool {
        self.task(id).place = Place::Running;
        self.suspects.remove(&id)
    }

    /// A worker gives back, the oldest first out, uncharged.
    pub(super) fn give_back(&mut self, claims: Vec<Held>) {
        for id in claims.into_iter().flat_map(|held| held.ids).rev() {
            self.enter_front(&[id]);
        }
    }

    /// Dead workers lose everything; how many tasks came back and how many were buried.
    pub(super) fn reclaim(&mut self, hands: Vec<Hand>) -> (u64, u64) {
        let together = hands.iter().filter(|hand| !hand.claims.is_empty()).count() > 1;
        let (mut taken, mut buried, mut back) = (0, 0, Vec::new());
        for held in hands.into_iter().flat_map(|hand| hand.claims.into_values()) {
            for id in held.ids {
                taken += 1;
                let task = self.task(id);
                task.crashes += 1;
                task.lone_crashes += u32::from(held.alone);
                if held.alone && task.lone_crashes >= limits::LONE_CRASHES {
                    task.place = Place::Dead;
                    buried += 1;
                } else {
                    back.push(id);
                }
            }
        }
        if together {
            self.enter_front(&back);
        } else {
            back.into_iter().rev().for_each(|id| self.enter_front(&[id]));
        }
        (taken, buried)
    }

    /// A worker says what became of a task; `held` is whether it holds it under that claim.
    pub(super) fn settle(&mut self, hand: &mut Hand, claim: u64, id: TaskId) -> Settled {
        let Some(held) = hand.claims.get_mut(&claim) else { return Settled::LeaseLost };
        let Some(at) = held.ids.iter().position(|other| *other == id) else {
            return Settled::LeaseLost;
        };
        held.ids.remove(at);
        if held.ids.is_empty() {
            hand.claims.remove(&claim);
        }
        Settled::Applied
    }

    /// Carries out an outcome that was accepted. Tasks that become ready at the same end in one
    /// batch are put there by [`enter_released`](Self::enter_released).
    pub(super) fn apply(&mut self, id: TaskId, verdict: Verdict) {
        let later = |delay| delay == Delay::Moment;
        let done = matches!(verdict, Verdict::Ack | Verdict::Keep);
        self.done += u64::from(done);
        let task = self.task(id);
        match verdict {
            Verdict::Ack => task.place = Place::Gone,
            Verdict::Keep => task.place = Place::Kept,
            Verdict::Fail { delay, front } => {
                (task.attempts, task.front) = (task.attempts + 1, front);
                task.place = Place::Failed { due: later(delay) };
            }
            Verdict::Bury => {
                task.attempts += 1;
                task.place = Place::Dead;
            }
            Verdict::Snooze { delay } => {
                task.front = false;
                task.place = Place::Scheduled { due: later(delay) };
            }
            Verdict::Release { delay: Delay::None, .. } => {}
            Verdict::Release { delay, front } => {
                task.front = front;
                task.place = Place::Scheduled { due: later(delay) };
            }
            Verdict::Unknown => task.returns += 1,
        }
    }

    /// Tasks of one batch that were released for now.
    pub(super) fn enter_released(&mut self, front: &[TaskId], back: &[TaskId]) {
        self.enter_back(back);
        self.enter_front(front);
    }

    /// An operator requeues tasks; how many were failed or dead.
    pub(super) fn requeue(&mut self, ids: &[TaskId]) -> u64 {
        let movable = |place| matches!(place, Place::Failed { .. } | Place::Dead);
        let ids: Vec<TaskId> =
            ids.iter().copied().filter(|id| movable(self.tasks[id].place)).collect();
        for id in &ids {
            let task = self.task(*id);
            (task.attempts, task.crashes, task.lone_crashes, task.returns) = (0, 0, 0, 0);
        }
        self.enter_back(&ids);
        ids.len() as u64
    }

    /// A task is gone, from wherever it was.
    pub(super) fn erase(&mut self, id: TaskId) {
        self.removed_ready |= self.tasks[&id].place == Place::Ready;
        self.task(id).place = Place::Gone;
        self.suspects.remove(&id);
        for group in &mut self.ready {
            group.remove(&id);
        }
    }

    /// The tasks of a place.
    pub(super) fn all(&self, of: impl Fn(Place) -> bool) -> Vec<TaskId> {
        self.tasks.iter().filter(|(_, task)| of(task.place)).map(|(id, _)| *id).collect()
    }
}
