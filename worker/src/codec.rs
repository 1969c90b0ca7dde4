//! How values become bodies and come back.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tireless_core::Codec;

/// What kept a value from becoming a body, or a body from becoming a value.
pub type CodecError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Makes bodies from values and values from bodies.
///
/// A task names its codec with `#[task(codec = MessagePack)]`; JSON is the default. The codec's
/// number travels with the task, so that a handler never reads a body in the wrong way; a handler
/// also reads JSON whatever its codec is, so that a queue can change from JSON to another one.
///
/// ```
/// use bytes::Bytes;
/// use serde::{Serialize, de::DeserializeOwned};
/// use tireless_core::Codec;
/// use tireless_worker::{BodyCodec, CodecError};
///
/// /// JSON for people: with line breaks.
/// struct Pretty;
///
/// impl BodyCodec for Pretty {
///     const CODEC: Codec = Codec(Codec::FIRST_OWN.0 + 1);
///
///     fn encode<T: Serialize>(value: &T) -> Result<Bytes, CodecError> {
///         Ok(serde_json::to_vec_pretty(value)?.into())
///     }
///
///     fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, CodecError> {
///         Ok(serde_json::from_slice(body)?)
///     }
/// }
/// # assert_eq!(Pretty::decode::<u8>(&Pretty::encode(&7u8).unwrap()).unwrap(), 7);
/// ```
pub trait BodyCodec: 'static {
    /// The number that travels; from [`Codec::FIRST_OWN`] on they are free for your own.
    const CODEC: Codec;

    /// The body of a value.
    ///
    /// # Errors
    /// Whatever kept the value from being written; the push then fails before anything is sent.
    fn encode<T: Serialize>(value: &T) -> Result<Bytes, CodecError>;

    /// The value of a body.
    ///
    /// # Errors
    /// Whatever is wrong with the body; the task is then buried with this text (B9).
    fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, CodecError>;
}

/// JSON text: the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl BodyCodec for Json {
    const CODEC: Codec = Codec::JSON;

    fn encode<T: Serialize>(value: &T) -> Result<Bytes, CodecError> {
        Ok(serde_json::to_vec(value)?.into())
    }

    fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, CodecError> {
        Ok(serde_json::from_slice(body)?)
    }
}
