//! The ticker: the loop of the requeue scheduler, in a pool or alone. Promotes, requeues and,
//! when permitted, reclaims; one bounded step at a time, again at once while there is more.
//!
//! A round of all queues comes a little more than once a beat. Between two of them only those are
//! ticked that have more to move, or something falling due: one busy queue costs the others nothing.
//!
//! What failed last time goes in a call of its own, which nobody waits for: a permission would lapse
//! while a server does not answer, and with it all reclaiming from the others.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tireless_core::{Broker, Clock, QueueName, QueueTicked, Reclaim, Tick, Ticked};

use crate::events::{Event, Observers};
use crate::health::{Health, Role};
use crate::permission::Permission;
use crate::quiet::log;
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
    pub(crate) bury_after_crashes: u32,
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
struct QueueWatch {
    permission: Permission,
    /// When it is to be ticked again, if that is before the next round.
    again_at: Option<Duration>,
    /// Whether its last tick failed.
    fails: bool,
}

impl QueueWatch {
    /// What has failed waits for the next round.
    fn failed(&mut self) {
        self.permission.failed();
        self.again_at = None;
        self.fails = true;
    }
}

/// A call that is over.
struct Asked {
    queues: Vec<usize>,
    sent: Duration,
    answered: Duration,
    answers: Ticked,
}

/// What is known of all queues, and waited for.
struct Watches<'a> {
    each: Vec<QueueWatch>,
    /// The call for those that failed last time.
    apart: Option<BoxFuture<'a, Asked>>,
}

impl Watches<'_> {
    /// Ends when that call does, and never while there is none. May be dropped and called again.
    async fn apart(&mut self) -> Asked {
        let Some(call) = &mut self.apart else { return std::future::pending().await };
        let asked = call.await;
        self.apart = None;
        asked
    }
}

impl Ticker<'_> {
    /// Ticks for ever; dropping it stops it.
    pub(crate) async fn run(&self) {
        let mut watches =
            Watches { each: vec![QueueWatch::default(); self.queues.len()], apart: None };
        loop {
            self.tick_some((0..self.queues.len()).collect(), &mut watches).await;
            // A little below the beat, so that a permission does not end before it is used.
            let pause = between(self.beat, 75, 90);
            let next_round = self.clock.monotonic().saturating_add(pause);
            self.tick_impatient(next_round, &mut watches).await;
        }
    }

    /// Until the next round of all queues comes: ticks those that do not want to wait for it, and no
    /// others, however many there are.
    async fn tick_impatient<'s>(&'s self, next_round: Duration, watches: &mut Watches<'s>) {
        loop {
            let next = next_of(&watches.each, self.clock.monotonic()).min(next_round);
            self.rest_until(next, watches).await;
            let now = self.clock.monotonic();
            if now >= next_round {
                return;
            }
            let is_due = |at: &usize| watches.each[*at].again_at.is_some_and(|at| at <= now);
            let due = (0..self.queues.len()).filter(is_due).collect();
            self.tick_some(due, watches).await;
        }
    }

    /// Rests until then, or until something else is known.
    async fn rest_until(&self, next: Duration, watches: &mut Watches<'_>) {
        let pause = next.saturating_sub(self.clock.monotonic());
        if pause.is_zero() {
            return tokio::task::yield_now().await;
        }
        self.health.pulse(Role::Scheduler).asks_at(next);
        tokio::select! {
            asked = watches.apart() => self.note_answers(asked, watches),
            () = self.clock.sleep(pause) => {}
        }
    }

    /// One tick of these queues: in one call, or in two side by side if only some may be reclaimed
    /// from. What failed last time is left to a call that goes on after this, or has not ended yet.
    async fn tick_some<'s>(&'s self, queues: Vec<usize>, watches: &mut Watches<'s>) {
        let now = self.clock.monotonic();
        let (mut with, mut without, mut failing) = (Vec::new(), Vec::new(), Vec::new());
        let mut reclaim: Option<Reclaim> = None;
        for at in queues {
            let watch = &mut watches.each[at];
            // A tick that came too late for its permission is followed by another at once.
            watch.again_at = watch.permission.is_stale(now, self.beat).then_some(now);
            match watch.permission.grant(now, self.beat, self.bury_after_crashes) {
                Some(granted) => {
                    with.push(at);
                    let until = |other: Reclaim| other.not_after.min(granted.not_after);
                    let not_after = reclaim.map_or(granted.not_after, until);
                    reclaim = Some(Reclaim { not_after, ..granted });
                }
                None if watch.fails => failing.push(at),
                None => without.push(at),
            }
        }
        if !failing.is_empty() && watches.apart.is_none() {
            watches.apart = Some(self.ask(failing, None, &watches.each));
        }
        let calls = [(without, None), (with, reclaim)].into_iter();
        let calls = calls.filter(|(queues, _)| !queues.is_empty());
        let calls = calls.map(|(queues, reclaim)| self.ask(queues, reclaim, &watches.each));
        let calls: Vec<_> = calls.collect();
        if calls.is_empty() {
            return;
        }
        for asked in self.meanwhile(join_all(calls), watches).await {
            self.note_answers(asked, watches);
        }
    }

    /// Waits for calls, and notes meanwhile what comes of those that failed last time.
    async fn meanwhile<T>(&self, calls: impl Future<Output = T>, watches: &mut Watches<'_>) -> T {
        let (mut calls, began) = (pin!(calls), self.clock.monotonic());
        loop {
            tokio::select! {
                biased;
                asked = watches.apart() => {
                    self.note_answers(asked, watches);
                    // These are still to be answered, whatever that was.
                    self.health.pulse(Role::Scheduler).asks(began);
                }
                answered = &mut calls => return answered,
            }
        }
    }

    /// One call, which begins when it is polled.
    fn ask<'s>(
        &'s self,
        queues: Vec<usize>,
        reclaim: Option<Reclaim>,
        watches: &[QueueWatch],
    ) -> BoxFuture<'s, Asked> {
        let names = queues.iter().map(|at| self.queues[*at].clone()).collect();
        let anew = queues.iter().any(|at| watches[*at].permission.starts_anew());
        let tick = Tick { queues: names, limit: LIMIT, beat: self.beat, anew, reclaim };
        let call = async move {
            let sent = self.clock.monotonic();
            self.health.pulse(Role::Scheduler).asks(sent);
            let answers = self.broker.tick(&tick).await;
            Asked { queues, sent, answered: self.clock.monotonic(), answers }
        };
        call.boxed()
    }

    fn note_answers(&self, asked: Asked, watches: &mut Watches<'_>) {
        let Asked { queues, sent, answered, answers } = asked;
        let mut answers = answers.into_iter();
        for at in queues {
            let watch = &mut watches.each[at];
            match answers.next() {
                Some((queue, Ok(answer))) => {
                    watch.fails = false;
                    watch.permission.answered(sent, answered, &answer, self.beat);
                    watch.again_at = self.again_at(answered, watch, &answer);
                    self.health.success(Role::Scheduler, Some(at), answered, self.observers);
                    self.note(&queue, &answer);
                }
                Some((_, Err(error))) => {
                    watch.failed();
                    let (role, queue) = (Role::Scheduler, Some(at));
                    self.health.failure(role, queue, answered, &error, self.observers);
                }
                None => watch.failed(),
            }
        }
    }

    /// When a queue that has answered is to be ticked again, if that is not to wait for the next round.
    fn again_at(
        &self,
        now: Duration,
        watch: &QueueWatch,
        answer: &QueueTicked,
    ) -> Option<Duration> {
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
        add(self.moved.poisoned, answer.poisoned);
        let (tasks, poisoned) = (answer.reclaimed, answer.poisoned);
        if tasks > 0 {
            log!(warn, %queue, tasks, poisoned, "took back tasks of workers that died");
            self.observers.tell(|| Event::Reclaimed { queue: queue.clone(), tasks, poisoned });
        }
        if answer.mended.total() > 0 {
            let mended = answer.mended;
            log!(warn, %queue, ?mended, "mended what somebody damaged past tireless");
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
fn next_of(watches: &[QueueWatch], now: Duration) -> Duration {
    let next = watches.iter().filter_map(|watch| watch.again_at).min();
    let next = next.unwrap_or(Duration::MAX);
    if next <= now { now } else { next.max(now.saturating_add(MOMENT)) }
}

#[cfg(test)]
#[path = "ticker_tests.rs"]
mod tests;
