//! Claims in flight: those that were sent and not answered yet.
//!
//! Several go side by side while tasks are quick: what one brings runs while the next is on its way,
//! so that neither the store nor the slots wait for a round trip.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tireless_core::{Claim, ClaimFrom, ClaimMode, Effect, Error, ErrorKind, QueueClaimed, Result};

use super::reach::Reach;
use super::{start, take};
use crate::board::Wanted;
use crate::dispatch::Taken;
use crate::health::Role;
use crate::hoard::OnTheWay;
use crate::shared::Shared;

/// So many claims are in flight at most: two keep a store busy, the others are for long ways to it.
const MOST: usize = 8;

/// What one queue answered: its index, how many tasks it was asked for.
pub(super) type Answer = (usize, usize, Result<QueueClaimed>);

/// Whether a claim is sent for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    First,
    /// The same, and its answer may never come.
    OnTrial,
    /// An earlier copy may have been carried out.
    Again,
}

impl Sending {
    /// Whether the store may have carried the claim out all the same: an earlier copy may have been,
    /// whatever became of this one.
    pub(super) fn may_have_taken(self, error: &Error) -> bool {
        self == Self::Again || error.effect() == Effect::Maybe
    }

    /// Whether the answer may be too large for the link: a copy did not come in time either, and each
    /// further one would carry the same tasks (B4). A claim of one cannot be made smaller.
    fn may_be_too_large(self, max: usize, error: &Error) -> bool {
        self == Self::Again && max > 1 && error.kind() == ErrorKind::Timeout
    }
}

/// A claim that was answered.
pub(super) struct Landed {
    number: u64,
    sending: Sending,
    tasks: usize,
    took: Duration,
    answers: Vec<Answer>,
}

/// The claims of one pool that are under way.
#[derive(Default)]
pub(super) struct InFlight {
    claims: FuturesUnordered<BoxFuture<'static, Landed>>,
    tasks: usize,
    reach: Reach,
}

impl InFlight {
    pub(super) fn is_empty(&self) -> bool {
        self.claims.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.claims.len() >= MOST
    }

    /// What they come to.
    pub(super) fn on_the_way(&self) -> OnTheWay {
        OnTheWay { tasks: self.tasks, reach: self.reach.tasks() }
    }

    /// Sends a claim, as soon as its answer is waited for.
    pub(super) fn send(
        &mut self,
        shared: &Arc<Shared>,
        number: u64,
        sending: Sending,
        wanted: Wanted,
    ) {
        let asked: usize = wanted.iter().map(|(_, max)| max).sum();
        // What a lost claim took is there already. It may never come, nor may what is asked for on trial:
        // no reason to wait with others.
        let tasks = if sending == Sending::First { asked } else { 0 };
        self.tasks += tasks;
        let shared = Arc::clone(shared);
        let answered = async move {
            let sent = shared.clock.monotonic();
            let answers = ask(&shared, number, sending, &wanted, ClaimMode::Shared).await;
            let took = shared.clock.monotonic().saturating_sub(sent);
            Landed { number, sending, tasks, took, answers }
        };
        self.claims.push(answered.boxed());
    }

    /// The next claim that is answered; never, if none is in flight. Safe to cancel.
    pub(super) async fn next(&mut self) -> Landed {
        let Some(landed) = self.claims.next().await else { return std::future::pending().await };
        self.tasks -= landed.tasks;
        landed
    }

    /// Notes what the queues answered to a claim, and has the tasks run; whether there are any.
    pub(super) fn land(&mut self, shared: &Arc<Shared>, landed: Landed) -> bool {
        if landed.answers.iter().any(|(.., answer)| answer.is_ok()) {
            // What was refused at once was not so far.
            let began = shared.dispatch.load().began;
            self.reach.answered(landed.took, shared.clock.monotonic(), began);
        }
        land(shared, landed)
    }
}

fn land(shared: &Arc<Shared>, landed: Landed) -> bool {
    let number = landed.number;
    shared.board.took(landed.took, &landed.answers);
    let mut given = Vec::with_capacity(landed.answers.len());
    for (at, max, answer) in landed.answers {
        let now = shared.clock.monotonic();
        match answer {
            Ok(answer) => {
                shared.board.answered(at, now, max, &answer);
                given.push((at, answer));
            }
            Err(error) => {
                shared.failed_for(Role::Claimer, at, &error);
                let is_lost = max > 0 && landed.sending.may_have_taken(&error);
                let is_given_up = landed.sending.may_be_too_large(max, &error);
                if is_given_up {
                    crate::quiet::log!(
                        warn,
                        queue = %shared.queues[at].name,
                        tasks = max,
                        "no answer to a claim came in time, twice; it is given up for smaller ones"
                    );
                    shared.ledger.abandon(number, at);
                } else if !is_lost {
                    shared.ledger.nothing(number, at);
                }
                let repeat = (is_lost && !is_given_up).then_some(number);
                shared.board.failed(at, now, &error, max, repeat);
            }
        }
    }
    // Only now, when all that may fail is done: what is taken is held until it has run.
    let tasks = given.into_iter().map(|(at, answer)| take(shared, number, at, answer));
    let tasks = interleave(tasks.collect());
    let any = !tasks.is_empty();
    start(shared, tasks);
    // Queues that are empty now are worth waiting for.
    shared.bell_wake.notify_one();
    any
}

/// Sends a claim and answers for each of its queues.
pub(super) async fn ask(
    shared: &Shared,
    number: u64,
    sending: Sending,
    wanted: &Wanted,
    mode: ClaimMode,
) -> Vec<Answer> {
    let from = |(at, max): &(usize, usize)| {
        let served = &shared.queues[*at];
        ClaimFrom { queue: served.name.clone(), max: *max, inbox: served.inbox }
    };
    let claim = Claim {
        worker: shared.worker,
        number,
        lease: shared.settings.lease,
        mode,
        queues: wanted.iter().map(from).collect(),
    };
    shared.asks(Role::Claimer);
    let sent = shared.clock.monotonic();
    let mut answers = shared.broker.claim(&claim).await.into_iter();
    let mut given = Vec::with_capacity(wanted.len());
    for (at, max) in wanted.iter().copied() {
        let missing = || Err(missing(&shared.queues[at].name));
        let answer = answers.next().map_or_else(missing, |(_, answer)| answer);
        if answer.is_ok() {
            if sending != Sending::Again {
                // A copy of what was carried out moves no lease (B4.3), and nobody knows which one was.
                shared.lease_extended(at, sent);
            }
            shared.succeeded_for(Role::Claimer, at);
        }
        given.push((at, max, answer));
    }
    given
}

fn missing(queue: &tireless_core::QueueName) -> Error {
    let message = format!("the broker did not answer for the queue {queue}; it is asked again");
    Error::new(ErrorKind::Corrupt, tireless_core::Operation::Claim, message)
        .with_effect(Effect::Maybe)
}

/// Mixes what several queues gave, so that each is spread evenly over the whole.
fn interleave(mut from: Vec<Vec<Taken>>) -> Vec<Taken> {
    from.retain(|tasks| !tasks.is_empty());
    if from.len() <= 1 {
        return from.pop().unwrap_or_default();
    }
    let mut placed = Vec::with_capacity(from.iter().map(Vec::len).sum());
    for tasks in from {
        let count = tasks.len() as u64;
        let place = |at: usize| ((2 * at as u64 + 1) << 32) / count;
        placed.extend(tasks.into_iter().enumerate().map(|(at, taken)| (place(at), taken)));
    }
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, taken)| taken).collect()
}

#[cfg(test)]
#[path = "in_flight_tests.rs"]
mod tests;
