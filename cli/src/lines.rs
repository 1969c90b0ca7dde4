//! Lines become bodies: read in a thread of their own, a few batches ahead, in bounded memory.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use bytes::Bytes;
use tireless::Effect;
use tireless::limits::{BODY_BYTES, BYTES_PER_CALL, TASKS_PER_CALL};
use tokio::sync::mpsc;

use crate::args::Lines;
use crate::exit::{Outcome, Stop};

/// Bytes of bodies in a batch: room is left for what an envelope adds.
const BATCH_BYTES: usize = BYTES_PER_CALL - TASKS_PER_CALL * 64;

/// Batches that are read ahead.
const AHEAD: usize = 2;

/// Some lines in a row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    /// The number of the first of them; lines are counted from 1.
    pub(crate) first_line: u64,
    /// The lines, without their line ends.
    pub(crate) bodies: Vec<Bytes>,
}

/// Why lines cannot go on being pushed.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// A line is longer than a body may be.
    TooLong { line: u64 },
    /// The input cannot be read any more.
    Read { line: u64, error: io::Error },
    /// The broker did not take a batch.
    Refused(String),
    /// It took a batch, and did not confirm it.
    Unconfirmed(String),
}

impl Trouble {
    /// What to say about a batch that was not taken.
    pub(crate) fn refused(first: u64, last: u64, error: &tireless::Error) -> Self {
        let effect = match error.effect() {
            Effect::None => "were not pushed",
            Effect::Maybe => "may or may not have been pushed",
        };
        Self::Refused(format!("lines {first} to {last} {effect}: {error}"))
    }

    /// What to say about a batch that is stored and not confirmed.
    pub(crate) fn unconfirmed(first: u64, last: u64, why: &str) -> Self {
        let next = last + 1;
        Self::Unconfirmed(format!(
            "lines {first} to {last} are stored, but not confirmed: {why}; go on from line {next}, \
             since pushing these again makes other tasks"
        ))
    }

    /// Whether all of the batch is stored.
    pub(crate) fn is_unconfirmed(&self) -> bool {
        matches!(self, Self::Unconfirmed(_))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { line } => write!(
                f,
                "line {line} is over {BODY_BYTES} bytes, the most that a task may carry; shorten \
                 it and push from this line on"
            ),
            Self::Read { line, error } => write!(f, "line {line} cannot be read: {error}"),
            Self::Refused(text) | Self::Unconfirmed(text) => f.write_str(text),
        }
    }
}

/// Batches, then perhaps why there are no more.
pub(crate) type Batches = mpsc::Receiver<Result<Batch, Trouble>>;

/// Starts reading.
pub(crate) fn read_batches(lines: Lines) -> Outcome<Batches> {
    let input: Box<dyn Read + Send> = match lines {
        Lines::Stdin => Box::new(io::stdin()),
        Lines::File(path) => Box::new(File::open(&path).map_err(|error| {
            Stop::failed(format!("{} cannot be opened: {error}", path.display()))
        })?),
    };
    let (sender, receiver) = mpsc::channel(AHEAD);
    std::thread::spawn(move || {
        let mut reader = LineReader::new(BufReader::with_capacity(256 * 1024, input));
        // An error of the channel means that nobody waits for more.
        while let Some(batch) = reader.next_batch(TASKS_PER_CALL, BATCH_BYTES) {
            if sender.blocking_send(batch).is_err() {
                break;
            }
        }
    });
    Ok(receiver)
}

/// Cuts an input into batches of lines.
#[derive(Debug)]
pub(crate) struct LineReader<R> {
    input: R,
    next_line: u64,
    /// A line that did not fit into the batch before, and trouble that comes after a batch.
    left: Option<Result<Bytes, Trouble>>,
    ended: bool,
}

impl<R: BufRead> LineReader<R> {
    /// A reader at the first line.
    pub(crate) fn new(input: R) -> Self {
        Self { input, next_line: 1, left: None, ended: false }
    }

    /// The next lines: at most so many, with at most so many bytes (but one at least). What was
    /// read before trouble comes first.
    pub(crate) fn next_batch(
        &mut self,
        lines: usize,
        bytes: usize,
    ) -> Option<Result<Batch, Trouble>> {
        let first_line = self.next_line;
        let mut bodies = Vec::new();
        let mut size = 0;
        while bodies.len() < lines {
            match self.next_line() {
                None => break,
                Some(Ok(body)) if bodies.is_empty() || size + body.len() <= bytes => {
                    size += body.len();
                    self.next_line += 1;
                    bodies.push(body);
                }
                Some(Err(trouble)) if bodies.is_empty() => {
                    self.ended = true;
                    return Some(Err(trouble));
                }
                Some(left) => {
                    self.left = Some(left);
                    break;
                }
            }
        }
        (!bodies.is_empty()).then_some(Ok(Batch { first_line, bodies }))
    }

    fn next_line(&mut self) -> Option<Result<Bytes, Trouble>> {
        if self.left.is_some() {
            return self.left.take();
        }
        if self.ended {
            return None;
        }
        let mut body = Vec::new();
        // One byte for the line end, one to notice what is too long.
        let read = (&mut self.input).take(BODY_BYTES as u64 + 2).read_until(b'\n', &mut body);
        match read {
            Err(error) => Some(Err(Trouble::Read { line: self.next_line, error })),
            Ok(0) => {
                self.ended = true;
                None
            }
            Ok(_) => {
                if body.last() == Some(&b'\n') {
                    body.pop();
                }
                if body.len() > BODY_BYTES {
                    return Some(Err(Trouble::TooLong { line: self.next_line }));
                }
                Some(Ok(body.into()))
            }
        }
    }
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
