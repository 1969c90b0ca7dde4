//! Claims for suspects: one at a time, with nothing beside it (B11).

use std::sync::Arc;
use std::time::Duration;

use tireless_core::ClaimMode;

use super::in_flight::{Sending, ask};
use super::{Claimer, MOMENT, start, take};
use crate::board::Wanted;
use crate::health::Role;
use crate::ledger::Batch;

/// How long suspects are run one after the other before other tasks get a turn again.
const STREAK: Duration = Duration::from_secs(1);

/// Since when a pool does what it does for suspects.
#[derive(Default)]
pub(super) struct Patience {
    /// Since when suspects have been run without a claim for others in between.
    streak: Option<Duration>,
}

impl Patience {
    pub(super) fn others_are_claimed_for(&mut self) {
        self.streak = None;
    }

    pub(super) fn may_be_alone(&self, now: Duration) -> bool {
        self.streak.is_none_or(|since| now.saturating_sub(since) < STREAK)
    }

    fn is_alone(&mut self, now: Duration) {
        self.streak.get_or_insert(now);
    }
}

impl Claimer {
    /// Takes one suspect and waits until its outcome is written, or cannot be, with nothing beside it:
    /// no claim that may take is in flight when this is called.
    pub(super) async fn claim_alone(&mut self, suspects: &[usize]) {
        let shared = Arc::clone(&self.shared);
        self.patience.is_alone(shared.clock.monotonic());
        let mut wanted: Wanted = suspects.iter().map(|at| (*at, 1)).collect();
        let number = shared.ledger.begin(suspects.iter().copied());
        let mut sending = Sending::First;
        let mut ran = None;
        // Nothing else may be taken before all have answered: a lost answer may hold a suspect.
        while !wanted.is_empty() && !shared.stop.is_cancelled() {
            if shared.ledger.held() > 0 {
                // One runs: the others are only asked whether they gave one too.
                wanted.iter_mut().for_each(|(_, max)| *max = 0);
            }
            let mut lost = Wanted::new();
            for (at, max, answer) in ask(&shared, number, sending, &wanted, ClaimMode::Alone).await
            {
                let now = shared.clock.monotonic();
                match answer {
                    Ok(answer) => {
                        shared.board.answered_alone(at, now, &answer);
                        let one_runs = shared.ledger.held() > 0;
                        let tasks = take(&shared, number, at, answer);
                        if one_runs {
                            crate::shutdown::give_back(&shared, tasks);
                        } else {
                            ran = tasks.first().map(|taken| Arc::clone(&taken.batch));
                            start(&shared, tasks);
                        }
                    }
                    Err(error) => {
                        shared.failed_for(Role::Claimer, at, &error);
                        shared.board.failed_alone(at, now, &error);
                        let in_doubt = sending.may_have_taken(&error);
                        if in_doubt && !shared.board.has_failed_long(at, now) {
                            lost.push((at, max));
                        } else {
                            shared.ledger.nothing(number, at);
                        }
                    }
                }
            }
            (wanted, sending) = (lost, Sending::Again);
            if !wanted.is_empty() {
                self.rest(Duration::from_secs(1)).await;
            }
        }
        self.until_written(ran.as_deref()).await;
    }

    /// Waits until nothing is held, or what is held has run and could not be written for a lease: that
    /// may last, and nothing would run beside it. What kills the process then is charged to the suspect
    /// (B11), so it is not done at the first failure.
    async fn until_written(&mut self, ran: Option<&Batch>) {
        let shared = Arc::clone(&self.shared);
        while shared.ledger.held() > 0 && !shared.stop.is_cancelled() {
            let now = shared.clock.monotonic();
            let is_stuck =
                |at: usize| shared.settlers[at].has_failed_for(shared.settings.lease, now);
            let held = |at: &usize| shared.ledger.holds_of(*at);
            let all_are_stuck = (0..shared.queues.len()).filter(held).all(is_stuck);
            if ran.is_none_or(Batch::is_whole) && all_are_stuck {
                return;
            }
            shared.wake_when_held(0);
            self.pause(Some(MOMENT)).await;
        }
    }
}

#[cfg(test)]
#[path = "alone_tests.rs"]
pub(super) mod tests;
