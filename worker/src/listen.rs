//! Listening: an idle pool of one queue leaves a claim with the store, which carries it out as the
//! bell rings. The task is there with the ring: one wake-up, not a ring and then a claim.
//!
//! It claims one task. What a store takes for a worker that has lost its power is back only when the
//! lease has ended, and nobody looks at the worker in that moment; what else is there is claimed in
//! the usual way a round trip later.

use std::sync::Arc;
use std::time::Duration;

use tireless_core::{Claim, ClaimFrom, ClaimMode, Error, Wait, WaitOn, Woken};

use crate::board::{LOOK, longest_pause};
use crate::claimer::{start, take};
use crate::health::Role;
use crate::random::backoff;
use crate::shared::Shared;

/// The only queue of a pool that listens.
const ONLY: usize = 0;

/// A wait that has not ended so long after its time is given up. Brokers end theirs sooner.
const OVERDUE: Duration = Duration::from_millis(2_500);

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
    Stopped,
}

impl Ear {
    /// For how long it does not listen yet.
    pub(crate) fn deaf_for(&self, now: Duration) -> Duration {
        self.deaf_until.saturating_sub(now)
    }

    /// Waits for the queue's bell, or until `hold` is over, which is when the queue is to be looked
    /// at in any case.
    pub(crate) async fn listen(&mut self, shared: &Arc<Shared>, on: WaitOn, hold: Duration) {
        let number = shared.ledger.begin([ONLY]);
        let wait = wait_for(shared, number, on, hold);
        shared.asks_in(Role::Claimer, hold);
        if self.failures == 0 {
            // Else it is owed since the first failure.
            shared.asks_in(Role::Bell, hold);
        }
        let sent = shared.clock.monotonic();
        let pause = match end_of(shared, &wait).await {
            Ended::Woken(woken) => {
                *self = Self::default();
                shared.succeeded(Role::Bell);
                return told(shared, number, sent, woken);
            }
            Ended::Stopped => {
                // Should it have been carried out by now, a heartbeat gives it back.
                return shared.ledger.abandon(number, ONLY);
            }
            Ended::Overdue => LOOK,
            Ended::Failed(error) => {
                shared.failed(Role::Bell, &error);
                longest_pause(&error)
            }
        };
        // What is there is polled for meanwhile.
        shared.board.unanswered(ONLY, number, 1);
        self.failures += 1;
        let pause = backoff(self.failures, Duration::from_millis(500), pause);
        self.deaf_until = shared.clock.monotonic() + pause;
    }
}

fn wait_for(shared: &Shared, number: u64, on: WaitOn, hold: Duration) -> Wait {
    let claim = Claim {
        worker: shared.worker,
        number,
        lease: shared.settings.lease,
        mode: ClaimMode::Shared,
        queues: vec![ClaimFrom { queue: on.queue.clone(), max: 1, inbox: on.inbox }],
    };
    Wait { queues: vec![on], timeout: hold, claim: Some(claim) }
}

async fn end_of(shared: &Shared, wait: &Wait) -> Ended {
    tokio::select! {
        biased;
        woken = shared.broker.wait(wait) => woken.map_or_else(Ended::Failed, Ended::Woken),
        () = shared.stop.cancelled() => Ended::Stopped,
        () = shared.clock.sleep(wait.timeout + OVERDUE) => Ended::Overdue,
    }
}

fn told(shared: &Arc<Shared>, number: u64, sent: Duration, woken: Woken) {
    let answer = match woken {
        Woken::Claimed(mut answers) if answers.len() == 1 => answers.remove(0),
        // The same claim by itself tells what is there, or has been taken.
        _ => return shared.board.unanswered(ONLY, number, 1),
    };
    shared.lease_extended(ONLY, sent);
    shared.succeeded(Role::Claimer);
    shared.board.answered(ONLY, shared.clock.monotonic(), 1, &answer);
    start(shared, take(shared, number, ONLY, answer));
}

#[cfg(test)]
#[path = "listen_tests.rs"]
mod tests;
