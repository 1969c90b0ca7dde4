//! Errors decide what becomes of a task: retry, bury, snooze or release.

use std::any::type_name;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use tireless_core::{Failure, Reentry};

use crate::run::Verdict;

/// What a handler returns.
pub type TaskResult<T = ()> = Result<T, TaskError>;

type AnyError = Box<dyn StdError + Send + Sync + 'static>;

/// Why a handler did not finish its task.
///
/// Made by `?` from any error (also from boxed errors, strings, and error types of the `anyhow`
/// kind): the task is then retried. A [`Bury`], a [`Snooze`] or a [`Release`], also as the
/// source of another error, asks for something else.
///
/// It is itself no `std::error::Error`; that is what lets `?` make it from all of them.
#[derive(Debug)]
pub struct TaskError(Verdict);

impl TaskError {
    /// What becomes of the task.
    pub fn into_verdict(self) -> Verdict {
        self.0
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Verdict::Retry(failure) | Verdict::Undecodable(failure) => write!(f, "{failure}"),
            Verdict::Bury(failure) => write!(f, "bury: {failure}"),
            Verdict::Snooze(delay) => write!(f, "snooze for {delay:?}"),
            Verdict::Release(_) => write!(f, "{Release}"),
            Verdict::Done => f.write_str("done"),
        }
    }
}

impl<E: Into<AnyError>> From<E> for TaskError {
    fn from(error: E) -> Self {
        let error: AnyError = error.into();
        let mut link: Option<&(dyn StdError + 'static)> = Some(&*error);
        while let Some(current) = link {
            if let Some(bury) = current.downcast_ref::<Bury>() {
                return Self(Verdict::Bury(bury.0.clone()));
            }
            if let Some(Snooze(delay)) = current.downcast_ref::<Snooze>() {
                return Self(Verdict::Snooze(*delay));
            }
            if current.is::<Release>() {
                return Self(Verdict::Release(Reentry::Back));
            }
            link = current.source();
        }
        Self(Verdict::Retry(failure_of::<E>(&*error)))
    }
}

/// Return this as an error to bury the task: no more tries.
///
/// ```
/// use tireless_worker::{Bury, TaskResult};
///
/// async fn charge(cents: u64) -> TaskResult {
///     if cents == 0 {
///         return Err(Bury::new("nothing to charge").into());
///     }
///     let text = String::from_utf8(vec![0xff]).map_err(Bury::because)?;
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bury(Failure);

impl Bury {
    /// Buries the task for this reason.
    pub fn new(reason: impl fmt::Display) -> Self {
        Self(Failure::new("", reason.to_string()))
    }

    /// Buries the task because of an error; its type and its sources are kept too.
    pub fn because<E: Into<AnyError>>(error: E) -> Self {
        Self(failure_of::<E>(&*error.into()))
    }
}

impl fmt::Display for Bury {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl StdError for Bury {}

/// Return this as an error to run the task again after the given time, uncharged: the attempt
/// does not count.
///
/// ```
/// use std::time::Duration;
/// use tireless_worker::{Snooze, TaskResult};
///
/// async fn poll(ready: bool) -> TaskResult {
///     if !ready {
///         return Err(Snooze(Duration::from_secs(30)).into());
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snooze(pub Duration);

impl fmt::Display for Snooze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "snooze for {:?}", self.0)
    }
}

impl StdError for Snooze {}

/// Return this as an error to give the task back, uncharged and at once, behind all that wait. For
/// what this process cannot run now and another may; a task that is to wait is for [`Snooze`].
///
/// Its slot then rests for a second, or until the pool stops, so that a process which can run nothing
/// leaves the tasks to others. Where the run was told to stop, or the pool stops, it does not, and the
/// task keeps its place.
///
/// ```
/// use tireless_worker::{Release, TaskResult};
///
/// async fn print(paper_is_left: bool) -> TaskResult {
///     if !paper_is_left {
///         return Err(Release.into());
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release;

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("give the task back")
    }
}

impl StdError for Release {}

/// What a handler may answer: `()`, or a `Result<(), E>` whose error makes a [`TaskError`].
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "return `TaskResult`, `()` or `Result<(), E>`"
)]
pub trait IntoVerdict {
    /// What becomes of the task.
    fn into_verdict(self) -> Verdict;
}

impl IntoVerdict for () {
    fn into_verdict(self) -> Verdict {
        Verdict::Done
    }
}

impl<E: Into<TaskError>> IntoVerdict for Result<(), E> {
    fn into_verdict(self) -> Verdict {
        match self {
            Ok(()) => Verdict::Done,
            Err(error) => error.into().into_verdict(),
        }
    }
}

impl IntoVerdict for Verdict {
    fn into_verdict(self) -> Verdict {
        self
    }
}

/// The failure of an error that was a value of type `E`: its type, its text and its sources'.
pub(crate) fn failure_of<E>(error: &(dyn StdError + 'static)) -> Failure {
    let mut text = error.to_string();
    let mut link = error.source();
    while let Some(source) = link {
        let said = source.to_string();
        // Many errors end with their source's text already.
        if !text.ends_with(&said) {
            text.push_str("; caused by: ");
            text.push_str(&said);
        }
        link = source.source();
    }
    let kind = match type_name::<E>() {
        boxed if boxed.starts_with("alloc::boxed::Box<") => "error",
        "alloc::string::String" | "&str" => "error",
        named => named,
    };
    Failure::new(kind, text)
}
