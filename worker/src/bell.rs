//! The bell: while queues are empty and slots are free, waits for one of them to ring (B14).
//!
//! A full pool does not wait: a ring wakes one worker only, and it should be one that can take
//! the task. One wait is for all empty queues. Where all are empty, a pool of a few queues leaves this
//! to its claimer, which listens by itself, unless a suspect or a lack of free slots keeps it from that.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tireless_core::{Result, Wait, WaitOn, Woken};

use crate::board::{LOOK, longest_pause};
use crate::health::Role;
use crate::listen::is_no_wait;
use crate::random::backoff;
use crate::shared::Shared;

/// With some queues still busy, the others are waited for only after this: mostly the busy ones
/// are soon empty too, and one wait for all is cheaper.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long one wait lasts. Longer than the looks that the claimer takes anyway: it ends them
/// early, and a wait that ends by itself is only another call.
const HOLD: Duration = Duration::from_secs(10);

/// Waits until the pool stops.
pub(crate) async fn run(shared: Arc<Shared>) -> Result<()> {
    let mut failures = 0;
    while !shared.stop.is_cancelled() {
        let queues = worth_waiting(&shared).await;
        if queues.is_empty() {
            if !shared.claimer_listens() {
                shared.owes_nothing(Role::Bell, None);
            }
            tokio::select! {
                () = shared.bell_wake.notified() => {}
                () = shared.stop.cancelled() => {}
            }
            continue;
        }
        match wait(&shared, queues).await {
            Ended::Heard => failures = 0,
            Ended::Stopped => {}
            Ended::Failed(longest) => {
                failures += 1;
                // The claimer polls meanwhile.
                let pause = backoff(failures, Duration::from_millis(500), longest);
                tokio::select! {
                    () = shared.clock.sleep(pause) => {}
                    () = shared.stop.cancelled() => {}
                }
            }
        }
    }
    Ok(())
}

enum Ended {
    Heard,
    /// And how long to wait at most before the next try.
    Failed(Duration),
    Stopped,
}

/// The empty queues, if there are free slots for what they would give: at once if all are, else
/// after a while.
async fn worth_waiting(shared: &Shared) -> Vec<WaitOn> {
    let patient_until = shared.clock.monotonic() + PATIENCE;
    loop {
        let (queues, all) = quiet(shared);
        let left = patient_until.saturating_sub(shared.clock.monotonic());
        if all || queues.is_empty() || left.is_zero() {
            return queues;
        }
        tokio::select! {
            () = shared.clock.sleep(left) => {}
            () = shared.bell_wake.notified() => {}
            () = shared.stop.cancelled() => return Vec::new(),
        }
    }
}

fn quiet(shared: &Shared) -> (Vec<WaitOn>, bool) {
    if shared.dispatch.load().total() >= shared.settings.concurrency {
        return (Vec::new(), false);
    }
    let (quiet, all) = shared.board.quiet(shared.clock.monotonic());
    if all && shared.claimer_listens() { (Vec::new(), false) } else { (quiet, all) }
}

/// One wait. It is dropped when there is more to wait for, or for long no use in waiting.
async fn wait(shared: &Shared, queues: Vec<WaitOn>) -> Ended {
    let wait = Wait { queues, timeout: HOLD, claim: None };
    shared.asks_in(Role::Bell, HOLD);
    let began = shared.clock.monotonic();
    let mut answer = shared.broker.wait(&wait);
    let mut useless_since: Option<Duration> = None;
    loop {
        let pause = useless_since.map(|_| shared.clock.sleep(PATIENCE));
        tokio::select! {
            biased;
            answer = &mut answer => {
                let none = matches!(answer, Ok(Woken::TimedOut)) && is_no_wait(shared, began, HOLD);
                return if none { Ended::Failed(LOOK) } else { heard(shared, answer, &wait) };
            }
            () = shared.stop.cancelled() => return Ended::Stopped,
            () = shared.bell_wake.notified() => {}
            () = async { pause.unwrap_or_else(|| Box::pin(pending())).await } => {}
        }
        let now = shared.clock.monotonic();
        let (quiet, _) = quiet(shared);
        useless_since = quiet.is_empty().then(|| useless_since.unwrap_or(now));
        let useless = useless_since.is_some_and(|since| now.saturating_sub(since) >= PATIENCE);
        if useless || !quiet.iter().all(|queue| wait.queues.contains(queue)) {
            shared.owes_nothing(Role::Bell, None);
            drop(answer);
            // A ring that came at that moment is lost, so its queue is looked at.
            shared.board.look_again(&wait.queues);
            shared.claimer_wake.notify_one();
            return Ended::Heard;
        }
    }
}

fn heard(shared: &Shared, answer: Result<Woken>, wait: &Wait) -> Ended {
    match answer {
        Ok(woken) => {
            shared.succeeded(Role::Bell);
            if let Woken::Rang(queue) = woken {
                shared.board.rang(queue.as_str());
                shared.claimer_wake.notify_one();
            }
            Ended::Heard
        }
        Err(error) => {
            shared.failed(Role::Bell, &error);
            shared.board.look_again(&wait.queues);
            shared.claimer_wake.notify_one();
            Ended::Failed(longest_pause(&error))
        }
    }
}

#[cfg(test)]
#[path = "bell_tests.rs"]
mod tests;
