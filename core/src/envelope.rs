//! The envelope: the bytes in which a task travels. `docs/envelope.md` has it byte by byte.
//!
//! Type and headers can be read without the body, and what is absent costs nothing. A broker
//! never looks inside (B9); producers write it, workers read it.

use std::fmt;

use bytes::Bytes;

use crate::{Error, ErrorKind, Operation, Result, TaskOptions, TypeName};

/// How a body was made from a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Codec(pub u8);

impl Codec {
    /// Bytes as the producer gave them.
    pub const RAW: Self = Self(0);
    /// JSON text.
    pub const JSON: Self = Self(1);
    /// The first number that is free for a user's own codecs.
    pub const FIRST_OWN: Self = Self(128);
}

/// A task as it travels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Which handler it is for; `None` for a raw task.
    pub task_type: Option<TypeName>,
    /// How the body was made.
    pub codec: Codec,
    /// What the producer decided for this task alone.
    pub options: TaskOptions,
    /// Free headers: tracing context, key id, tenant, and the like.
    pub headers: Vec<(String, Bytes)>,
    /// The task's data, never looked into on the way.
    pub body: Bytes,
}

/// Why some bytes are no envelope that this program can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvelopeError {
    /// Written by a later version: to be handed back, not buried (B9).
    Newer(u8),
    /// No envelope at all, or a damaged one.
    Malformed(&'static str),
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer(version) => write!(
                f,
                "the envelope has version {version}; this program reads up to {}",
                Envelope::VERSION
            ),
            Self::Malformed(what) => write!(f, "not an envelope: {what}"),
        }
    }
}

impl std::error::Error for EnvelopeError {}

const HAS_OPTIONS: u8 = 1;
const HAS_HEADERS: u8 = 2;

impl Envelope {
    /// The version that this program writes, and the newest that it reads.
    pub const VERSION: u8 = 1;

    /// A raw task: bytes without a type.
    pub fn raw(body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// The bytes that travel.
    ///
    /// # Errors
    /// `TooLarge` when there are over 65,535 headers, or a header's name or value is over 255 or
    /// 65,535 bytes.
    pub fn encode(&self) -> Result<Bytes> {
        let name = self.task_type.as_ref().map_or("", TypeName::as_str);
        let mut out = Vec::with_capacity(4 + name.len() + self.body.len());
        let mut flags = 0;
        if !self.options.is_empty() {
            flags |= HAS_OPTIONS;
        }
        if !self.headers.is_empty() {
            flags |= HAS_HEADERS;
        }
        out.extend_from_slice(&[Self::VERSION, self.codec.0, flags, name.len() as u8]);
        out.extend_from_slice(name.as_bytes());
        if flags & HAS_OPTIONS != 0 {
            let mut options = Vec::new();
            self.options.encode(&mut options);
            out.push(options.len() as u8);
            out.extend_from_slice(&options);
        }
        if flags & HAS_HEADERS != 0 {
            self.encode_headers(&mut out)?;
        }
        out.extend_from_slice(&self.body);
        Ok(out.into())
    }

    fn encode_headers(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(&length::<u16>(self.headers.len(), "headers")?.to_be_bytes());
        for (name, value) in &self.headers {
            out.push(length::<u8>(name.len(), "bytes of a header's name")?);
            out.extend_from_slice(name.as_bytes());
            let size = length::<u16>(value.len(), "bytes of a header's value")?;
            out.extend_from_slice(&size.to_be_bytes());
            out.extend_from_slice(value);
        }
        Ok(())
    }

    /// Reads an envelope. The body and the header values share the given buffer.
    ///
    /// # Errors
    /// [`EnvelopeError::Newer`] or [`EnvelopeError::Malformed`]; never panics.
    pub fn decode(bytes: &Bytes) -> Result<Self, EnvelopeError> {
        let mut reader = Reader { bytes, at: 0 };
        let version = reader.byte()?;
        match version {
            0 => return Err(EnvelopeError::Malformed("it starts with version 0")),
            Self::VERSION => {}
            newer => return Err(EnvelopeError::Newer(newer)),
        }
        let codec = Codec(reader.byte()?);
        let flags = reader.byte()?;
        if flags & !(HAS_OPTIONS | HAS_HEADERS) != 0 {
            return Err(EnvelopeError::Malformed("it has flags that no version 1 has"));
        }
        let task_type = reader.task_type()?;
        let options = if flags & HAS_OPTIONS == 0 {
            TaskOptions::default()
        } else {
            let size = usize::from(reader.byte()?);
            TaskOptions::decode(reader.slice(size)?)
                .ok_or(EnvelopeError::Malformed("its options do not add up"))?
        };
        let headers = if flags & HAS_HEADERS == 0 { Vec::new() } else { reader.headers()? };
        Ok(Self { task_type, codec, options, headers, body: bytes.slice(reader.at..) })
    }
}

fn length<T: TryFrom<usize>>(size: usize, what: &str) -> Result<T> {
    T::try_from(size).map_err(|_| {
        let message = format!("{size} {what} are more than an envelope can hold");
        Error::new(ErrorKind::TooLarge, Operation::Envelope, message)
    })
}

struct Reader<'a> {
    bytes: &'a Bytes,
    at: usize,
}

impl Reader<'_> {
    fn slice(&mut self, size: usize) -> Result<&[u8], EnvelopeError> {
        let start = self.at;
        self.at += size;
        self.bytes.get(start..self.at).ok_or(EnvelopeError::Malformed("it ends too early"))
    }

    fn byte(&mut self) -> Result<u8, EnvelopeError> {
        Ok(self.slice(1)?[0])
    }

    fn short(&mut self) -> Result<usize, EnvelopeError> {
        let bytes = self.slice(2)?;
        Ok(usize::from(u16::from_be_bytes([bytes[0], bytes[1]])))
    }

    fn text(&mut self, size: usize) -> Result<&str, EnvelopeError> {
        std::str::from_utf8(self.slice(size)?)
            .map_err(|_| EnvelopeError::Malformed("a name in it is not UTF-8"))
    }

    fn task_type(&mut self) -> Result<Option<TypeName>, EnvelopeError> {
        let size = usize::from(self.byte()?);
        if size == 0 {
            return Ok(None);
        }
        TypeName::new(self.text(size)?)
            .map(Some)
            .map_err(|_| EnvelopeError::Malformed("its type is not a legal name"))
    }

    fn headers(&mut self) -> Result<Vec<(String, Bytes)>, EnvelopeError> {
        let count = self.short()?;
        let mut headers = Vec::new();
        for _ in 0..count {
            let size = usize::from(self.byte()?);
            let name = self.text(size)?.to_owned();
            let size = self.short()?;
            self.slice(size)?;
            headers.push((name, self.bytes.slice(self.at - size..self.at)));
        }
        Ok(headers)
    }
}

#[cfg(test)]
#[path = "envelope_tests.rs"]
mod tests;
