//! Listening: an idle pool leaves a claim with the store, which carries it out as a bell rings. The
//! task is there with the ring: one wake-up, not a ring and then a claim.
//!
//! It claims one task of each queue. What a store takes for a worker that has lost its power is back
//! only when the lease has ended, and nobody looks at the worker in that moment; what else is there is
//! claimed in the usual way a round trip later.
//!
//! A pool of many queues, and one of several with inboxes, leaves this to its bell. Where the store
//! leaves out a claim of several queues, it is sent by itself once one has rung.

use std::sync::Arc;
use std::time::Duration;

use tireless_core::{Claim, ClaimFrom, ClaimMode, Error, Wait, WaitOn, Woken};

use crate::board::{LOOK, longest_pause};
use crate::claimer::{start, take};
use crate::health::Role;
use crate::hoard::begins_anew;
use crate::random::backoff;
use crate::shared::{Served, Shared};

/// Each ring, and each look, makes a call a queue: more than for so many cost more than the round
/// trip that they save.
const QUEUES: usize = 8;

/// A wait that has not ended so long after its time is given up. Brokers end theirs sooner.
const OVERDUE: Duration = Duration::from_millis(2_500);

/// No wait that is worth its call is as short.
const NO_TIME: Duration = Duration::from_millis(1);

/// Waits in a row that failed, and until when the next one is not tried.
#[derive(Default)]
pub(crate) struct Ear {
    failures: u32,
    deaf_until: Duration,
}

/// How a wait ended.
enum Ended {
    Woken(Woken),
    Failed(Error),
    Overdue,
    /// There is more to do than to wait.
    Useless,
    Stopped,
}

/// Whether a wait whose time is up was over as it began: a broker that does not wait at all, a mock
/// say, would keep the thread for itself.
pub(crate) fn is_no_wait(shared: &Shared, began: Duration, hold: Duration) -> bool {
    hold > NO_TIME && shared.clock.monotonic().saturating_sub(began) < NO_TIME
}

/// Whether a wait for these queues may carry a claim of all of them. Each inbox is waited for apart,
/// and would need a claim of all for itself.
pub(crate) fn fits_a_wait(queues: &[Served]) -> bool {
    let inboxes = queues.iter().any(|queue| queue.inbox);
    queues.len() == 1 || (queues.len() <= QUEUES && !inboxes)
}

impl Ear {
    /// For how long it does not listen yet.
    pub(crate) fn deaf_for(&self, now: Duration) -> Duration {
        self.deaf_until.saturating_sub(now)
    }

    /// There is something else to do than to listen: whether waits have failed before, which is of no
    /// matter now.
    pub(crate) fn forgets_failures(&mut self) -> bool {
        std::mem::take(&mut self.failures) > 0
    }

    /// Waits for the bells of all queues, or until `hold` is over, which is when one of them is to be
    /// looked at in any case.
    pub(crate) async fn listen(&mut self, shared: &Arc<Shared>, on: Vec<WaitOn>, hold: Duration) {
        let number = shared.ledger.begin(0..on.len());
        let wait = wait_for(shared, number, on, hold);
        shared.asks_in(Role::Claimer, hold);
        shared.asks_once(Role::Bell, hold);
        let sent = shared.clock.monotonic();
        let pause = match end_of(shared, &wait).await {
            Ended::Woken(Woken::TimedOut) if is_no_wait(shared, sent, hold) => LOOK,
            Ended::Woken(woken) => {
                *self = Self::default();
                shared.succeeded(Role::Bell);
                return told(shared, number, sent, woken);
            }
            Ended::Stopped => {
                // Should it have been carried out by now, a heartbeat gives it back.
                return (0..shared.queues.len()).for_each(|at| shared.ledger.abandon(number, at));
            }
            Ended::Useless => {
                shared.owes_nothing(Role::Bell, None);
                return shared.board.unanswered(number);
            }
            Ended::Overdue => LOOK,
            Ended::Failed(error) => {
                shared.failed(Role::Bell, &error);
                longest_pause(&error)
            }
        };
        // What is there is polled for meanwhile.
        shared.board.unanswered(number);
        self.failures += 1;
        let pause = backoff(self.failures, Duration::from_millis(500), pause);
        self.deaf_until = shared.clock.monotonic() + pause;
    }
}

fn wait_for(shared: &Shared, number: u64, on: Vec<WaitOn>, hold: Duration) -> Wait {
    let from = |on: &WaitOn| ClaimFrom { queue: on.queue.clone(), max: 1, inbox: on.inbox };
    let claim = Claim {
        worker: shared.worker,
        number,
        lease: shared.settings.lease,
        mode: ClaimMode::Shared,
        queues: on.iter().map(from).collect(),
    };
    Wait { queues: on, timeout: hold, claim: Some(claim) }
}

async fn end_of(shared: &Shared, wait: &Wait) -> Ended {
    tokio::select! {
        biased;
        woken = shared.broker.wait(wait) => woken.map_or_else(Ended::Failed, Ended::Woken),
        () = shared.stop.cancelled() => Ended::Stopped,
        () = more_to_do(shared) => Ended::Useless,
        () = shared.clock.sleep(wait.timeout + OVERDUE) => Ended::Overdue,
    }
}

/// Ends when a queue is to be looked at: the bell, which it was left to before, may have lost a ring.
async fn more_to_do(shared: &Shared) {
    while shared.board.all_quiet(shared.clock.monotonic()).is_some() {
        shared.claimer_wake.notified().await;
    }
}

fn told(shared: &Arc<Shared>, number: u64, sent: Duration, woken: Woken) {
    let answers = match woken {
        Woken::Claimed(answers) if answers.len() == shared.queues.len() => answers,
        // The same claim by itself tells what is there, or has been taken.
        _ => return shared.board.unanswered(number),
    };
    shared.succeeded(Role::Claimer);
    let now = shared.clock.monotonic();
    let mut tasks = Vec::with_capacity(answers.len());
    for (at, answer) in answers.into_iter().enumerate() {
        shared.lease_extended(at, sent);
        shared.board.answered(at, now, 1, &answer);
        tasks.push((shared.queues[at].level, take(shared, number, at, answer)));
    }
    if begins_anew(shared, &shared.dispatch.load()) {
        shared.dispatch.start_small();
    }
    // What goes before others does so too where several have rung.
    tasks.sort_by_key(|(level, _)| *level);
    start(shared, tasks.into_iter().flat_map(|(_, tasks)| tasks).collect());
}

#[cfg(test)]
#[path = "listen_tests.rs"]
mod tests;
