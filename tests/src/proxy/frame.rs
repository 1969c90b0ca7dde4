//! Frames of the Redis protocol (RESP2 and RESP3), found in bytes as they come.

use std::fmt;

use bytes::{Bytes, BytesMut};

/// Bytes that are no frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed(String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no frame of the Redis protocol: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

/// Takes bytes in pieces of any size and gives whole frames, each as the bytes that came.
///
/// Every byte of a string is passed over once, however often the frame was not whole yet.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: BytesMut,
    /// How far the frame that has begun is understood.
    at: usize,
    /// How many elements are still missing, in each frame around this place.
    missing: Vec<usize>,
}

impl Frames {
    /// Adds bytes that came.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame, if it is whole.
    ///
    /// # Errors
    /// `Malformed` for what no server and no client of today sends: an unknown type, a length that
    /// is no number, RESP3's streams.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, Malformed> {
        while let Some(element) = element(&self.bytes[self.at..])? {
            self.at += element.len;
            if element.within > 0 {
                self.missing.push(element.within);
            } else if self.ends_a_frame() {
                let frame = self.bytes.split_to(self.at).freeze();
                self.at = 0;
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }

    /// One element has ended; whether everything around it has too.
    fn ends_a_frame(&mut self) -> bool {
        while let Some(missing) = self.missing.last_mut() {
            *missing -= 1;
            if *missing > 0 {
                return false;
            }
            self.missing.pop();
        }
        true
    }
}

/// One element, or the head of one that has others within.
struct Element {
    len: usize,
    /// How many elements follow that belong to it.
    within: usize,
}

fn element(bytes: &[u8]) -> Result<Option<Element>, Malformed> {
    let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
    let (kind, rest) = (bytes[0], &bytes[1..end.max(1)]);
    let head = end + 2;
    let whole = |len| Ok(Some(Element { len, within: 0 }));
    let around = |within| Ok(Some(Element { len: head, within }));
    match kind {
        b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => whole(head),
        b'$' | b'!' | b'=' => match length(rest)? {
            None => whole(head),
            Some(size) if bytes.len() < head + size + 2 => Ok(None),
            Some(size) if bytes[head + size..].starts_with(b"\r\n") => whole(head + size + 2),
            Some(_) => Err(Malformed("a string is longer than it said".into())),
        },
        b'*' | b'~' | b'>' => around(length(rest)?.unwrap_or(0)),
        b'%' => around(2 * length(rest)?.unwrap_or(0)),
        // Attributes are no element of their own: the one that they describe follows.
        b'|' => around(2 * length(rest)?.unwrap_or(0) + 1),
        _ => Err(Malformed(format!("a frame begins with {:?}", char::from(kind)))),
    }
}

/// A length, or nothing for the null of RESP2.
fn length(text: &[u8]) -> Result<Option<usize>, Malformed> {
    if text == b"-1" {
        return Ok(None);
    }
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    match number {
        Some(number) => Ok(Some(number)),
        None => Err(Malformed(format!("{:?} is no length", String::from_utf8_lossy(text)))),
    }
}

/// Whether a frame of a server answers no command (a push of RESP3).
pub(super) fn is_push(frame: &[u8]) -> bool {
    frame.first() == Some(&b'>')
}

/// The first words of a command, at most `count`; `None` if the frame is no array of strings.
pub(super) fn words(frame: &[u8], count: usize) -> Option<Vec<&[u8]>> {
    let end = frame.windows(2).position(|pair| pair == b"\r\n")?;
    if frame[0] != b'*' {
        return None;
    }
    let within = length(&frame[1..end]).ok()??;
    let mut rest = &frame[end + 2..];
    let mut words = Vec::new();
    for _ in 0..within.min(count) {
        let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        if rest[0] != b'$' {
            return None;
        }
        let size = length(&rest[1..end]).ok()??;
        words.push(rest.get(end + 2..end + 2 + size)?);
        rest = rest.get(end + 4 + size..)?;
    }
    Some(words)
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
