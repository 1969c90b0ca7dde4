//! From a handler's verdict to what the store is told: pure functions.

use std::time::Duration;

use tireless_core::{BuryReason, Failure, History, Outcome, Reentry, ReleaseReason, StoreTime};

use crate::retry::Backoff;
use crate::run::Verdict;

/// On what terms a task was run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    /// Which attempt it was; the first is 1.
    pub(crate) attempt: u32,
    /// Tries after the first one.
    pub(crate) retries: u32,
    /// How long it is kept when it is done.
    pub(crate) keep: Option<Duration>,
    pub(crate) backoff: &'a Backoff,
}

/// What becomes of a task that was run.
pub(crate) fn outcome_of(verdict: Verdict, terms: &Terms<'_>) -> Outcome {
    match verdict {
        Verdict::Done => Outcome::Ack { keep: terms.keep },
        Verdict::Retry(failure) if terms.attempt > terms.retries => {
            Outcome::Bury { reason: BuryReason::Exhausted, failure }
        }
        Verdict::Retry(failure) => Outcome::Fail {
            failure,
            retry_in: terms.backoff.delay(terms.attempt),
            reentry: Reentry::Back,
        },
        Verdict::Bury(failure) => Outcome::Bury { reason: BuryReason::Asked, failure },
        Verdict::Undecodable(failure) => Outcome::Bury { reason: BuryReason::Undecodable, failure },
        Verdict::Snooze(delay) => Outcome::Snooze { delay },
        Verdict::Release(reentry) => {
            Outcome::Release { after: Duration::ZERO, reason: ReleaseReason::Unfinished, reentry }
        }
    }
}

const FIRST_RETURN: Duration = Duration::from_secs(1);
const LONGEST_RETURN: Duration = Duration::from_secs(300);

/// What becomes of a task that this process does not know how to run: it is handed back with a
/// growing delay, and buried once nobody has known it for `patience` (B9). `why` is the failure's
/// text.
pub(crate) fn return_unknown(
    history: &History,
    now: StoreTime,
    patience: Duration,
    why: &str,
) -> Outcome {
    let known_since = history.returned_since;
    if history.returns > 0 && now.since(known_since) >= patience {
        let text = format!("{why}, and no other process knew it for {patience:?}");
        return Outcome::Bury { reason: BuryReason::Unknown, failure: Failure::new("", text) };
    }
    let factor = 2u32.saturating_pow(history.returns.min(16));
    let after = FIRST_RETURN.saturating_mul(factor).min(LONGEST_RETURN);
    Outcome::Release { after, reason: ReleaseReason::Unknown, reentry: Reentry::Back }
}

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;
