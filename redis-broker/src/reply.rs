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
