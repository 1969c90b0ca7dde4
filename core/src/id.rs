//! Identities: of a task, and of a worker or producer.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// A text that is no task or worker id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseIdError;

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id is 32 hexadecimal digits, with or without dashes")
    }
}

impl std::error::Error for ParseIdError {}

macro_rules! identity {
    ($name:ident, $doc:literal, $new:expr) => {
        #[doc = $doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Makes one that was never used before.
            #[allow(clippy::new_without_default, reason = "two defaults would differ")]
            pub fn new() -> Self {
                Self($new.into_bytes())
            }

            /// The identity with these bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// Its 16 bytes, as they are stored.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// Reads the 16 bytes that a store kept; `None` for any other length.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; 32];
                f.write_str(Uuid::from_bytes(self.0).simple().encode_lower(&mut text))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let uuid = Uuid::try_parse(text).map_err(|_| ParseIdError)?;
                Ok(Self(uuid.into_bytes()))
            }
        }
    };
}

identity!(
    TaskId,
    "A task's id: 16 time-ordered bytes, made before anything is sent and never used again (B3).",
    Uuid::now_v7()
);
identity!(
    WorkerId,
    "Who calls: a worker or a producer, with an identity that is new at every start.",
    Uuid::new_v4()
);

impl TaskId {
    /// When the id was made, in milliseconds since the Unix epoch, by its maker's clock.
    ///
    /// For people who read listings; nothing decides by it.
    pub fn made_at_millis(&self) -> u64 {
        let mut millis = [0; 8];
        millis[2..].copy_from_slice(&self.0[..6]);
        u64::from_be_bytes(millis)
    }
}
