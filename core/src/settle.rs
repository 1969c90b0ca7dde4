//! Settle: a worker says what became of tasks that it holds.

use std::time::Duration;

use crate::{Call, Failure, QueueName, TaskId, WorkerId};

/// At which end of the ready list a task comes back (B8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reentry {
    /// Behind all that wait.
    #[default]
    Back,
    /// Before all that wait.
    Front,
}

/// Why a task is given back without being charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReleaseReason {
    /// It was not started, was stopped by a shutdown, or its handler could not run it here.
    #[default]
    Unfinished,
    /// This process does not know its type, or its envelope is of a later version. Counted in
    /// the task's history, so that it can be buried in the end (B9).
    Unknown,
}

/// Why a task is buried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BuryReason {
    /// Its attempts are used up.
    Exhausted,
    /// Its handler asked for it.
    Asked,
    /// Its envelope or body cannot be decoded.
    Undecodable,
    /// No process knew its type for too long.
    Unknown,
    /// It crashed its process too often while alone (B11).
    Poison,
}

impl BuryReason {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exhausted => "exhausted",
            Self::Asked => "asked",
            Self::Undecodable => "undecodable",
            Self::Unknown => "unknown",
            Self::Poison => "poison",
        }
    }

    /// The failure as it is stored: its kind is the reason, or `reason/kind`.
    #[must_use]
    pub fn stamp(self, failure: &Failure) -> Failure {
        match failure.kind() {
            "" => Failure::new(self.as_str(), failure.text()),
            kind => Failure::new(format!("{}/{kind}", self.as_str()), failure.text()),
        }
    }
}

/// What became of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Done. It is gone, or kept as done for a while.
    Ack {
        /// For how long it stays listed as done; `None` leaves nothing behind (B12).
        keep: Option<Duration>,
    },
    /// Failed, and to be tried again: it waits in the failed set. Charges an attempt.
    Fail {
        /// What went wrong.
        failure: Failure,
        /// How long it waits.
        retry_in: Duration,
        /// Where it enters then.
        reentry: Reentry,
    },
    /// Given back unfinished. Charges nothing.
    Release {
        /// How long it waits in the scheduled set; zero makes it ready at once.
        after: Duration,
        /// Why.
        reason: ReleaseReason,
        /// Where it enters.
        reentry: Reentry,
    },
    /// Failed for good: it goes to the dead set. Charges an attempt.
    Bury {
        /// Why.
        reason: BuryReason,
        /// What went wrong.
        failure: Failure,
    },
    /// Wants to run later: it waits in the scheduled set. Charges nothing.
    Snooze {
        /// How long it waits.
        delay: Duration,
    },
}

impl Outcome {
    /// Done, leaving nothing behind.
    pub const ACK: Self = Self::Ack { keep: None };

    /// Given back at once, before all that wait.
    pub const RELEASE: Self = Self::Release {
        after: Duration::ZERO,
        reason: ReleaseReason::Unfinished,
        reentry: Reentry::Front,
    };

    /// The verb, as commands, spans and counters have it.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Ack { .. } => "ack",
            Self::Fail { .. } => "fail",
            Self::Release { .. } => "release",
            Self::Bury { .. } => "bury",
            Self::Snooze { .. } => "snooze",
        }
    }
}

/// One outcome, with the run it belongs to (B5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The number of the claim that holds the task.
    pub claim: u64,
    /// The task.
    pub id: TaskId,
    /// What became of it.
    pub outcome: Outcome,
}

/// A mixed batch of outcomes for one queue: at most
/// [`TASKS_PER_CALL`](crate::limits::TASKS_PER_CALL), applied in order in one atomic step (B2).
///
/// Sending the same `Settle` again gives the first answer for at least one lease (B5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settle {
    /// The queue.
    pub queue: QueueName,
    /// Who holds the tasks.
    pub worker: WorkerId,
    /// The number of this call, in a sequence of its own: not the one of claims.
    pub call: Call,
    /// What became of them.
    pub outcomes: Vec<Settlement>,
}

/// What became of one [`Settlement`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settled {
    /// It is written.
    Applied,
    /// Refused: the worker does not hold the task under this claim any more (B5).
    LeaseLost,
}

/// The answer to a [`Settle`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettleAnswer {
    /// One answer an outcome, in the order of the request.
    pub settled: Vec<Settled>,
    /// Dead or kept tasks that were dropped because their set was full (B12).
    pub dropped: u64,
}
