//! Names that are checked once and trusted afterwards.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::{Error, Operation, Result};

const LONGEST_NAME: usize = 128;

fn check(what: &str, name: &str) -> Result<()> {
    // Each envelope that is read comes here: a name that is in order is seen by its bytes.
    if is_legal(name.as_bytes()) {
        return Ok(());
    }
    let problem = if name.is_empty() {
        "is empty".to_owned()
    } else if name.len() > LONGEST_NAME {
        format!("is {} bytes long; {LONGEST_NAME} is the most", name.len())
    } else {
        let is_allowed = |c: char| u8::try_from(c).is_ok_and(is_allowed);
        let bad = name.chars().find(|c| !is_allowed(*c)).unwrap_or_default();
        format!("contains {bad:?}; allowed are A-Z a-z 0-9 . _ : -")
    };
    let shown: String = name.chars().take(40).collect();
    Err(Error::invalid(Operation::Name, format!("the {what} {shown:?} {problem}")))
}

const fn is_legal(mut name: &[u8]) -> bool {
    if name.is_empty() || name.len() > LONGEST_NAME {
        return false;
    }
    while let [first, rest @ ..] = name {
        if !is_allowed(*first) {
            return false;
        }
        name = rest;
    }
    true
}

const fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-')
}

macro_rules! name {
    ($type:ident, $what:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(Arc<str>);

        impl $type {
            /// Checks a name: 1 to 128 of `[A-Za-z0-9._:-]` (B13).
            ///
            /// # Errors
            /// `InvalidInput` that says what is wrong with it.
            pub fn new(name: impl AsRef<str>) -> Result<Self> {
                check($what, name.as_ref())?;
                Ok(Self(name.as_ref().into()))
            }

            /// Whether a text is such a name: for constants, when the program is compiled.
            pub const fn is_legal(name: &str) -> bool {
                is_legal(name.as_bytes())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $type {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $type {
            type Error = Error;

            fn try_from(text: &str) -> Result<Self> {
                Self::new(text)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(QueueName, "queue name", "The name of a queue: 1 to 128 of `[A-Za-z0-9._:-]` (B13).");
name!(Namespace, "namespace", "What keeps the queues of several systems on one server apart.");
name!(TypeName, "task type", "The name under which a type of task travels.");

impl Default for Namespace {
    fn default() -> Self {
        Self("default".into())
    }
}

/// A user's own id for a task: it points to the task while the task lives (B3).
///
/// Any 1 to 256 bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnId(Arc<[u8]>);

impl OwnId {
    /// Most bytes of an own id.
    pub const LONGEST: usize = 256;

    /// Checks an own id.
    ///
    /// # Errors
    /// `InvalidInput` when it is empty or longer than [`OwnId::LONGEST`].
    pub fn new(id: impl AsRef<[u8]>) -> Result<Self> {
        let id = id.as_ref();
        if id.is_empty() || id.len() > Self::LONGEST {
            let message = format!("an own id has 1 to {} bytes, not {}", Self::LONGEST, id.len());
            return Err(Error::invalid(Operation::Name, message));
        }
        Ok(Self(id.into()))
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for OwnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for OwnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnId").field(&String::from_utf8_lossy(&self.0)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_legal_where_it_can_be_made() {
        let (longest, too_long) = ("x".repeat(128), "x".repeat(129));
        for name in ["mail.v2:eu-1_x", &longest, "", &too_long, "two words", "ma\u{ef}l", "a\0"] {
            assert_eq!(QueueName::is_legal(name), QueueName::new(name).is_ok(), "{name:?}");
        }
        const { assert!(QueueName::is_legal("mail") && !TypeName::is_legal("two words")) };
    }

    #[test]
    fn an_own_id_is_shown_as_the_text_it_mostly_is() {
        let shown = |id: &[u8]| format!("{:?}", OwnId::new(id).unwrap());
        assert_eq!(shown(b"invoice/42"), r#"OwnId("invoice/42")"#);
        assert_eq!(shown(b"a\"\n\xff"), "OwnId(\"a\\\"\\n\u{fffd}\")");
    }
}
