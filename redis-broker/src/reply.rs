//! An answer of Redis, whatever client library read it.

use bytes::Bytes;

/// An answer of Redis (RESP2 shapes; what RESP3 adds is folded into these).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nothing.
    Nil,
    /// A number.
    Int(i64),
    /// A string of bytes, or a status line.
    Bytes(Bytes),
    /// Several answers.
    Array(Vec<Reply>),
    /// An error inside an array.
    Error(String),
}

impl Reply {
    /// The number, also when it came as text.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Bytes(text) => {
                let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
                Some(number as i64)
            }
            _ => None,
        }
    }

    /// The bytes; `None` for anything else.
    pub fn into_bytes(self) -> Option<Bytes> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The parts of an array; `None` for anything else.
    pub fn into_array(self) -> Option<Vec<Self>> {
        match self {
            Self::Array(parts) => Some(parts),
            _ => None,
        }
    }
}
