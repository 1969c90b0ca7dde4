//! How the command ends: 0 for success, 1 for failure, 2 for wrong usage.

use std::io;
use std::process::ExitCode;

use tireless::ErrorKind;

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The command line is wrong: exit code 2.
    Usage(String),
    /// Something failed: exit code 1.
    Failed(anyhow::Error),
    /// Something failed and all was said: exit code 1.
    Said,
    /// Nobody reads the results any more (`tireless ls q ready | head`): no error.
    PipeClosed,
}

/// What a command answers.
pub(crate) type Outcome<T = ()> = Result<T, Stop>;

impl Stop {
    /// Wrong usage, with what to do instead.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    /// A failure that is described by a text alone.
    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self::Failed(anyhow::Error::msg(text.into()))
    }

    /// The same, where only the answer could not be written and this was done.
    pub(crate) fn after(self, done: &str) -> Self {
        match self {
            Self::Failed(error) => Self::failed(format!(
                "{done}, but the answer could not be written: {}",
                with_causes(&error)
            )),
            other => other,
        }
    }

    /// Whether the same can succeed later without anything else being changed.
    pub(crate) fn may_pass(&self) -> bool {
        let Self::Failed(error) = self else { return false };
        error.downcast_ref().is_some_and(tireless::Error::is_retryable)
    }

    /// The exit code.
    pub(crate) fn code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Failed(_) | Self::Said => ExitCode::FAILURE,
            Self::PipeClosed => ExitCode::SUCCESS,
        }
    }

    /// What is to be said about it, causes included; `None` for nothing.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Usage(text) => Some(text.clone()),
            Self::Failed(error) => Some(with_causes(error)),
            Self::Said | Self::PipeClosed => None,
        }
    }
}

/// The error and its causes, without the ones that only repeat what was said before them.
fn with_causes(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

impl From<tireless::Error> for Stop {
    fn from(error: tireless::Error) -> Self {
        if error.kind() == ErrorKind::InvalidInput {
            Self::Usage(error.message().to_owned())
        } else {
            Self::Failed(error.into())
        }
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::PipeClosed,
            _ => Self::Failed(error.into()),
        }
    }
}
