//! Tick: what is due is made ready, what the dead held is taken back (B11, B16).

use std::time::Duration;

use tireless_core::{
    BuryReason, Failure, QueueTicked, Reclaim, Reentry, StoreTime, TaskId, Tick, WorkerId,
};

use crate::queue::Queue;

impl Queue {
    /// One bounded step: promote, requeue, drop what was kept long enough, and reclaim if
    /// permitted.
    pub(crate) fn tick(&mut self, tick: &Tick, now: StoreTime) -> QueueTicked {
        // Who may move nothing would be told for ever that there is more.
        let limit = tick.limit.max(1);
        self.holders.cut_leases(now);
        self.forget(limit, now);
        // The time of a permission is the store's: one that was held up does no harm.
        let permission = tick.reclaim.filter(|reclaim| now <= reclaim.not_after);

        let mut answer = QueueTicked::default();
        answer.promoted = self.promote(now, limit);
        answer.requeued = self.requeue_due(now, limit);
        answer.dropped = self.drop_over(limit, now);
        answer.steady = self.steady(tick, now);
        if let Some(permission) = permission {
            self.reclaim(permission, limit, now, &mut answer);
        }
        let readied = answer.promoted + answer.requeued + answer.reclaimed - answer.poisoned;
        self.rings |= readied > 0;
        answer.more = self.scheduled.is_due(now)
            || self.failed.is_due(now)
            || self.kept_ends.is_due(now)
            || (permission.is_some() && self.holders.ended(now).is_some());
        answer.next_due = self.next_due(now);
        answer.now = now;
        answer
    }

    /// Adds this tick to the row, which is kept while there is somebody to judge (B16).
    fn steady(&mut self, tick: &Tick, now: StoreTime) -> bool {
        if self.holders.is_empty() {
            self.row = None;
            return false;
        }
        let beat = tick.beat;
        let in_time = |row: &Row| row.last <= now && now <= row.last.after(beat);
        let goes_on = |row: &Row| row.beat == beat && !tick.anew && in_time(row);
        let first = self.row.filter(goes_on).map_or(now, |row| row.first);
        self.row = Some(Row { beat, first, last: now });
        now >= first.after(beat)
    }

    /// Clears away what is remembered of callers and workers that were long not heard of.
    fn forget(&mut self, limit: usize, now: StoreTime) {
        self.pushes.fade(now, limit);
        self.settles.fade(now, limit);
        let holders = &self.holders;
        self.last_claims.fade(now, limit, |worker| holders.is_registered(worker));
    }

    /// Drops kept tasks whose time is over.
    fn drop_over(&mut self, limit: usize, now: StoreTime) -> u64 {
        let over = self.kept_ends.due(now, limit);
        for id in &over {
            self.erase(*id);
        }
        over.len() as u64
    }

    /// Takes at most `limit` tasks back from workers whose lease has ended: the newest claims first,
    /// so that the older ones, taken later, enter before them (B8). A claim is taken whole or waits,
    /// and the first one is taken even if it holds more.
    fn reclaim(
        &mut self,
        permission: Reclaim,
        limit: usize,
        now: StoreTime,
        answer: &mut QueueTicked,
    ) {
        let mut room = limit;
        while room > 0
            && let Some(worker) = self.holders.ended(now)
        {
            let (tasks, waits) = self.whole_claims(worker, room, answer.reclaimed == 0);
            room = room.saturating_sub(tasks.len());
            answer.reclaimed += tasks.len() as u64;
            for (id, alone) in tasks {
                self.detach(id);
                let Some(task) = self.tasks.get_mut(&id) else { continue };
                let history = task.history_mut();
                history.crashes = history.crashes.saturating_add(1);
                history.lone_crashes = history.lone_crashes.saturating_add(u32::from(alone));
                let lone_crashes = history.lone_crashes;
                if alone && lone_crashes >= permission.bury_after_crashes {
                    let failure = poisoned(lone_crashes);
                    answer.dropped += self.bury(id, BuryReason::Poison, &failure, now);
                    answer.poisoned += 1;
                } else {
                    self.enter(id, Reentry::Front);
                }
            }
            self.end_if_empty(worker, now);
            if waits {
                return;
            }
        }
    }

    /// The tasks of the newest claims of a worker for which there is room, the newest first, each with
    /// whether it ran alone, and whether a claim waits. The `first` one always has room.
    fn whole_claims(
        &self,
        worker: WorkerId,
        room: usize,
        first: bool,
    ) -> (Vec<(TaskId, bool)>, bool) {
        let mut tasks = Vec::new();
        for (_, claim) in self.holders.claims(worker).rev() {
            let may_exceed = first && tasks.is_empty();
            if tasks.len() + claim.len() > room && !may_exceed {
                return (tasks, true);
            }
            tasks.extend(claim.ids().rev().map(|id| (id, claim.alone)));
        }
        (tasks, false)
    }

    fn end_if_empty(&mut self, worker: WorkerId, now: StoreTime) {
        if self.holders.claims(worker).next().is_none() {
            self.holders.leave(worker);
            // Its last claim number is remembered from now on.
            self.last_claims.touch(worker, now);
        }
    }
}

/// Ticks of one beat without a pause, whoever sent them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    beat: Duration,
    first: StoreTime,
    last: StoreTime,
}

fn poisoned(lone_crashes: u32) -> Failure {
    Failure::new("", format!("{}{lone_crashes}", Failure::OF_LONE_CRASHES))
}

#[cfg(test)]
#[path = "tick_tests.rs"]
mod tests;
