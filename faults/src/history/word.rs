//! The words of a history.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Error, Result, bail};
use tireless::{TaskId, WorkerId};

use crate::crash_point::Point;

/// One thing that a process did. Tasks are named by the number that begins their bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// A producer is about to push a task, to be ready after a delay.
    Push {
        /// The task.
        id: u64,
        /// The delay in milliseconds.
        after_ms: u64,
    },
    /// The push was accepted.
    Ok {
        /// The task.
        id: u64,
    },
    /// The push was refused and certainly had no effect.
    Failed {
        /// The task.
        id: u64,
    },
    /// The push was given up without an answer: it may have had an effect.
    Unknown {
        /// The task.
        id: u64,
    },
    /// A worker has started under this identity.
    Worker {
        /// The identity.
        worker: WorkerId,
    },
    /// What the process takes the time of day to be.
    Clock {
        /// Milliseconds since the Unix epoch.
        wall_ms: u64,
    },
    /// A run begins.
    Start {
        /// The task.
        id: u64,
        /// The attempt, as its handler is told.
        attempt: u32,
        /// The task's id in the store.
        task: TaskId,
    },
    /// A run's cancellation has fired.
    Cancelled {
        /// The task.
        id: u64,
    },
    /// A run has ended well; its outcome is still to be written.
    Done {
        /// The task.
        id: u64,
    },
    /// A run asks to be repeated after a delay.
    Again {
        /// The task.
        id: u64,
        /// The delay in milliseconds.
        after_ms: u64,
    },
    /// The store has said that it keeps an outcome.
    Stored {
        /// The task's id in the store.
        task: TaskId,
    },
    /// The store refused an outcome: the task had been taken over.
    Lost {
        /// The task's id in the store.
        task: TaskId,
    },
    /// The worker's scheduler took tasks back from workers that it held to be dead.
    Reclaimed {
        /// How many.
        tasks: u64,
        /// How many of them were buried.
        poisoned: u64,
    },
    /// The process kills itself, as it was told to: at once, or with the call that it now sends.
    Crash {
        /// Where.
        point: Point,
    },
    /// The process ended in good order, all its outcomes written.
    End {
        /// Outcomes of done runs that were written.
        done: u64,
        /// Outcomes that were refused.
        lost: u64,
    },
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Push { id, after_ms: 0 } => write!(f, "push {id}"),
            Self::Push { id, after_ms } => write!(f, "push {id} {after_ms}"),
            Self::Ok { id } => write!(f, "ok {id}"),
            Self::Failed { id } => write!(f, "failed {id}"),
            Self::Unknown { id } => write!(f, "unknown {id}"),
            Self::Worker { worker } => write!(f, "worker {worker}"),
            Self::Clock { wall_ms } => write!(f, "clock {wall_ms}"),
            Self::Start { id, attempt, task } => write!(f, "start {id} {attempt} {task}"),
            Self::Cancelled { id } => write!(f, "cancelled {id}"),
            Self::Done { id } => write!(f, "done {id}"),
            Self::Again { id, after_ms } => write!(f, "again {id} {after_ms}"),
            Self::Stored { task } => write!(f, "stored {task}"),
            Self::Lost { task } => write!(f, "lost {task}"),
            Self::Reclaimed { tasks, poisoned } => write!(f, "reclaimed {tasks} {poisoned}"),
            Self::Crash { point } => write!(f, "crash {point}"),
            Self::End { done, lost } => write!(f, "end {done} {lost}"),
        }
    }
}

impl FromStr for Word {
    type Err = Error;

    fn from_str(line: &str) -> Result<Self> {
        let mut words = line.split(' ');
        let verb = words.next().unwrap_or_default();
        let mut text = || words.next().with_context(|| format!("a word is missing: {line}"));
        let mut number = || -> Result<u64> { Ok(text()?.parse()?) };
        Ok(match verb {
            "push" => Self::Push { id: number()?, after_ms: number().unwrap_or(0) },
            "ok" => Self::Ok { id: number()? },
            "failed" => Self::Failed { id: number()? },
            "unknown" => Self::Unknown { id: number()? },
            "worker" => Self::Worker { worker: text()?.parse()? },
            "clock" => Self::Clock { wall_ms: number()? },
            "start" => {
                let (id, attempt) = (number()?, u32::try_from(number()?)?);
                Self::Start { id, attempt, task: text()?.parse()? }
            }
            "cancelled" => Self::Cancelled { id: number()? },
            "done" => Self::Done { id: number()? },
            "again" => Self::Again { id: number()?, after_ms: number()? },
            "stored" => Self::Stored { task: text()?.parse()? },
            "lost" => Self::Lost { task: text()?.parse()? },
            "reclaimed" => Self::Reclaimed { tasks: number()?, poisoned: number()? },
            "crash" => Self::Crash { point: text()?.parse()? },
            "end" => Self::End { done: number()?, lost: number()? },
            _ => bail!("no event: {line}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_as_it_was_written() {
        let (task, worker) = (TaskId::new(), WorkerId::new());
        let words = [
            Word::Push { id: 1, after_ms: 0 },
            Word::Push { id: 1, after_ms: 20 },
            Word::Ok { id: 1 },
            Word::Failed { id: 1 },
            Word::Unknown { id: 1 },
            Word::Worker { worker },
            Word::Clock { wall_ms: 1_795_000_000_000 },
            Word::Start { id: 1, attempt: 2, task },
            Word::Cancelled { id: 1 },
            Word::Done { id: 1 },
            Word::Again { id: 1, after_ms: 500 },
            Word::Stored { task },
            Word::Lost { task },
            Word::Reclaimed { tasks: 3, poisoned: 0 },
            Word::Crash { point: "claim.sent".parse().unwrap() },
            Word::End { done: 4, lost: 5 },
        ];
        for word in words {
            assert_eq!(word.to_string().parse::<Word>().unwrap(), word);
        }
        assert!("start 1".parse::<Word>().is_err());
        assert!("begin 1".parse::<Word>().is_err());
    }
}
