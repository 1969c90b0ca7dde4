//! Tasks as they are shown: nothing in a body can hurt a terminal or stop a listing.

use bytes::Bytes;
use serde::Serialize;
use tireless::{Codec, Envelope, EnvelopeError, TaskSummary};

/// A task in a listing, for programs.
#[derive(Debug, Serialize)]
pub(crate) struct TaskLine {
    id: String,
    own_id: Option<String>,
    task_type: Option<String>,
    codec: Option<String>,
    at_ms: Option<u64>,
    made_at_ms: u64,
    attempts: u32,
    crashes: u32,
    lone_crashes: u32,
    returns: u32,
    #[serde(flatten)]
    body: Body,
}

/// A body for programs: text where it is text, else its bytes in hexadecimal.
#[derive(Debug, Serialize)]
struct Body {
    body_bytes: usize,
    body: Option<String>,
    body_hex: Option<String>,
    problem: Option<String>,
}

/// The parts of stored bytes, and what is wrong with them if they are no envelope.
pub(crate) struct Opened {
    /// The envelope; its body is all the bytes if they could not be read as one.
    pub(crate) envelope: Envelope,
    /// Why the bytes are no envelope.
    pub(crate) problem: Option<String>,
}

/// Opens stored bytes; never fails (B9).
pub(crate) fn open(bytes: &Bytes) -> Opened {
    if bytes.is_empty() {
        let problem = Some("its bytes are missing".to_owned());
        return Opened { envelope: Envelope::default(), problem };
    }
    match Envelope::decode(bytes) {
        Ok(envelope) => Opened { envelope, problem: None },
        Err(error @ (EnvelopeError::Newer(_) | EnvelopeError::Malformed(_))) => {
            Opened { envelope: Envelope::raw(bytes.clone()), problem: Some(error.to_string()) }
        }
    }
}

/// The name of a codec.
pub(crate) fn codec(codec: Codec) -> String {
    match codec {
        Codec::RAW => "raw".to_owned(),
        Codec::JSON => "json".to_owned(),
        Codec(number) => number.to_string(),
    }
}

impl From<&TaskSummary> for TaskLine {
    fn from(task: &TaskSummary) -> Self {
        let Opened { envelope, problem } = open(&task.envelope);
        let history = &task.history;
        let text = std::str::from_utf8(&envelope.body).ok();
        Self {
            id: task.id.to_string(),
            own_id: history.own_id.as_ref().map(ToString::to_string),
            task_type: envelope.task_type.as_ref().map(ToString::to_string),
            codec: problem.is_none().then(|| codec(envelope.codec)),
            at_ms: task.at.map(tireless::StoreTime::millis),
            made_at_ms: task.id.made_at_millis(),
            attempts: history.attempts,
            crashes: history.crashes,
            lone_crashes: history.lone_crashes,
            returns: history.returns,
            body: Body {
                body_bytes: envelope.body.len(),
                body: text.map(str::to_owned),
                body_hex: if text.is_none() { Some(hex(&envelope.body)) } else { None },
                problem,
            },
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One line that tells bodies apart: text without control characters, or the first bytes.
pub(crate) fn preview(body: &[u8], width: usize) -> String {
    let (shown, whole) = match std::str::from_utf8(body) {
        Ok(text) => {
            let shown: String = text.chars().take(width).map(tame).collect();
            (shown, text.chars().nth(width).is_none())
        }
        Err(_) => {
            // Marked, since digits may be a text as well.
            let shown = format!("0x{}", hex(&body[..body.len().min(width / 2)]));
            (shown, body.len() <= width / 2)
        }
    };
    if whole { shown } else { format!("{shown}...") }
}

fn tame(c: char) -> char {
    if c.is_control() { '\u{b7}' } else { c }
}

/// A body in full: text with its control characters made visible, else a hex dump.
pub(crate) fn full(body: &[u8]) -> String {
    match std::str::from_utf8(body) {
        Ok(text) => plain(text),
        Err(_) => dump(body),
    }
}

/// The text with all control characters but line ends and tabs made visible.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let harmless = !c.is_control() || c == '\n' || c == '\t';
            let escaped = (!harmless).then(|| c.escape_default());
            harmless.then_some(c).into_iter().chain(escaped.into_iter().flatten())
        })
        .collect()
}

/// Sixteen bytes a line: offset, hexadecimal, what is printable.
fn dump(bytes: &[u8]) -> String {
    let line = |(index, bytes): (usize, &[u8])| {
        let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String = bytes
            .iter()
            .map(
                |byte| {
                    if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' }
                },
            )
            .collect();
        format!("{:08x}  {:<47}  |{text}|", index * 16, hex.join(" "))
    };
    bytes.chunks(16).enumerate().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
