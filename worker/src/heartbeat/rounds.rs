//! Rounds of renewals: when each queue is renewed, and together with which others.
//!
//! All go in one call a beat. But a call ends when the slowest of its queues has answered, or was given
//! up, which may take longer than a lease. So those that failed last time go in a call of their own, and
//! those of a call that stays out for half a lease are renewed once more, each by itself. Nobody waits
//! for a dark server but its own queues.

use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt, join};
use tireless_core::{Broker, Result};

use super::{Answered, note, renew};
use crate::health::Role;
use crate::random::backoff;
use crate::shared::Shared;

/// What is known of the renewals of one queue.
#[derive(Clone, Copy, Debug, Default)]
struct Renewals {
    /// When the next one is to be sent.
    due: Duration,
    /// When the last one was.
    sent: Duration,
    in_flight: u32,
    /// In a row.
    failures: u32,
    /// When the one was sent that was answered well.
    well_since: Option<Duration>,
}

/// How a queue fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Well,
    /// It has failed, but its server may be well: it may have been asked at a bad moment.
    Shaken,
    Away,
}

impl Renewals {
    fn state(&self) -> State {
        match self.failures {
            0 => State::Well,
            1 | 2 => State::Shaken,
            _ => State::Away,
        }
    }
}

/// The renewals of one pool.
pub(super) struct Rounds<'a> {
    shared: &'a Shared,
    own: Option<&'a dyn Broker>,
    each: Vec<Renewals>,
    calls: FuturesUnordered<BoxFuture<'a, Answered>>,
}

impl<'a> Rounds<'a> {
    pub(super) fn new(shared: &'a Shared, own: Option<&'a dyn Broker>) -> Self {
        let each = vec![Renewals::default(); shared.queues.len()];
        Self { shared, own, each, calls: FuturesUnordered::new() }
    }

    /// Renews until told to rest.
    pub(super) async fn run(&mut self) {
        let shared = self.shared;
        while !shared.rest.is_cancelled() {
            let now = shared.clock.monotonic();
            self.send_due(now);
            self.tell_what_is_owed();
            let next = self.each.iter().map(|watch| self.next(watch)).min();
            let next = next.filter(|next| *next < Duration::MAX);
            let time_is_up = async {
                match next.map(|next| next.saturating_sub(now).max(Duration::from_millis(1))) {
                    Some(pause) => shared.clock.sleep(pause).await,
                    None => std::future::pending().await,
                }
            };
            if let Some(next) = next {
                shared.health.pulse(Role::Heartbeat).asks_at(next);
            }
            tokio::select! {
                Some(answered) = self.calls.next() => self.land(answered),
                () = time_is_up => {}
                () = shared.rest.cancelled() => {}
            }
        }
    }

    /// When a renewal of a queue is to be sent, with others or, if one is in flight, by itself.
    fn next(&self, watch: &Renewals) -> Duration {
        match (watch.in_flight, watch.state()) {
            // A store that is wholly away is asked by one call at a time.
            (0, State::Away) if self.asks_who_is_away() => Duration::MAX,
            (0, _) => watch.due,
            // It may be another queue that the call waits for.
            (1, State::Well | State::Shaken) => {
                watch.due.max(watch.sent + self.shared.settings.lease / 2)
            }
            _ => Duration::MAX,
        }
    }

    fn asks_who_is_away(&self) -> bool {
        self.each.iter().any(|watch| watch.in_flight > 0 && watch.state() == State::Away)
    }

    /// Sends what is due, and with it others that fare alike, so that they stay together. Who is shaken
    /// goes with those alone that failed in the same call.
    fn send_due(&mut self, now: Duration) {
        for state in [State::Well, State::Shaken, State::Away] {
            let is_idle = |watch: &Renewals| watch.in_flight == 0 && watch.state() == state;
            let is_due = |watch: &Renewals| is_idle(watch) && self.next(watch) <= now;
            if self.each.iter().any(is_due) {
                let joins = |watch: &Renewals| state != State::Shaken && is_idle(watch);
                let goes = |at: &usize| is_due(&self.each[*at]) || joins(&self.each[*at]);
                self.send((0..self.each.len()).filter(goes).collect(), now);
            }
        }
        for at in 0..self.each.len() {
            if self.next(&self.each[at]) <= now {
                self.send(vec![at], now);
            }
        }
    }

    fn send(&mut self, queues: Vec<usize>, now: Duration) {
        for at in &queues {
            let watch = &mut self.each[*at];
            watch.in_flight += 1;
            watch.sent = now;
            watch.due = now + self.shared.settings.beat;
        }
        let lease = self.shared.settings.lease;
        self.calls.push(renew(self.shared, self.own, queues, lease).boxed());
    }

    /// Answers to others end nothing of what those that are in flight owe.
    fn tell_what_is_owed(&self) {
        let in_flight = self.each.iter().filter(|watch| watch.in_flight > 0);
        if let Some(since) = in_flight.map(|watch| watch.sent).min() {
            self.shared.health.pulse(Role::Heartbeat).asks(since);
        }
    }

    /// Notes what came of a call.
    fn land(&mut self, answered: Answered) {
        let (now, sent, beat) =
            (self.shared.clock.monotonic(), answered.sent, self.shared.settings.beat);
        let mut failed = Vec::new();
        for (at, result) in note(self.shared, answered) {
            let watch = &mut self.each[at];
            watch.in_flight -= 1;
            if result.is_ok() {
                watch.failures = 0;
                watch.well_since = watch.well_since.max(Some(sent));
                watch.due = now + beat;
            } else if watch.well_since.is_none_or(|well| well <= sent) {
                watch.failures += 1;
                failed.push(at);
            }
        }
        // One pause for all of them, so that they go together again.
        let failures = failed.iter().map(|at| self.each[*at].failures).max().unwrap_or(0);
        let pause = backoff(failures, beat / 20, beat / 2);
        failed.into_iter().for_each(|at| self.each[at].due = now + pause);
    }

    /// The last renewals, of a lease of nothing. They come after all beats, and over the same connection:
    /// a beat would register the worker once more if it came after this. Whatever is still held is given
    /// back, and the registration ends (B4).
    ///
    /// # Errors
    /// The first one that a queue answered.
    pub(super) async fn sign_off(mut self) -> Result<()> {
        let (shared, own) = (self.shared, self.own);
        let (mut well, mut failing, mut busy) = (Vec::new(), Vec::new(), Vec::new());
        for (at, watch) in self.each.iter().enumerate() {
            match (watch.in_flight, watch.failures) {
                (0, 0) => well.push(at),
                (0, _) => failing.push(at),
                _ => busy.push(at),
            }
        }
        let last = |queues: Vec<usize>| async move {
            if queues.is_empty() {
                return Ok(());
            }
            let answered = renew(shared, own, queues, Duration::ZERO).await;
            note(shared, answered).into_iter().try_for_each(|(_, result)| result)
        };
        let of_busy = async {
            while let Some(answered) = self.calls.next().await {
                self.land(answered);
            }
            last(busy).await
        };
        let (well, failing, busy) = join!(last(well), last(failing), of_busy);
        well.and(failing).and(busy)
    }
}

#[cfg(test)]
#[path = "rounds_tests.rs"]
mod tests;
