//! What a run looks like from outside: its span, its warnings, its events. Costs next to nothing
//! when nobody looks.

use std::time::{Duration, SystemTime};

use tireless_core::{
    ClaimToken, Envelope, Failure, Outcome, QueueName, ReleaseReason, StoreTime, TaskId, TypeName,
};
use tracing::{Level, Span, enabled, info_span};

use crate::dispatch::Taken;
use crate::events::{Event, RunOf};
use crate::quiet::{inside, log, quietly};
use crate::shared::Shared;

/// Since the Unix epoch. Later times have no form in RFC 3339, and to show one is an error.
const END_OF_YEAR_9999: Duration = Duration::from_secs(253_402_300_799);

/// A run, as it is traced.
pub(crate) struct Run<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) queue: &'a QueueName,
    pub(crate) task_type: Option<TypeName>,
    pub(crate) id: TaskId,
    pub(crate) claim: ClaimToken,
    pub(crate) attempt: u32,
}

impl<'a> Run<'a> {
    /// That of a task that was taken.
    pub(crate) fn of(shared: &'a Shared, taken: &Taken, task_type: Option<TypeName>) -> Self {
        let Taken { task, batch, .. } = taken;
        Self {
            shared,
            queue: &shared.queues[batch.queue].name,
            task_type,
            id: task.id,
            claim: ClaimToken { worker: shared.worker, number: task.claim },
            attempt: task.history.attempts.saturating_add(1),
        }
    }

    /// That of a task whose envelope was not read yet.
    pub(crate) fn of_unread(shared: &'a Shared, taken: &Taken) -> Self {
        let task_type =
            Envelope::decode(&taken.task.envelope).ok().and_then(|found| found.task_type);
        Self::of(shared, taken, task_type)
    }

    fn facts(&self) -> RunOf {
        RunOf {
            queue: self.queue.clone(),
            task_type: self.task_type.clone(),
            id: self.id,
            claim: self.claim,
            attempt: self.attempt,
        }
    }

    fn type_text(&self) -> &str {
        self.task_type.as_ref().map_or("raw", TypeName::as_str)
    }
}

/// The span of a run.
pub(crate) fn span(run: &Run<'_>) -> Span {
    let span = || {
        info_span!(
            "run",
            queue = %run.queue,
            task = run.type_text(),
            id = %run.id,
            attempt = run.attempt,
            claim = %run.claim,
        )
    };
    quietly(span).unwrap_or_else(Span::none)
}

/// Tells that a handler begins.
pub(crate) fn started(run: &Run<'_>) {
    run.shared.observers.tell(|| Event::Started { run: run.facts() });
}

/// Tells what becomes of a task whose handler has not run, and passes it on.
pub(crate) fn ended(run: &Run<'_>, outcome: Outcome) -> Outcome {
    quietly(|| tell_end(run, Duration::ZERO, &outcome));
    outcome
}

/// Tells that a task is given back before a slot has taken it.
pub(crate) fn given_back(shared: &Shared, taken: &Taken) {
    if shared.observers.is_empty() && quietly(|| enabled!(Level::DEBUG)) == Some(false) {
        return;
    }
    ended(&Run::of_unread(shared, taken), Outcome::RELEASE);
}

/// Tells what becomes of a task after its handler has run for so long, and passes it on.
pub(crate) fn ended_in(span: Span, run: &Run<'_>, took: Duration, outcome: Outcome) -> Outcome {
    inside(&span, || quietly(|| tell_end(run, took, &outcome)));
    // Logs may tell that a span ends.
    quietly(move || drop(span));
    outcome
}

fn tell_end(run: &Run<'_>, took: Duration, outcome: &Outcome) {
    match outcome {
        Outcome::Fail { failure, retry_in, .. } => warn_failed(run, failure, *retry_in),
        Outcome::Bury { reason, failure } => log!(
            warn, queue = %run.queue, task = run.type_text(), id = %run.id, attempt = run.attempt,
            reason = reason.as_str(), %failure, "the task is buried"
        ),
        Outcome::Release { after, reason: ReleaseReason::Unknown, .. } => log!(
            warn, queue = %run.queue, task = run.type_text(), id = %run.id, again_in = ?after,
            "no handler here knows this task; it is handed back"
        ),
        Outcome::Release { .. } => log!(debug, queue = %run.queue, id = %run.id, "given back"),
        _ => {}
    }
    if !run.shared.observers.is_empty() {
        tell(run, took, outcome);
    }
}

fn warn_failed(run: &Run<'_>, failure: &Failure, retry_in: Duration) {
    let next_try = next_try(run.shared.clock.wall(), retry_in);
    log!(
        warn, queue = %run.queue, task = run.type_text(), id = %run.id, attempt = run.attempt,
        %failure, ?retry_in, next_try = %humantime::format_rfc3339_seconds(next_try),
        "the run failed; it is tried again"
    );
}

/// When a task is tried again, or the last moment that can be shown.
fn next_try(now: StoreTime, retry_in: Duration) -> SystemTime {
    let since_epoch = Duration::from_millis(now.after(retry_in).millis()).min(END_OF_YEAR_9999);
    SystemTime::UNIX_EPOCH.checked_add(since_epoch).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn tell(run: &Run<'_>, took: Duration, outcome: &Outcome) {
    let observers = &run.shared.observers;
    let run = run.facts();
    observers.tell(|| match outcome {
        Outcome::Fail { failure, retry_in, .. } => {
            Event::Failed { run, failure: failure.clone(), retry_in: *retry_in }
        }
        Outcome::Bury { reason, failure } => {
            Event::Buried { run, reason: *reason, failure: failure.clone() }
        }
        Outcome::Snooze { delay } => Event::Snoozed { run, delay: *delay },
        Outcome::Release { after, reason, .. } => {
            Event::Released { run, reason: *reason, after: *after }
        }
        _ => Event::Done { run, took },
    });
}

#[cfg(test)]
#[path = "trace_tests.rs"]
mod tests;
