//! The executor: runs one task after the other in a slot, and turns what happens into outcomes.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tireless_core::{BuryReason, Envelope, EnvelopeError, Failure, Outcome, Reentry, TypeName};
use tokio::sync::oneshot;
use tracing::Span;

use crate::dispatch::Taken;
use crate::outcome::{Terms, outcome_of, return_unknown};
use crate::quiet::{inside, panic_text};
use crate::run::{Context, Facts, Route, Verdict};
use crate::settler::Finished;
use crate::shared::Shared;
use crate::sync::spawn_tracked;
use crate::trace::{self, Run};

/// A slot lets others have the thread after so many tasks. That is less than the runtime allows: had
/// it used that up, then whom it rang, the claimer say, would come after all other slots.
const TURN: usize = 32;

/// How long a slot rests whose handler gave its task back. What bounds the handler that always does so
/// is the slot, not a delay of the task: else this process would go through all that waits, and faster
/// than those who run it.
const REST: Duration = Duration::from_secs(1);

/// Opens slots for what was offered.
pub(crate) fn open_slots(shared: &Arc<Shared>, count: usize) {
    for _ in 0..count {
        spawn_tracked(&shared.slots, slot(Arc::clone(shared)));
    }
}

/// A slot: runs what waits, until nothing does.
async fn slot(shared: Arc<Shared>) {
    let mut ended = None;
    let mut began = shared.clock.monotonic();
    let mut turn = 0;
    while let Some(taken) = shared.dispatch.next(ended.take(), began) {
        let Ended { outcome, given_back } = AssertUnwindSafe(execute(&shared, &taken))
            .catch_unwind()
            .await
            .unwrap_or_else(|panic| broken(&shared, &taken, panic_text(panic)).into());
        let Taken { task, batch, place } = taken;
        let queue = batch.queue;
        let (settled, seen) = if shared.settings.hold_until_settled {
            let (settled, seen) = oneshot::channel();
            (Some(settled), Some(seen))
        } else {
            (None, None)
        };
        shared.settlers[queue].push(Finished { id: task.id, batch, place, outcome, settled });
        if let Some(seen) = seen {
            // Ends when the call that carried it is dropped, which is when it was answered.
            let _ = seen.await;
        }
        if given_back {
            // A part of the run, as far as the hoard goes: who gives back is to keep few tasks ready.
            rest(&shared).await;
        }
        let now = shared.clock.monotonic();
        ended = Some(now.saturating_sub(began));
        began = now;
        turn = (turn + 1) % TURN;
        if turn == 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// Ends when a slot takes the next task after one that its handler gave back.
async fn rest(shared: &Shared) {
    tokio::select! {
        () = shared.clock.sleep(REST) => {}
        () = shared.stop.cancelled() => {}
    }
}

/// Something around the handler panicked, a backoff function say: the task is tried again.
fn broken(shared: &Arc<Shared>, taken: &Taken, panic: String) -> Outcome {
    shared.counters.panicked.fetch_add(1, Ordering::Relaxed);
    let failure = Failure::new("panic", panic);
    let outcome =
        Outcome::Fail { failure, retry_in: Duration::from_secs(60), reentry: Reentry::Back };
    trace::ended(&Run::of_unread(shared, taken), outcome)
}

/// What becomes of a task.
struct Ended {
    outcome: Outcome,
    /// Whether its handler gave it back in a pool that goes on, without having been told to stop.
    given_back: bool,
}

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, given_back: false }
    }
}

/// How the run of a handler ended.
enum End {
    Answered(Verdict),
    TimedOut(Duration),
    /// What the panic said.
    Panicked(String),
    Aborted,
}

async fn execute(shared: &Arc<Shared>, taken: &Taken) -> Ended {
    let Taken { task, batch, .. } = taken;
    let run = |task_type: Option<TypeName>| Run::of(shared, taken, task_type);
    // Nothing begins under a lease that has ended: the task may be another's already.
    let lease_ended = shared.lease_until(batch.queue) <= shared.clock.monotonic();
    if batch.is_stopped() || lease_ended {
        return trace::ended(&Run::of_unread(shared, taken), Outcome::RELEASE).into();
    }
    let patience = shared.settings.unknown_for;
    let envelope = match Envelope::decode(&task.envelope) {
        Ok(envelope) => envelope,
        Err(error @ EnvelopeError::Newer(_)) => {
            let outcome = return_unknown(&task.history, batch.now, patience, &error.to_string());
            return trace::ended(&run(None), outcome).into();
        }
        Err(error) => {
            let failure = Failure::new("", error.to_string());
            let outcome = Outcome::Bury { reason: BuryReason::Undecodable, failure };
            return trace::ended(&run(None), outcome).into();
        }
    };
    let run = run(envelope.task_type.clone());
    let Some(route) = shared.queues[batch.queue].routes.find(envelope.task_type.as_ref()) else {
        let why = match &run.task_type {
            Some(name) => format!("no handler here takes tasks of the type {name}"),
            None => "no handler here takes raw tasks".to_owned(),
        };
        let outcome = return_unknown(&task.history, batch.now, patience, &why);
        return trace::ended(&run, outcome).into();
    };
    perform(shared, taken, &run, route, envelope).await
}

/// What a run comes to; nothing, if it was dropped.
fn verdict_of(shared: &Shared, end: End) -> Option<Verdict> {
    match end {
        End::Answered(verdict) => Some(verdict),
        End::TimedOut(limit) => {
            shared.counters.timed_out.fetch_add(1, Ordering::Relaxed);
            let text = format!("the run took longer than {limit:?}");
            Some(Verdict::Retry(Failure::new("timeout", text)))
        }
        End::Panicked(panic) => {
            shared.counters.panicked.fetch_add(1, Ordering::Relaxed);
            Some(Verdict::Retry(Failure::new("panic", panic)))
        }
        End::Aborted => None,
    }
}

/// Runs the handler, under a span of its own, and decides what becomes of the task.
async fn perform(
    shared: &Arc<Shared>,
    taken: &Taken,
    run: &Run<'_>,
    route: &Route,
    envelope: Envelope,
) -> Ended {
    let options = &envelope.options;
    let retries = options.retries.unwrap_or(route.policy.retries);
    let timeout = options.timeout.or(route.policy.timeout);
    let keep = options.keep;
    let began = shared.clock.monotonic();
    let context = Context::new(Facts {
        queue: run.queue.clone(),
        id: run.id,
        own_id: taken.task.history.own_id.clone(),
        claim: run.claim,
        attempt: run.attempt,
        retries,
        cancellation: taken.batch.cancellation.clone(),
        deadline: timeout.map(|timeout| began.saturating_add(timeout)),
        lease_until: Arc::clone(&shared.leases[taken.batch.queue]),
        clock: Arc::clone(&shared.clock),
    });
    trace::started(run);
    let span = trace::span(run);
    let handler = contain(async {
        let future = route.handle.run(envelope, context);
        let until = |limit| began.saturating_add(limit).saturating_add(route.handle.grace());
        watch(shared, future, timeout.map(|limit| (limit, until(limit)))).await
    });
    let end = if span.is_disabled() { handler.await } else { under(&span, handler).await };
    let took = shared.clock.monotonic().saturating_sub(began);
    // Who was told to stop and failed, in whatever way, is not charged for it.
    let charged =
        |verdict: &Verdict| !matches!(verdict, Verdict::Retry(_) if taken.batch.is_stopped());
    let verdict = verdict_of(shared, end).filter(charged);
    let is_stopping = taken.batch.is_stopped() || shared.stop.is_cancelled();
    let is_released = matches!(verdict, Some(Verdict::Release(_)));
    let given_back = is_released && !is_stopping;
    // Who stops is no judge of the task's place.
    let verdict = verdict.filter(|_| !is_released || given_back);
    let terms = Terms { attempt: run.attempt, retries, keep, backoff: &route.policy.backoff };
    let outcome = verdict.map_or(Outcome::RELEASE, |verdict| outcome_of(verdict, &terms));
    Ended { outcome: trace::ended_in(span, run, took, outcome), given_back }
}

/// A panic becomes an ordinary end. What panicked is never polled again.
async fn contain(run: impl Future<Output = End>) -> End {
    let ended = AssertUnwindSafe(run).catch_unwind().await;
    ended.unwrap_or_else(|panic| End::Panicked(panic_text(panic)))
}

/// Polls a contained run under its span.
async fn under(span: &Span, run: impl Future<Output = End>) -> End {
    let mut run = pin!(run);
    poll_fn(|context| inside(span, || run.as_mut().poll(context))).await
}

/// Runs a handler's future until it answers, its time is up, or the pool gives up waiting. The
/// timeout comes with the moment of its end: the first poll may have taken long.
async fn watch(
    shared: &Shared,
    mut handler: BoxFuture<'static, Verdict>,
    timeout: Option<(Duration, Duration)>,
) -> End {
    // Most short handlers are done at once: nothing needs to be set up for them.
    if let Some(verdict) = futures_util::future::poll_immediate(&mut handler).await {
        return End::Answered(verdict);
    }
    let time_is_up = async {
        match timeout {
            Some((limit, until)) => {
                let left = until.saturating_sub(shared.clock.monotonic());
                shared.clock.sleep(left).await;
                limit
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        verdict = &mut handler => End::Answered(verdict),
        limit = time_is_up => End::TimedOut(limit),
        () = shared.abort.cancelled() => End::Aborted,
    }
}

#[cfg(test)]
#[path = "executor_tests.rs"]
mod tests;
