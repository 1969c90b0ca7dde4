//! The ticker: the loop of the requeue scheduler, in a pool or alone. Promotes, requeues and,
//! when permitted, reclaims; one bounded step at a time, again at once while there is more.
//!
//! A round of all queues comes a little more than once a beat. Between two of them only those are
//! ticked that have more to move, or something falling due: one busy queue costs the others nothing,
//! and one that fails keeps none of them waiting.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tireless_core::{Broker, Clock, QueueName, QueueTicked, Reclaim, Tick};

use crate::events::{Event, Observers};
use crate::health::{Health, Role};
use crate::permission::Permission;
use crate::random::between;
use crate::summary::add;

/// Tasks that one step moves at most, in each queue and by each of the three: small enough not
/// to hold others up.
const LIMIT: usize = 500;

/// What is due is not asked for more often than this.
const MOMENT: Duration = Duration::from_millis(10);

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

/// What is known of one queue.
#[derive(Clone, Copy, Debug, Default)]
struct Watch {
    permission: Permission,
    /// When it is to be ticked again, if that is before the next round.
    again_at: Option<Duration>,
}

impl Watch {
    /// What has failed waits for the next round.
    fn failed(&mut self) {
        self.permission.failed();
        self.again_at = None;
    }
}

impl Ticker<'_> {
    /// Ticks for ever; dropping it stops it.
    pub(crate) async fn run(&self) {
        let mut watches = vec![Watch::default(); self.queues.len()];
        loop {
            self.tick_all(&mut watches).await;
            // A little below the beat, so that a permission does not end before it is used.
            let pause = between(self.beat, 75, 90);
            let next_round = self.clock.monotonic().saturating_add(pause);
            self.tick_impatient(next_round, &mut watches).await;
        }
    }

    /// Until the next round of all queues comes: ticks those that do not want to wait for it, and no
    /// others, however many there are.
    async fn tick_impatient(&self, next_round: Duration, watches: &mut [Watch]) {
        loop {
            self.rest_until(next_of(watches, self.clock.monotonic()).min(next_round)).await;
            let now = self.clock.monotonic();
            if now >= next_round {
                return;
            }
            let is_due = |watch: &Watch| watch.again_at.is_some_and(|at| at <= now);
            let due = (0..watches.len()).filter(|at| is_due(&watches[*at])).collect();
            self.tick_some(due, watches).await;
        }
    }

    async fn rest_until(&self, next: Duration) {
        let pause = next.saturating_sub(self.clock.monotonic());
        if pause.is_zero() {
            return tokio::task::yield_now().await;
        }
        self.health.pulse(Role::Scheduler).asks_at(next);
        self.clock.sleep(pause).await;
    }

    async fn tick_all(&self, watches: &mut [Watch]) {
        self.tick_some((0..watches.len()).collect(), watches).await;
    }

    /// One tick of these queues: in one call, or in two if only some may be reclaimed from.
    async fn tick_some(&self, queues: Vec<usize>, watches: &mut [Watch]) {
        let now = self.clock.monotonic();
        let (mut with, mut without) = (Vec::new(), Vec::new());
        let mut reclaim: Option<Reclaim> = None;
        for at in queues {
            let watch = &mut watches[at];
            // A tick that came too late for its permission is followed by another at once.
            watch.again_at = watch.permission.is_stale(now, self.beat).then_some(now);
            match watch.permission.grant(now, self.beat, self.lone_crashes) {
                Some(granted) => {
                    with.push(at);
                    let until = |other: Reclaim| other.not_after.min(granted.not_after);
                    let not_after = reclaim.map_or(granted.not_after, until);
                    reclaim = Some(Reclaim { not_after, ..granted });
                }
                None => without.push(at),
            }
        }
        // Those that are refused each time are among the first: then what the others answer tells.
        for (queues, reclaim) in [(without, None), (with, reclaim)] {
            if !queues.is_empty() {
                self.send(&queues, reclaim, watches).await;
            }
        }
    }

    async fn send(&self, queues: &[usize], reclaim: Option<Reclaim>, watches: &mut [Watch]) {
        let names = queues.iter().map(|at| self.queues[*at].clone()).collect();
        let sent = self.clock.monotonic();
        self.health.pulse(Role::Scheduler).asks(sent);
        let answers = {
            let anew = queues.iter().any(|at| watches[*at].permission.starts_anew());
            let tick = Tick { queues: names, limit: LIMIT, beat: self.beat, anew, reclaim };
            self.broker.tick(&tick).await
        };
        let now = self.clock.monotonic();
        let mut answers = answers.into_iter();
        for at in queues {
            let watch = &mut watches[*at];
            match answers.next() {
                Some((queue, Ok(answer))) => {
                    watch.permission.answered(sent, now, &answer, self.beat);
                    watch.again_at = self.again_at(now, watch, &answer);
                    self.health.success(Role::Scheduler, Some(*at), now, self.observers);
                    self.note(&queue, &answer);
                }
                Some((_, Err(error))) => {
                    watch.failed();
                    let (role, queue) = (Role::Scheduler, Some(*at));
                    self.health.failure(role, queue, now, &error, self.observers);
                }
                None => watch.failed(),
            }
        }
    }

    /// When a queue that has answered is to be ticked again, if that is not to wait for the next round.
    fn again_at(&self, now: Duration, watch: &Watch, answer: &QueueTicked) -> Option<Duration> {
        if answer.more {
            return Some(now);
        }
        let due = answer.next_due.filter(|_| self.early).map(|due| due.max(MOMENT));
        // As soon as it may: this process may not live until the next round.
        let opens = watch.permission.opens_in(now, self.beat);
        let again = [due, opens].into_iter().flatten().map(|pause| now.saturating_add(pause));
        again.chain(watch.again_at).min()
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

/// When the next queue is to be ticked; never, if none is. What falls due at about the same time in
/// several goes together.
fn next_of(watches: &[Watch], now: Duration) -> Duration {
    let next = watches.iter().filter_map(|watch| watch.again_at).min();
    let next = next.unwrap_or(Duration::MAX);
    if next <= now { now } else { next.max(now.saturating_add(MOMENT)) }
}

#[cfg(test)]
#[path = "ticker_tests.rs"]
mod tests;
