//! Bells: one ring wakes one waiter; a ring with no waiter is kept for the next one, once (B14).

use std::collections::{BTreeSet, HashMap};
use std::task::{Poll, Waker};

use tireless_core::{QueueName, WaitOn};

/// The bells of all queues, and who waits for them.
#[derive(Debug, Default)]
pub(crate) struct Bells {
    /// Only bells that keep a ring or have waiters.
    bells: HashMap<QueueName, Bell>,
    waiters: HashMap<u64, Waiter>,
    last_waiter: u64,
    wakers: Wakers,
}

/// Wakers to be dealt with once the lock is released: waking or dropping one can run any code.
#[derive(Debug, Default)]
pub(crate) struct Wakers {
    woken: Vec<Waker>,
    retired: Vec<Waker>,
}

impl Wakers {
    /// Wakes those who were rung for.
    pub(crate) fn wake(self) {
        for waker in self.woken {
            waker.wake();
        }
        drop(self.retired);
    }
}

#[derive(Debug, Default)]
struct Bell {
    kept: bool,
    /// By number, so that who waits longest is woken first.
    waiting: BTreeSet<u64>,
}

#[derive(Debug)]
struct Waiter {
    on: Vec<WaitOn>,
    woken: Option<WokenBy>,
    waker: Option<Waker>,
}

#[derive(Debug)]
enum WokenBy {
    Bell(QueueName),
    Inbox(QueueName),
}

impl Bells {
    /// Rings the bell of a queue.
    pub(crate) fn ring(&mut self, queue: &QueueName) {
        let longest = self.bells.get(queue).and_then(|bell| bell.waiting.first().copied());
        match longest {
            Some(waiter) => self.wake(waiter, WokenBy::Bell(queue.clone())),
            None => self.bells.entry(queue.clone()).or_default().kept = true,
        }
    }

    /// Wakes everyone who waits for this inbox too: a plain push has no bell to be kept.
    pub(crate) fn wake_for_inbox(&mut self, queue: &QueueName) {
        let Some(bell) = self.bells.get(queue) else { return };
        let for_inbox = |waiter: &Waiter| waiter.on.iter().any(|on| on.inbox && on.queue == *queue);
        let waiting = bell.waiting.iter().copied();
        let woken: Vec<u64> =
            waiting.filter(|number| self.waiters.get(number).is_some_and(for_inbox)).collect();
        for waiter in woken {
            self.wake(waiter, WokenBy::Inbox(queue.clone()));
        }
    }

    /// Uses up the ring that the first of these queues has kept.
    pub(crate) fn take_kept(&mut self, queues: &[WaitOn]) -> Option<QueueName> {
        let kept = |on: &&WaitOn| self.bells.get(&on.queue).is_some_and(|bell| bell.kept);
        let queue = queues.iter().find(kept)?.queue.clone();
        self.hush(&queue);
        Some(queue)
    }

    /// Forgets the ring that a queue's bell has kept.
    pub(crate) fn hush(&mut self, queue: &QueueName) {
        if let Some(bell) = self.bells.get_mut(queue) {
            bell.kept = false;
        }
        self.tidy(queue);
    }

    /// Starts a wait. It must be ended by [`poll`](Self::poll) or [`withdraw`](Self::withdraw).
    pub(crate) fn enlist(&mut self, queues: &[WaitOn]) -> u64 {
        self.last_waiter += 1;
        for on in queues {
            self.bells.entry(on.queue.clone()).or_default().waiting.insert(self.last_waiter);
        }
        let waiter = Waiter { on: queues.to_vec(), woken: None, waker: None };
        self.waiters.insert(self.last_waiter, waiter);
        self.last_waiter
    }

    /// The queue that woke this waiter, which ends the wait.
    pub(crate) fn poll(&mut self, number: u64, waker: &Waker) -> Poll<QueueName> {
        let Some(waiter) = self.waiters.get_mut(&number) else { return Poll::Pending };
        match waiter.woken.take() {
            Some(WokenBy::Bell(queue) | WokenBy::Inbox(queue)) => {
                self.waiters.remove(&number);
                Poll::Ready(queue)
            }
            None => {
                self.wakers.retired.extend(waiter.waker.replace(waker.clone()));
                Poll::Pending
            }
        }
    }

    /// Ends a wait that was dropped or timed out. A ring that it was given goes to the next.
    pub(crate) fn withdraw(&mut self, number: u64) {
        let Some(waiter) = self.waiters.remove(&number) else { return };
        self.strike(number, &waiter.on);
        self.wakers.retired.extend(waiter.waker);
        if let Some(WokenBy::Bell(queue)) = waiter.woken {
            self.ring(&queue);
        }
    }

    /// Those to be woken once the lock is released.
    pub(crate) fn take_wakers(&mut self) -> Wakers {
        std::mem::take(&mut self.wakers)
    }

    fn wake(&mut self, number: u64, by: WokenBy) {
        let Some(waiter) = self.waiters.get_mut(&number) else { return };
        waiter.woken = Some(by);
        self.wakers.woken.extend(waiter.waker.take());
        let on = waiter.on.clone();
        self.strike(number, &on);
    }

    fn strike(&mut self, number: u64, queues: &[WaitOn]) {
        for on in queues {
            if let Some(bell) = self.bells.get_mut(&on.queue) {
                bell.waiting.remove(&number);
            }
            self.tidy(&on.queue);
        }
    }

    fn tidy(&mut self, queue: &QueueName) {
        if self.bells.get(queue).is_some_and(|bell| !bell.kept && bell.waiting.is_empty()) {
            self.bells.remove(queue);
        }
    }
}

#[cfg(test)]
#[path = "bell_tests.rs"]
mod tests;
