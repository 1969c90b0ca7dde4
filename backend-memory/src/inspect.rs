//! Reads: counts, pages and single tasks. Nothing here changes anything.

use tireless_core::limits::BYTES_PER_CALL;
use tireless_core::{
    Counts, List, OwnId, Page, State, StoreTime, TaskDetail, TaskId, TaskSummary, WorkerId,
};

use crate::queue::Queue;
use crate::task::{Place, Task};
use crate::timed::Timed;

/// Set in the cursors of the second half of the ready tasks, the suspects.
const SUSPECTS: u64 = 1 << 63;

/// How many bits of a cursor count the tasks of the same millisecond.
const NUMBER_BITS: u32 = 22;
const MOST_NUMBER: u64 = (1 << NUMBER_BITS) - 1;

impl Queue {
    /// How much of everything there is; all of it is the length of a list or a counter.
    pub(crate) fn counts(&self, now: StoreTime) -> Counts {
        let mut counts = Counts::default();
        counts.ready = self.count(State::Ready);
        counts.suspects = self.suspects.len() as u64;
        counts.running = self.count(State::Running);
        counts.scheduled = self.count(State::Scheduled);
        counts.failed = self.count(State::Failed);
        counts.dead = self.count(State::Dead);
        counts.kept = self.count(State::Done);
        counts.done = self.done;
        counts.dropped = self.dropped;
        counts.inbox = self.inbox.len() as u64;
        counts.pushed = self.pushed;
        counts.workers = self.holders.live(now) as u64;
        counts.paused = self.paused;
        let next = [self.ready.first(), self.suspects.first()];
        let made = next.into_iter().flatten().map(|(_, id)| id.made_at_millis()).min();
        counts.oldest_ready_ms = made.map_or(0, |made| now.millis().saturating_sub(made));
        counts
    }

    /// How many tasks are in a state.
    pub(crate) fn count(&self, state: State) -> u64 {
        let count = match state {
            State::Ready => self.ready.len() + self.suspects.len(),
            State::Running => self.running.len(),
            State::Scheduled => self.scheduled.len(),
            State::Failed => self.failed.len(),
            State::Dead => self.dead.len(),
            State::Done => self.kept.len(),
            _ => 0,
        };
        count as u64
    }

    /// The first `limit` tasks of a state, in the order of a listing.
    pub(crate) fn oldest(&self, state: State, limit: usize) -> Vec<TaskId> {
        self.walk(state, 0).take(limit).map(|(_, id)| id).collect()
    }

    /// A page of a listing, which ends before it holds too many bytes (B7), but with one task at
    /// least. The cursor names a place, so that finding it costs O(log n), and a step for each task of
    /// the same millisecond before it.
    pub(crate) fn list(&self, list: &List) -> Page {
        let (mut page, mut bytes) = (Page::default(), 0);
        for (cursor, id) in self.walk(list.state, list.cursor) {
            let Some(task) = self.tasks.get(&id) else { continue };
            bytes += task.envelope.len();
            let is_full = page.tasks.len() >= list.limit || bytes > BYTES_PER_CALL;
            if is_full && !page.tasks.is_empty() {
                // A cursor that does not go on would list forever.
                page.next = Some(cursor).filter(|next| *next > list.cursor);
                break;
            }
            page.tasks.push(summary(id, task));
        }
        page
    }

    /// The tasks of a state from a cursor on, each with the cursor of its place.
    fn walk(&self, state: State, cursor: u64) -> Box<dyn Iterator<Item = (u64, TaskId)> + '_> {
        match state {
            State::Ready => {
                let in_ready = cursor & SUSPECTS == 0;
                let suspects = self.suspects.from(if in_ready { 0 } else { cursor & !SUSPECTS });
                let suspects = suspects.map(|(position, id)| (position | SUSPECTS, id));
                let ready = in_ready.then(|| self.ready.from(cursor));
                Box::new(ready.into_iter().flatten().chain(suspects))
            }
            State::Running => Box::new(self.running.from(cursor)),
            State::Scheduled => Box::new(walk_timed(&self.scheduled, cursor)),
            State::Failed => Box::new(walk_timed(&self.failed, cursor)),
            State::Dead => Box::new(walk_timed(&self.dead, cursor)),
            State::Done => Box::new(walk_timed(&self.kept, cursor)),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// One task, if the queue has it.
    pub(crate) fn show(&self, id: TaskId) -> Option<TaskDetail> {
        let task = self.tasks.get(&id)?;
        let mut detail = TaskDetail::new(summary(id, task), task.state());
        detail.worker = holder(task);
        detail.failures = task.failures();
        Some(detail)
    }

    /// The task that lives under an own id: such an id is freed as its task ends.
    pub(crate) fn find(&self, own_id: &OwnId) -> Option<TaskId> {
        self.own_ids.get(own_id).copied()
    }
}

fn holder(task: &Task) -> Option<WorkerId> {
    match task.place {
        Place::Running(run) => Some(run.worker),
        _ => None,
    }
}

fn summary(id: TaskId, task: &Task) -> TaskSummary {
    TaskSummary::new(id, task.at(), task.envelope.clone(), task.history())
}

/// A place in a set as one number: its time, and how many of the same millisecond stand before it.
/// There is room for times up to the year 2109 and for four million tasks of one millisecond; beyond
/// that a listing ends early.
fn walk_timed(timed: &Timed, cursor: u64) -> impl Iterator<Item = (u64, TaskId)> + '_ {
    let (at, before) = (cursor >> NUMBER_BITS, cursor & MOST_NUMBER);
    timed.from(StoreTime::from_millis(at), before).map(|(at, before, id)| {
        let at = at.millis().min(u64::MAX >> NUMBER_BITS);
        ((at << NUMBER_BITS) | before.min(MOST_NUMBER), id)
    })
}

#[cfg(test)]
#[path = "inspect_tests.rs"]
mod tests;
