//! Claim: a worker takes tasks, which are recorded under its claim in the same step (B4).

use bytes::Bytes;
use tireless_core::limits::{BYTES_PER_CALL, MOVED_BY_A_CLAIM};
use tireless_core::{
    Claim, ClaimFrom, ClaimMode, ClaimedTask, Envelope, QueueClaimed, Reentry, StoreTime, TaskId,
};

use crate::queue::Queue;
use crate::task::{Place, Run, Task};

/// Forgotten claim numbers that one claim clears away.
const CLEARED_BY_A_CLAIM: usize = 4;

impl Queue {
    /// Promotes what is due, then takes tasks unless this number, or a later one, was executed
    /// before. Answers with all that is held under the claim.
    pub(crate) fn claim(
        &mut self,
        claim: &Claim,
        from: &ClaimFrom,
        now: StoreTime,
    ) -> QueueClaimed {
        let promoted = self.promote(now, MOVED_BY_A_CLAIM);
        let requeued = self.requeue_due(now, MOVED_BY_A_CLAIM);
        let is_new = self.is_new_claim(claim, now);
        // A late copy must neither register a worker that has left nor move the lease of one that
        // has renewed since.
        if is_new {
            self.holders.renew(claim.worker, now, claim.lease);
        }
        let taken = match claim.mode {
            _ if !is_new || self.paused => 0,
            ClaimMode::Shared => self.take_shared(claim, from),
            ClaimMode::Alone => self.take_alone(claim, from),
        };
        let left = !self.ready.is_empty() || !self.suspects.is_empty();
        self.rings |= (taken > 0 && left) || promoted + requeued > taken;

        let mut answer = QueueClaimed::default();
        answer.tasks = self.held_under(claim);
        answer.more = !self.ready.is_empty() || (from.inbox && !self.inbox.is_empty());
        answer.next_due = self.next_due(now);
        answer.suspects = self.suspects.len() as u64;
        answer.your_turn = self.turn(claim, now);
        answer.paused = self.paused;
        answer.promoted = promoted;
        answer.requeued = requeued;
        answer.now = now;
        answer
    }

    /// Notes the number; whether it is above all that were executed for this worker (B4.3).
    fn is_new_claim(&mut self, claim: &Claim, now: StoreTime) -> bool {
        let holders = &self.holders;
        let registered = |worker| holders.is_registered(worker);
        self.last_claims.fade(now, CLEARED_BY_A_CLAIM, registered);
        let last = self.last_claims.touch(claim.worker, now);
        let is_new = last.is_none_or(|last| claim.number > last);
        if is_new {
            *last = Some(claim.number);
        }
        is_new
    }

    fn take_shared(&mut self, claim: &Claim, from: &ClaimFrom) -> u64 {
        let (mut taken, mut bytes) = (0, 0);
        while taken < from.max {
            let Some((position, id)) = self.ready.first() else { break };
            let Some(size) = self.tasks.get(&id).map(|task| task.envelope.len()) else {
                self.ready.remove(position);
                continue;
            };
            if taken > 0 && bytes + size > BYTES_PER_CALL {
                return taken as u64;
            }
            self.detach(id);
            self.run(id, claim);
            taken += 1;
            bytes += size;
        }
        while from.inbox && taken < from.max {
            let Some(body) = self.inbox.front().cloned() else { break };
            let envelope = enveloped(body);
            if taken > 0 && bytes + envelope.len() > BYTES_PER_CALL {
                break;
            }
            self.inbox.pop_front();
            taken += 1;
            bytes += envelope.len();
            self.take_in(envelope, claim);
        }
        taken as u64
    }

    fn take_alone(&mut self, claim: &Claim, from: &ClaimFrom) -> u64 {
        if from.max == 0 {
            return 0;
        }
        let Some((_, id)) = self.suspects.first() else { return 0 };
        self.detach(id);
        self.run(id, claim);
        self.holders.end_turn(claim.worker);
        1
    }

    /// A raw body becomes a task, which runs at once.
    fn take_in(&mut self, envelope: Bytes, claim: &Claim) {
        let id = TaskId::new();
        // The place is written again by `run`.
        self.tasks.insert(id, Task::new(envelope, Place::Ready(0)));
        self.pushed += 1;
        self.run(id, claim);
    }

    /// Puts a detached task under a claim.
    fn run(&mut self, id: TaskId, claim: &Claim) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let position = self.running.add(id, Reentry::Back);
        let run = Run { worker: claim.worker, claim: claim.number, position };
        task.place = Place::Running(run);
        self.holders.hold(run, claim.mode == ClaimMode::Alone, id);
    }

    fn held_under(&self, claim: &Claim) -> Vec<ClaimedTask> {
        let Some(held) = self.holders.claim(claim.worker, claim.number) else { return Vec::new() };
        let tasks = held.ids().filter_map(|id| Some((id, self.tasks.get(&id)?)));
        tasks
            .map(|(id, task)| ClaimedTask {
                id,
                claim: claim.number,
                envelope: task.envelope.clone(),
                history: task.history(),
            })
            .collect()
    }

    /// Whether this worker may keep itself empty for a suspect (B11.2). A paused queue would have
    /// it wait for nothing, and who claims alone is empty (B11.3).
    fn turn(&mut self, claim: &Claim, now: StoreTime) -> bool {
        if self.suspects.is_empty() {
            // It has nothing to keep itself empty for: the next suspect is anybody's.
            self.holders.end_turn(claim.worker);
            return false;
        }
        if self.paused || claim.mode == ClaimMode::Alone {
            return false;
        }
        self.holders.offer_turn(claim.worker, now)
    }
}

/// A raw body as it travels. Without headers nothing can be too long for an envelope.
fn enveloped(body: Bytes) -> Bytes {
    Envelope::raw(body.clone()).encode().unwrap_or(body)
}

#[cfg(test)]
#[path = "claim_tests.rs"]
mod tests;
