//! Waits of the store: how they start, and what wakes those that wait for an inbox.

use bytes::Bytes;
use tireless_core::{QueueName, WaitOn};

use super::Store;
use crate::queue::Queue;

/// How a wait starts.
#[derive(Debug)]
pub(crate) enum Listening {
    /// It is over at once.
    Rang(QueueName),
    /// It goes on, under this number.
    Waits(u64),
}

impl Store {
    /// A raw body of another program: it rings no bell.
    pub(crate) fn push_plain(&self, name: &QueueName, body: Bytes) {
        let paused = self.on(name, |queue| {
            queue.push_plain(body);
            queue.paused
        });
        if !paused {
            self.with_bells(|bells| bells.wake_for_inbox(name));
        }
    }

    /// Ends a pause. Who waited for the inbox meanwhile was not woken by it.
    pub(crate) fn resume(&self, name: &QueueName) {
        let has_inbox = self.on(name, |queue| {
            queue.resume();
            !queue.inbox.is_empty()
        });
        if has_inbox {
            self.with_bells(|bells| bells.wake_for_inbox(name));
        }
    }

    /// Starts a wait: over at once if a ring was kept or an inbox that it waits for has bodies.
    ///
    /// The inbox of a paused queue wakes nobody: a claim would take nothing.
    pub(crate) fn listen(&self, queues: &[WaitOn]) -> Listening {
        let enlisted = self.with_bells(|bells| match bells.take_kept(queues) {
            Some(rang) => Listening::Rang(rang),
            None => Listening::Waits(bells.enlist(queues)),
        });
        let Listening::Waits(number) = enlisted else { return enlisted };
        // Looked at once it is enlisted: a body that comes meanwhile wakes it.
        let has_inbox = |queue: &mut Queue| !queue.paused && !queue.inbox.is_empty();
        let waits = |on: &&WaitOn| on.inbox && self.on_existing(&on.queue, has_inbox);
        match queues.iter().find(waits) {
            Some(on) => {
                self.with_bells(|bells| bells.withdraw(number));
                Listening::Rang(on.queue.clone())
            }
            None => Listening::Waits(number),
        }
    }
}
