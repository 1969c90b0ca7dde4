//! Several queues at once: one that cannot be served hides nothing of the others.

use serde::Serialize;
use tireless::{Backend, Counts, QueueName, Result};

use crate::adopt::Adopt;
use crate::exit::{Outcome, Stop};
use crate::output::note;
use crate::redact::redact;

/// Of more queues a store does not tell all.
const MOST_TOLD: usize = 10_000;

/// What came of each queue.
pub(crate) type Each<T> = Vec<(QueueName, Result<T>)>;

/// The queues that are named; all that are in use if none is.
pub(crate) async fn chosen(named: &[QueueName], broker: &dyn Backend) -> Result<Vec<QueueName>> {
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    let mut queues = broker.queues().await?;
    queues.sort();
    Ok(queues)
}

/// Says which of the named queues are not in use: a name that was mistyped, or that of a plain list.
pub(crate) async fn note_unused(named: &[QueueName], broker: &dyn Backend) {
    if named.is_empty() {
        return;
    }
    // Where that cannot be told, nothing is said.
    let Ok(known) = broker.queues().await else { return };
    for queue in named.iter().filter(|queue| !known.contains(queue) && known.len() < MOST_TOLD) {
        if !holds_something(queue, broker).await {
            note(format!("no queue {queue} is in use; a plain list is named by --adopt"));
        }
    }
}

/// What others push into an inbox is there before the queue is known.
async fn holds_something(queue: &QueueName, broker: &dyn Backend) -> bool {
    let Ok(counts) = broker.counts(queue).await else { return true };
    let Counts { ready, running, scheduled, failed, dead, kept, inbox, workers, .. } = counts;
    [ready, running, scheduled, failed, dead, kept, inbox, workers].iter().any(|count| *count > 0)
}

/// The same for the one queue of a command, unless a plain list stands in its place.
pub(crate) async fn note_unused_but(adopt: &Adopt, queue: &QueueName, broker: &dyn Backend) {
    if adopt.words().is_none() {
        note_unused(std::slice::from_ref(queue), broker).await;
    }
}

/// A queue for programs: its line, or why it has none.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Row<T> {
    Well(T),
    Ill { queue: String, error: String },
}

/// The queues for programs.
pub(crate) fn rows<'a, T, L>(
    each: &'a Each<T>,
    line: impl Fn(&'a QueueName, &'a T) -> L,
) -> Vec<Row<L>> {
    let row = |(queue, answer): &'a (QueueName, Result<T>)| match answer {
        Ok(found) => Row::Well(line(queue, found)),
        Err(error) => Row::Ill { queue: queue.to_string(), error: redact(&error.to_string()) },
    };
    each.iter().map(row).collect()
}

/// Those that could be served.
pub(crate) fn well<T>(each: &Each<T>) -> impl Iterator<Item = (&QueueName, &T)> {
    each.iter().filter_map(|(queue, answer)| Some((queue, answer.as_ref().ok()?)))
}

/// Says which ones could not, and why: a failure if there are any.
pub(crate) fn told<T>(each: &Each<T>) -> Outcome {
    let mut outcome = Ok(());
    for (queue, answer) in each {
        if let Err(error) = answer {
            note(format!("error: {queue}: {error}"));
            outcome = Err(Stop::Said);
        }
    }
    outcome
}
