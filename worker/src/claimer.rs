//! The claimer: takes tasks in batches, before all slots are idle, and keeps as many ready as run
//! within a tenth of a second.

use std::sync::Arc;
use std::time::Duration;

use tireless_core::limits::TASKS_PER_CALL;
use tireless_core::{QueueClaimed, Result};

use crate::board::{Plan, Want, Wanted};
use crate::dispatch::Taken;
use crate::executor::open_slots;
use crate::health::Role;
use crate::hoard::{HoardWatch, WATCH, room};
use crate::listen::Ear;
use crate::settler::Settler;
use crate::shared::Shared;
use crate::summary::add;

mod alone;
mod in_flight;
mod reach;

use alone::Patience;
use in_flight::{InFlight, Sending};

/// How long it rests at most when it waits for the settlers, or keeps empty.
const MOMENT: Duration = Duration::from_millis(500);

/// Claims until the pool stops.
pub(crate) async fn run(shared: Arc<Shared>) -> Result<()> {
    // What an earlier start of this loop still waited for goes back by a renewal.
    shared.ledger.abandon_all();
    shared.board.forget_claims();
    let mut claimer = Claimer {
        shared,
        in_flight: InFlight::default(),
        patience: Patience::default(),
        watch: HoardWatch::default(),
        ear: Ear::default(),
    };
    while !claimer.shared.stop.is_cancelled() {
        claimer.step().await;
    }
    // Not cut short by a stop: what they take is given back.
    while !claimer.in_flight.is_empty() {
        let landed = claimer.in_flight.next().await;
        let shared = Arc::clone(&claimer.shared);
        claimer.in_flight.land(&shared, landed);
    }
    Ok(())
}

struct Claimer {
    shared: Arc<Shared>,
    in_flight: InFlight,
    patience: Patience,
    watch: HoardWatch,
    ear: Ear,
}

impl Claimer {
    async fn step(&mut self) {
        let shared = Arc::clone(&self.shared);
        self.watch.look(&shared);
        let now = shared.clock.monotonic();
        for (at, number) in shared.board.take_hopeless(now) {
            // Named no more: should the queue hold anything of it, a renewal gives it back.
            shared.ledger.nothing(number, at);
        }
        let (suspects, turn) = shared.board.suspects(now);
        if !suspects.is_empty() && self.patience.may_be_alone(now) {
            // A queue that has failed for long is not waited for.
            let unsure = shared.ledger.is_unsure(|at| !shared.board.has_failed_long(at, now));
            if shared.ledger.held() == 0 && !shared.board.repeats() && !unsure {
                return self.claim_alone(&suspects).await;
            }
            // While outcomes cannot be written it does not become empty.
            let empties = !shared.settlers.iter().any(Settler::is_failing);
            let keeps_empty = turn && empties && !shared.board.repeats();
            if keeps_empty {
                // Keep empty for the suspect; a heartbeat clears up what is unsure.
                if shared.ledger.held() > 0 {
                    shared.wake_when_held(0);
                }
                return self.pause(Some(MOMENT)).await;
            }
        }
        let full = self.in_flight.is_full();
        let room = if full { None } else { room(&shared, self.in_flight.on_the_way()) };
        let Some(want) = room else {
            if self.in_flight.is_empty() {
                // There is no room for what lost claims took: a renewal gives it back.
                for (at, number) in shared.board.take_repeats() {
                    shared.ledger.abandon(number, at);
                }
            }
            return self.pause(None).await;
        };
        self.ask_for(want).await;
    }

    async fn ask_for(&mut self, want: Want) {
        let shared = Arc::clone(&self.shared);
        let settings = &shared.settings;
        // Outcomes that cannot be written pile up: no more than twice what is in use.
        let reach = self.in_flight.on_the_way().reach;
        let in_use = (settings.concurrency + settings.prefetch).saturating_add(reach);
        let bound = in_use.max(TASKS_PER_CALL).saturating_mul(2);
        let choked = |at: usize| shared.settlers[at].is_choked(bound);
        if (0..shared.queues.len()).any(|at| choked(at) && !shared.settlers[at].is_failing()) {
            // The store lags behind, and not only in one queue: the shares are kept.
            return self.pause(Some(MOMENT)).await;
        }
        let many = |at: usize| shared.ledger.has_many_claims(at);
        let now = shared.clock.monotonic();
        match shared.board.plan(now, want, |at| choked(at) || many(at)) {
            Plan::Idle(until) => {
                self.patience.others_are_claimed_for();
                if (0..shared.queues.len()).any(many) {
                    shared.wake_when_held(shared.ledger.held().saturating_sub(1));
                }
                self.idle(now, until.saturating_sub(now).max(Duration::from_millis(1))).await;
            }
            Plan::Claim(wanted) => self.send_new(Sending::First, wanted),
            Plan::Try(wanted) => self.send_new(Sending::OnTrial, wanted),
            Plan::Repeat(number, wanted) => {
                self.in_flight.send(&shared, number, Sending::Again, wanted);
            }
        }
    }

    fn send_new(&mut self, sending: Sending, wanted: Wanted) {
        // A look takes nothing: it keeps no suspect waiting, and is nobody's turn.
        let taking = wanted.iter().filter(|(_, max)| *max > 0).map(|(at, _)| *at);
        if taking.clone().next().is_some() {
            self.patience.others_are_claimed_for();
        }
        let number = self.shared.ledger.begin(taking);
        self.in_flight.send(&self.shared, number, sending, wanted);
    }

    /// Nothing is to be claimed for a while, unless a bell rings: listens for it, if this is for the
    /// claimer to do.
    async fn idle(&mut self, now: Duration, mut rest: Duration) {
        let shared = Arc::clone(&self.shared);
        let concurrency = shared.settings.concurrency;
        if shared.dispatch.load().total() >= concurrency {
            // Full, and so deaf: once a slot is free, the bell is to be heard again.
            shared.dispatch.wake_at(concurrency - 1);
            shared.needs_no_bell();
        } else if !self.in_flight.is_empty() {
            // What is on its way may tell more.
        } else if shared.claimer_may_listen()
            && let Some(on) = shared.board.all_quiet(now)
        {
            let deaf_for = self.ear.deaf_for(now);
            if deaf_for.is_zero() {
                // It has nothing to wait for meanwhile.
                shared.bell_wake.notify_one();
                return self.ear.listen(&shared, on, rest).await;
            }
            rest = rest.min(deaf_for);
        } else {
            self.has_no_use_for_a_ring();
        }
        shared.bell_wake.notify_one();
        self.rest(rest).await;
    }

    /// There is nothing to listen for: that waits have failed does not matter meanwhile.
    fn has_no_use_for_a_ring(&mut self) {
        if self.ear.forgets_failures() {
            self.shared.owes_nothing(Role::Bell, None);
        }
    }

    /// Rests before it asks again, for a while at most.
    async fn rest(&mut self, at_most: Duration) {
        if self.in_flight.is_empty() {
            self.shared.asks_in(Role::Claimer, at_most);
        }
        self.wait(Some(at_most)).await;
    }

    /// Does not want to ask for now: nothing is owed meanwhile, but for what is in flight.
    async fn pause(&mut self, at_most: Option<Duration>) {
        let none_in_flight = self.in_flight.is_empty();
        if none_in_flight {
            self.shared.owes_nothing(Role::Claimer, at_most);
        }
        if none_in_flight || self.shared.dispatch.load().total() >= self.shared.settings.concurrency
        {
            self.shared.needs_no_bell();
        }
        self.wait(at_most).await;
    }

    /// Waits until rung, or a claim is answered, for at most a while, or until the pool stops.
    async fn wait(&mut self, at_most: Option<Duration>) {
        let shared = Arc::clone(&self.shared);
        // What waits is watched.
        let waits = (shared.dispatch.load().waiting > 0).then_some(WATCH);
        let at_most = at_most.into_iter().chain(waits).min();
        let time_is_up = async {
            match at_most {
                Some(pause) => shared.clock.sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        let landed = tokio::select! {
            landed = self.in_flight.next() => landed,
            () = shared.claimer_wake.notified() => return,
            () = time_is_up => return,
            () = shared.stop.cancelled() => return,
        };
        if self.in_flight.land(&shared, landed) {
            self.has_no_use_for_a_ring();
        }
        if !self.in_flight.is_empty() {
            // The answers to the others are still owed.
            shared.asks(Role::Claimer);
        }
    }
}

/// Notes what a queue gave.
pub(crate) fn take(shared: &Shared, number: u64, at: usize, answer: QueueClaimed) -> Vec<Taken> {
    add(&shared.counters.promoted, answer.promoted);
    add(&shared.counters.requeued, answer.requeued);
    let batch = shared.ledger.answered(number, at, answer.tasks.len(), answer.now);
    let taken = |(place, task)| Taken { task, batch: Arc::clone(&batch), place };
    answer.tasks.into_iter().enumerate().map(taken).collect()
}

/// Has tasks run, or gives them back if the pool has stopped.
pub(crate) fn start(shared: &Arc<Shared>, tasks: Vec<Taken>) {
    match shared.dispatch.offer(tasks) {
        Ok(slots) => open_slots(shared, slots),
        Err(tasks) => crate::shutdown::give_back(shared, tasks),
    }
}

#[cfg(test)]
mod half_dark_tests;
#[cfg(test)]
mod slow_link_tests;
#[cfg(test)]
#[path = "claimer_tests.rs"]
mod tests;
#[cfg(test)]
mod turn_tests;
