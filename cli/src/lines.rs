//! Lines become bodies: read in a thread of their own, a few batches ahead, in bounded memory.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tireless::Effect;
use tireless::limits::{BODY_BYTES, BYTES_PER_CALL, TASKS_PER_CALL};
use tokio::sync::mpsc;

use crate::args::Lines;
use crate::exit::{Outcome, Stop};

/// Bytes of bodies in a batch: room is left for what an envelope adds.
const BATCH_BYTES: usize = BYTES_PER_CALL - TASKS_PER_CALL * 64;

/// Batches that are read ahead.
const AHEAD: usize = 2;

/// How long a line waits for others that it may share a batch with.
const HELD: Duration = Duration::from_millis(100);

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
    /// The user stopped it before this line was sent.
    Stopped { line: u64 },
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

    /// What to say about a batch that the user stopped before it was answered.
    pub(crate) fn unanswered(first: u64, last: u64) -> Self {
        Self::Refused(format!(
            "stopped by a signal; lines {first} to {last} may or may not have been pushed"
        ))
    }

    /// What to say about a batch that is stored and not confirmed.
    pub(crate) fn unconfirmed(first: u64, last: u64, why: &str) -> Self {
        let next = last + 1;
        Self::Unconfirmed(format!(
            "lines {first} to {last} are stored, but not confirmed: {why}; go on from line {next}, \
             since pushing these again makes other tasks"
        ))
    }

    /// What whoever meant to do this with the lines can do about it.
    pub(crate) fn advice(&self, verb: &str) -> String {
        match self {
            Self::TooLong { .. } => format!("; shorten it and {verb} from this line on"),
            _ => String::new(),
        }
    }

    /// Whether all of the batch is stored.
    pub(crate) fn is_unconfirmed(&self) -> bool {
        matches!(self, Self::Unconfirmed(_))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { line } => {
                write!(f, "line {line} is over {BODY_BYTES} bytes, the most that a task may carry")
            }
            Self::Read { line, error } => write!(f, "line {line} cannot be read: {error}"),
            Self::Stopped { line } => write!(f, "stopped by a signal; go on from line {line}"),
            Self::Refused(text) | Self::Unconfirmed(text) => f.write_str(text),
        }
    }
}

/// Batches, then perhaps why there are no more.
pub(crate) type Batches = mpsc::Receiver<Result<Batch, Trouble>>;

/// Starts reading.
pub(crate) fn read_batches(lines: Lines) -> Outcome<Batches> {
    let input = match lines {
        // Without the buffer of the standard library: what lies in one cannot be polled for.
        Lines::Stdin => File::from(io::stdin().as_fd().try_clone_to_owned()?),
        Lines::File(path) => File::open(&path).map_err(|error| {
            Stop::failed(format!("{} cannot be opened: {error}", path.display()))
        })?,
    };
    let (sender, receiver) = mpsc::channel(AHEAD);
    std::thread::spawn(move || {
        let mut reader = LineReader::new(input);
        // An error of the channel means that nobody waits for more.
        while let Some(batch) = reader.next_batch(TASKS_PER_CALL, BATCH_BYTES) {
            if sender.blocking_send(batch).is_err() {
                break;
            }
        }
    });
    Ok(receiver)
}

/// An input that tells when it would keep its reader waiting.
pub(crate) trait Input: Read {
    /// Whether a read would be answered within this time, be it with an end or an error.
    fn comes_within(&mut self, time: Duration) -> bool;
}

impl Input for File {
    fn comes_within(&mut self, time: Duration) -> bool {
        let time = Timespec { tv_sec: 0, tv_nsec: time.subsec_nanos().into() };
        let mut input = [PollFd::new(&*self, PollFlags::IN)];
        // What cannot be polled is read: then its lines come late, but they come.
        poll(&mut input, Some(&time)).map_or(true, |ready| ready > 0)
    }
}

/// Cuts an input into batches of lines.
#[derive(Debug)]
pub(crate) struct LineReader<R> {
    input: BufReader<R>,
    next_line: u64,
    /// The beginning of the next line.
    begun: Vec<u8>,
    /// A line that did not fit into the batch before, and trouble that comes after a batch.
    left: Option<Result<Bytes, Trouble>>,
    ended: bool,
}

impl<R: Input> LineReader<R> {
    /// A reader at the first line.
    pub(crate) fn new(input: R) -> Self {
        let input = BufReader::with_capacity(256 * 1024, input);
        Self { input, next_line: 1, begun: Vec::new(), left: None, ended: false }
    }

    /// The next lines: at most so many, with at most so many bytes (but one at least), and those
    /// alone that come soon after the first. What was read before trouble comes first.
    pub(crate) fn next_batch(
        &mut self,
        lines: usize,
        bytes: usize,
    ) -> Option<Result<Batch, Trouble>> {
        let first_line = self.next_line;
        let mut bodies = Vec::new();
        let mut size = 0;
        let mut until = None;
        while bodies.len() < lines {
            match self.next_line(until) {
                None => break,
                Some(Ok(body)) if bodies.is_empty() || size + body.len() <= bytes => {
                    size += body.len();
                    self.next_line += 1;
                    bodies.push(body);
                    until.get_or_insert_with(|| Instant::now() + HELD);
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

    /// The next line; `None` at the end, and when there is none at that time.
    fn next_line(&mut self, until: Option<Instant>) -> Option<Result<Bytes, Trouble>> {
        if self.left.is_some() {
            return self.left.take();
        }
        while !self.ended {
            if self.input.buffer().is_empty() && until.is_some_and(|until| !self.comes_by(until)) {
                return None;
            }
            match self.read_on() {
                Ok(false) => {}
                Ok(true) => return Some(Ok(std::mem::take(&mut self.begun).into())),
                Err(trouble) => return Some(Err(trouble)),
            }
        }
        None
    }

    fn comes_by(&mut self, moment: Instant) -> bool {
        let time = moment.saturating_duration_since(Instant::now());
        self.input.get_mut().comes_within(time)
    }

    /// Reads once, up to the end of the line; says whether the line is whole.
    fn read_on(&mut self) -> Result<bool, Trouble> {
        let line = self.next_line;
        let read = match self.input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(false),
            Err(error) => return Err(Trouble::Read { line, error }),
            Ok(read) => read,
        };
        if read.is_empty() {
            self.ended = true;
            return Ok(!self.begun.is_empty());
        }
        let end = read.iter().position(|byte| *byte == b'\n');
        let more = &read[..end.unwrap_or(read.len())];
        if self.begun.len() + more.len() > BODY_BYTES {
            return Err(Trouble::TooLong { line });
        }
        self.begun.extend_from_slice(more);
        let taken = more.len() + usize::from(end.is_some());
        self.input.consume(taken);
        Ok(end.is_some())
    }
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
