//! Push: tasks enter a queue (B3).

use bytes::Bytes;
use tireless_core::{NewTask, Operation, Push, Pushed, Reentry, Result, StoreTime, When};

use crate::queue::Queue;
use crate::task::{Place, Task};

impl Queue {
    /// Accepts a batch, or gives the first answer to a repeated one.
    ///
    /// # Errors
    /// `Stale` for a copy of a call that was given up.
    pub(crate) fn push(&mut self, push: &Push, now: StoreTime) -> Result<Vec<Pushed>> {
        if let Some(answer) = self.pushes.look(Operation::Push, push.caller, push.call, now)? {
            return Ok(answer);
        }
        let (ready, due) = (self.ready.len(), self.earliest_due());
        let answer: Vec<_> = push.tasks.iter().map(|task| self.accept(task, now)).collect();
        self.rings |= self.ready.len() > ready;
        self.ring_if_due_earlier(due);
        self.pushes.keep(push.caller, push.call, now, answer.clone());
        Ok(answer)
    }

    fn accept(&mut self, new: &NewTask, now: StoreTime) -> Pushed {
        if self.tasks.contains_key(&new.id) {
            return Pushed::Exists { id: new.id };
        }
        let named = new.own_id.as_ref().and_then(|own_id| self.own_ids.get(own_id));
        if let Some(id) = named {
            return Pushed::Exists { id: *id };
        }
        let due = match new.when {
            When::Now => now,
            When::After(delay) => now.after(delay),
            When::At(at) => at,
        };
        let place = if due > now {
            self.scheduled.add(due, new.id);
            Place::Scheduled(due)
        } else {
            Place::Ready(self.ready.add(new.id, Reentry::Back))
        };
        let mut task = Task::new(new.envelope.clone(), place);
        if let Some(own_id) = &new.own_id {
            task.history_mut().own_id = Some(own_id.clone());
            self.own_ids.insert(own_id.clone(), new.id);
        }
        self.tasks.insert(new.id, task);
        self.pushed += 1;
        Pushed::Accepted
    }

    /// What another program does that knows no bells.
    pub(crate) fn push_plain(&mut self, body: Bytes) {
        self.inbox.push_back(body);
    }
}

#[cfg(test)]
#[path = "push_tests.rs"]
mod tests;
