//! The ticker: the loop of the requeue scheduler, in a pool or alone. Promotes, requeues and,
//! when permitted, reclaims; one bounded step at a time, again at once while there is more.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tireless_core::{Broker, Clock, Error, QueueName, QueueTicked, Reclaim, Tick};

use crate::events::{Event, Observers};
use crate::health::{Health, Role};
use crate::permission::Permission;
use crate::random::between;
use crate::summary::add;

/// Tasks that one step moves at most, in each queue and by each of the three: small enough not
/// to hold others up.
const LIMIT: usize = 500;

/// What a ticker works with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticker<'a> {
    pub(crate) broker: &'a Arc<dyn Broker>,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) queues: &'a [QueueName],
    pub(crate) beat: Duration,
    pub(crate) lone_crashes: u32,
    pub(crate) observers: &'a Observers,
    pub(crate) health: &'a Health,
    pub(crate) moved: Moved<'a>,
    /// Whether to tick as soon as something falls due. In a pool that is the claimer's business.
    pub(crate) early: bool,
}

/// Where what was moved is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moved<'a> {
    pub(crate) promoted: &'a AtomicU64,
    pub(crate) requeued: &'a AtomicU64,
    pub(crate) reclaimed: &'a AtomicU64,
    pub(crate) poisoned: &'a AtomicU64,
}

impl Ticker<'_> {
    /// Ticks for ever; dropping it stops it.
    pub(crate) async fn run(&self) {
        let mut permissions = vec![Permission::default(); self.queues.len()];
        loop {
            let next = self.round(&mut permissions).await;
            // A little below the beat, so that a permission does not end before it is used.
            let mut pause = between(self.beat, 75, 90);
            if let (true, Some(due)) = (self.early, next.due) {
                pause = pause.min(due.max(Duration::from_millis(10)));
            }
            if let Some(opens) = next.opens {
                pause = pause.min(opens);
            }
            if next.more {
                pause = Duration::ZERO;
                tokio::task::yield_now().await;
            }
            if !pause.is_zero() {
                let next = self.clock.monotonic().saturating_add(pause);
                self.health.pulse(Role::Scheduler).asks_at(next);
                self.clock.sleep(pause).await;
            }
        }
    }

    /// One tick of all queues: in one call, or in two if only some may be reclaimed from.
    pub(crate) async fn round(&self, permissions: &mut [Permission]) -> Next {
        let now = self.clock.monotonic();
        let (mut with, mut without) = (Vec::new(), Vec::new());
        let mut reclaim: Option<Reclaim> = None;
        let mut next = Next::default();
        for (at, permission) in permissions.iter().enumerate() {
            next.more |= permission.is_stale(now, self.beat);
            match permission.grant(now, self.beat, self.lone_crashes) {
                Some(granted) => {
                    with.push(at);
                    let until = |other: Reclaim| other.not_after.min(granted.not_after);
                    let not_after = reclaim.map_or(granted.not_after, until);
                    reclaim = Some(Reclaim { not_after, ..granted });
                }
                None => without.push(at),
            }
        }
        for (queues, reclaim) in [(with, reclaim), (without, None)] {
            if !queues.is_empty() {
                self.tick(&queues, reclaim, permissions, &mut next).await;
            }
        }
        next
    }

    async fn tick(
        &self,
        queues: &[usize],
        reclaim: Option<Reclaim>,
        permissions: &mut [Permission],
        next: &mut Next,
    ) {
        let names = queues.iter().map(|at| self.queues[*at].clone()).collect();
        let sent = self.clock.monotonic();
        self.health.pulse(Role::Scheduler).asks(sent);
        let answers = {
            let anew = queues.iter().any(|at| permissions[*at].starts_anew());
            let tick = Tick { queues: names, limit: LIMIT, beat: self.beat, anew, reclaim };
            self.broker.tick(&tick).await
        };
        let now = self.clock.monotonic();
        let mut answers = answers.into_iter();
        for at in queues {
            match answers.next() {
                Some((queue, Ok(answer))) => {
                    permissions[*at].answered(sent, now, &answer, self.beat);
                    // As soon as it may: this process may not live until the next tick.
                    let opens = permissions[*at].opens_in(now, self.beat);
                    next.opens = [next.opens, opens].into_iter().flatten().min();
                    self.health.success(Role::Scheduler, now, self.observers);
                    self.note(&queue, &answer);
                    next.more |= answer.more;
                    next.due = [next.due, answer.next_due].into_iter().flatten().min();
                }
                Some((_, Err(error))) => self.failed(&mut permissions[*at], &error, next),
                None => permissions[*at].failed(),
            }
        }
    }

    fn failed(&self, permission: &mut Permission, error: &Error, next: &mut Next) {
        permission.failed();
        let now = self.clock.monotonic();
        self.health.failure(Role::Scheduler, now, error, self.observers);
        // Not in a hot loop because of what another queue has left.
        next.more = false;
    }

    fn note(&self, queue: &QueueName, answer: &QueueTicked) {
        add(self.moved.promoted, answer.promoted);
        add(self.moved.requeued, answer.requeued);
        add(self.moved.reclaimed, answer.reclaimed);
        add(self.moved.poisoned, answer.buried);
        let (tasks, buried) = (answer.reclaimed, answer.buried);
        if tasks > 0 {
            tracing::warn!(%queue, tasks, buried, "took back tasks of workers that died");
            self.observers.tell(|| Event::Reclaimed { queue: queue.clone(), tasks, buried });
        }
        if answer.mended.total() > 0 {
            let mended = answer.mended;
            tracing::warn!(%queue, ?mended, "mended what somebody damaged past tireless");
            self.observers.tell(|| Event::Mended { queue: queue.clone(), mended });
        }
        if answer.dropped > 0 {
            let tasks = answer.dropped;
            self.observers.tell(|| Event::Dropped { queue: queue.clone(), tasks });
        }
    }
}

/// What the next tick depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) more: bool,
    pub(crate) due: Option<Duration>,
    /// How long until a permission may be used.
    pub(crate) opens: Option<Duration>,
}

#[cfg(test)]
#[path = "ticker_tests.rs"]
mod tests;
