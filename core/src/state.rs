//! The state of a task: where it is.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Operation, Result};

/// Where a task is: in exactly one of these (B1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// In the ready list, or waiting to be run alone.
    Ready,
    /// Held by a worker.
    Running,
    /// Waiting for its time.
    Scheduled,
    /// Waiting for its next attempt.
    Failed,
    /// Buried.
    Dead,
    /// Done, and kept on purpose.
    Done,
}

impl State {
    /// All states, in the order of a task's life.
    pub const ALL: [Self; 6] =
        [Self::Ready, Self::Running, Self::Scheduled, Self::Failed, Self::Dead, Self::Done];

    /// The word that commands and listings use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Scheduled => "scheduled",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Done => "done",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for State {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
            let message = format!(
                "{text:?} is no state; there are ready, running, scheduled, failed, dead and done"
            );
            Error::invalid(Operation::Inspect, message)
        })
    }
}
