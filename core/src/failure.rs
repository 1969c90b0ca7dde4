//! What went wrong with a run, as it is kept with the task.

use std::fmt;

use crate::StoreTime;
use crate::limits::{EARLIER_FAILURE_BYTES, FAILURES_KEPT, LAST_FAILURE_BYTES};

/// Why a run failed or a task was buried: a type and a text, both cut at a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    kind: String,
    text: String,
}

impl Failure {
    /// What is said of a task that is buried as poison (B11), before how often it crashed alone.
    #[doc(hidden)]
    pub const OF_LONE_CRASHES: &str =
        "its worker died without a word while it ran alone; so often: ";

    /// A failure; the type is cut at 128 bytes, the text at [`LAST_FAILURE_BYTES`].
    pub fn new(kind: impl AsRef<str>, text: impl AsRef<str>) -> Self {
        Self {
            kind: cut(kind.as_ref(), 128).to_owned(),
            text: cut(text.as_ref(), LAST_FAILURE_BYTES).to_owned(),
        }
    }

    /// The type of what went wrong: an error's type, `panic`, `timeout`, and so on.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// What it said.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// As it is stored: the type's length in one byte, the type, the text.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1 + self.kind.len() + self.text.len());
        out.push(self.kind.len() as u8);
        out.extend_from_slice(self.kind.as_bytes());
        out.extend_from_slice(self.text.as_bytes());
        out
    }

    /// Reads what was stored. Damaged bytes become a readable text; nothing is refused (B9).
    pub fn decode(bytes: &[u8]) -> Self {
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let split =
            bytes.split_first().and_then(|(size, rest)| rest.split_at_checked(usize::from(*size)));
        match split {
            // What stands for damaged bytes is longer than they were: it is cut as anything is.
            Some((kind, text)) => Self::new(lossy(kind), lossy(text)),
            None => Self::new("", lossy(bytes)),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind.is_empty() {
            f.write_str(&self.text)
        } else {
            write!(f, "{}: {}", self.kind, self.text)
        }
    }
}

fn cut(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// One failure of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureEntry {
    /// When it happened.
    pub at: StoreTime,
    /// Which attempt it was.
    pub attempt: u32,
    /// What went wrong.
    pub failure: Failure,
}

/// The failures kept with a task, the newest first.
///
/// Stored as entries of `length (4 bytes) | at (8) | attempt (4) | failure`, all big-endian, where
/// the length counts what follows it. At most [`FAILURES_KEPT`]; all but the newest are cut at
/// [`EARLIER_FAILURE_BYTES`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailureHistory(pub Vec<FailureEntry>);

impl FailureHistory {
    /// Adds the newest failure, cuts the one before it and drops the oldest.
    pub fn add(&mut self, entry: FailureEntry) {
        if let Some(earlier) = self.0.first_mut() {
            let room = EARLIER_FAILURE_BYTES.saturating_sub(1 + earlier.failure.kind.len());
            let cut = cut(&earlier.failure.text, room).len();
            earlier.failure.text.truncate(cut);
        }
        self.0.insert(0, entry);
        self.0.truncate(FAILURES_KEPT);
    }

    /// Reads what is stored; stops at the first damaged entry.
    pub fn decode(mut bytes: &[u8]) -> Self {
        let mut entries = Vec::new();
        while let Some((entry, rest)) = split_entry(bytes) {
            bytes = rest;
            entries.push(entry);
        }
        Self(entries)
    }
}

fn split_entry(bytes: &[u8]) -> Option<(FailureEntry, &[u8])> {
    let (size, rest) = bytes.split_first_chunk::<4>()?;
    let (entry, rest) = rest.split_at_checked(u32::from_be_bytes(*size) as usize)?;
    let (at, entry) = entry.split_first_chunk::<8>()?;
    let (attempt, failure) = entry.split_first_chunk::<4>()?;
    let entry = FailureEntry {
        at: StoreTime::from_millis(u64::from_be_bytes(*at)),
        attempt: u32::from_be_bytes(*attempt),
        failure: Failure::decode(failure),
    };
    Some((entry, rest))
}
