//! The one error type: what went wrong, in which operation, whether it may have taken effect,
//! and whether trying again can help.

use std::fmt;
use std::sync::Arc;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong. Match on this, never on texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller's input is wrong; nothing was sent.
    InvalidInput,
    /// A body or a batch is over its limit; nothing was sent.
    TooLarge,
    /// A key that the operation needs holds a value of another type; nothing was changed (B2).
    WrongType,
    /// The store is at its memory limit and refused to grow; nothing was changed.
    OutOfMemory,
    /// The tasks are stored, but not as surely as the push asked for
    /// ([`Durability`](crate::Durability)). Sending the same push again waits anew.
    NotDurable,
    /// The task was taken over by someone else (B5). Only the store says this.
    LeaseLost,
    /// A copy of a call that was answered, or given up, earlier; nothing was changed (B3).
    Stale,
    /// The store cannot be reached, or is not ready (loading, failing over).
    Unavailable,
    /// No answer in time.
    Timeout,
    /// The store refused the user, the password, or the command for this user.
    Denied,
    /// The server, the queue's layout or the envelope is of a version this program cannot serve.
    Unsupported,
    /// What was asked about does not exist.
    NotFound,
    /// The state of things forbids it: removing a running task, draining a paused queue.
    Conflict,
    /// The store answered what it never should: damage by other programs, or a bug of ours.
    Corrupt,
    /// A handler, or another part of the user's program, failed.
    Failed,
}

impl ErrorKind {
    /// Whether the same call can succeed later without anything else being changed.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Unavailable | Self::Timeout | Self::OutOfMemory | Self::NotDurable)
    }
}

/// Whether a call that failed may have taken effect (B3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It certainly did nothing.
    None,
    /// It may or may not have been carried out. Repeating the same call is safe.
    Maybe,
}

/// What was being done: the same verbs everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the verb of the operation it names")]
pub enum Operation {
    Connect,
    Name,
    Envelope,
    Push,
    Claim,
    Settle,
    Renew,
    Wait,
    Tick,
    Inspect,
    Requeue,
    Remove,
    Purge,
    Pause,
    Resume,
    Discard,
    Reconcile,
    Run,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self {
            Self::Connect => "connect",
            Self::Name => "name",
            Self::Envelope => "envelope",
            Self::Push => "push",
            Self::Claim => "claim",
            Self::Settle => "settle",
            Self::Renew => "renew",
            Self::Wait => "wait",
            Self::Tick => "tick",
            Self::Inspect => "inspect",
            Self::Requeue => "requeue",
            Self::Remove => "remove",
            Self::Purge => "purge",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Discard => "discard",
            Self::Reconcile => "reconcile",
            Self::Run => "run",
        };
        f.write_str(verb)
    }
}

type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// What went wrong. `Display` is written for people and says what to do next where that is known.
///
/// A clone is for another who waited for the same call; the source is shared.
#[derive(Clone)]
pub struct Error(Box<Parts>);

#[derive(Clone)]
struct Parts {
    kind: ErrorKind,
    operation: Operation,
    effect: Effect,
    message: String,
    source: Option<Arc<dyn std::error::Error + Send + Sync + 'static>>,
}

impl Error {
    /// An error that certainly had no effect.
    pub fn new(kind: ErrorKind, operation: Operation, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Parts { kind, operation, effect: Effect::None, message, source: None }))
    }

    /// An `InvalidInput` error.
    pub fn invalid(operation: Operation, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, operation, message)
    }

    /// The same error, saying whether the call may have taken effect.
    #[must_use]
    pub fn with_effect(mut self, effect: Effect) -> Self {
        self.0.effect = effect;
        self
    }

    /// The same error with what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// The same error as seen by another operation.
    #[must_use]
    pub fn during(mut self, operation: Operation) -> Self {
        self.0.operation = operation;
        self
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was being done.
    pub fn operation(&self) -> Operation {
        self.0.operation
    }

    /// Whether the call may have taken effect.
    pub fn effect(&self) -> Effect {
        self.0.effect
    }

    /// Whether the same call can succeed later without anything else being changed.
    pub fn is_retryable(&self) -> bool {
        self.0.kind.is_retryable()
    }

    /// The text without the operation in front.
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.operation, self.0.message)
    }
}

/// What a `main` that returns an error prints: for people first, then what a program would ask.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} [{:?}, effect: {:?}]", self.0.kind, self.0.effect)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn a_clone_tells_all_that_the_first_does() {
        let cause = std::io::Error::other("cut");
        let error = Error::new(ErrorKind::Timeout, Operation::Push, "no answer")
            .with_effect(Effect::Maybe)
            .with_source(cause);
        let clone = error.clone();
        assert_eq!(format!("{clone:?}"), format!("{error:?}"));
        assert_eq!(clone.source().map(ToString::to_string), Some("cut".to_owned()));
    }
}
