//! Words for cases: a bench with one queue on it, and actors that work there.
//!
//! Everything has a readable default, and everything that a case does not expect panics, so that
//! a case says only what it is about.

mod actor;
mod bell;
mod bench;
mod dropped;

pub use actor::Actor;
pub use bell::Waiting;
pub use bench::Bench;
pub use dropped::{DropAt, at_every_poll};

use std::fmt;
use std::time::Duration;

use tireless_core::{
    BuryReason, ClaimedTask, Error, Failure, NewTask, Outcome, OwnId, Reentry, ReleaseReason,
    TaskId, When,
};

/// A lease, or a delay, that never ends during a case.
pub const LONG: Duration = Duration::from_secs(120);

/// A task that is ready at once.
pub fn task() -> NewTask {
    NewTask::new(&b"\x01\x00\x00\x00body"[..])
}

/// A task with these bytes.
pub fn task_of(bytes: impl AsRef<[u8]>) -> NewTask {
    NewTask::new(bytes.as_ref().to_vec())
}

/// A task that falls due after a while.
pub fn task_after(delay: Duration) -> NewTask {
    NewTask { when: When::After(delay), ..task() }
}

/// A task with an own id.
pub fn task_named(own_id: &str) -> NewTask {
    NewTask { own_id: Some(own(own_id)), ..task() }
}

/// As many tasks.
pub fn tasks(count: usize) -> Vec<NewTask> {
    (0..count).map(|_| task()).collect()
}

/// An own id.
pub fn own(id: &str) -> OwnId {
    OwnId::new(id).unwrap_or_else(|error| panic!("{error}"))
}

/// A failure.
pub fn failure() -> Failure {
    Failure::new("io", "it broke")
}

/// Fails, to be tried again at the back.
pub fn fail(retry_in: Duration) -> Outcome {
    Outcome::Fail { failure: failure(), retry_in, reentry: Reentry::Back }
}

/// Gives back at once, at this end.
pub fn release(reentry: Reentry) -> Outcome {
    Outcome::Release { after: Duration::ZERO, reason: ReleaseReason::Unfinished, reentry }
}

/// Gives back for later.
pub fn release_after(after: Duration) -> Outcome {
    Outcome::Release { after, reason: ReleaseReason::Unfinished, reentry: Reentry::Back }
}

/// Buries.
pub fn bury() -> Outcome {
    Outcome::Bury { reason: BuryReason::Asked, failure: failure() }
}

/// Wants to run later.
pub fn snooze(delay: Duration) -> Outcome {
    Outcome::Snooze { delay }
}

/// Done, and kept.
pub fn keep(time: Duration) -> Outcome {
    Outcome::Ack { keep: Some(time) }
}

/// The error of a call that must be refused.
#[track_caller]
pub fn refusal<T: fmt::Debug>(answer: Result<T, Error>) -> Error {
    match answer {
        Ok(answer) => panic!("not refused, but answered with {answer:?}"),
        Err(error) => error,
    }
}

/// The ids of claimed tasks, in order.
pub fn ids(tasks: &[ClaimedTask]) -> Vec<TaskId> {
    tasks.iter().map(|task| task.id).collect()
}

/// One of each outcome, none of which falls due during a case.
pub fn every_outcome() -> Vec<Outcome> {
    vec![
        Outcome::ACK,
        keep(LONG),
        fail(LONG),
        release(Reentry::Back),
        release(Reentry::Front),
        release_after(LONG),
        bury(),
        snooze(LONG),
    ]
}
