//! The trait of typed tasks.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::BodyCodec;
use crate::run::RunPolicy;

/// A type of task: data that travels, with the name it travels under.
///
/// Usually derived:
///
/// ```text
/// #[derive(Serialize, Deserialize, Task)]
/// #[task(queue = "mail", retries = 10, timeout = "30s", backoff = "exponential 2s..10m")]
/// struct SendMail { to: String }
/// ```
///
/// All keys are optional: `name` (default: the struct's name, never its path, so that moving it
/// changes nothing), `queue` (default: `default`), `retries` (tries after the first), `timeout`
/// (of one run), `backoff` (`"fixed 5s"`, `"linear 10s..5m"`, `"exponential 2s..10m"`, or an
/// expression that [`Backoff`](crate::Backoff) can be made from), `codec` (a type) and `crate`
/// (where this crate is found when it was renamed). By hand:
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use tireless_worker::{Json, RunPolicy, Task};
///
/// #[derive(Serialize, Deserialize)]
/// struct SendMail { to: String }
///
/// impl Task for SendMail {
///     const NAME: &'static str = "SendMail";
///     const QUEUE: &'static str = "mail";
///     type Codec = Json;
///
///     fn policy() -> RunPolicy {
///         RunPolicy { retries: 3, ..RunPolicy::default() }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a task",
    label = "not a task",
    note = "add `#[derive(Serialize, Deserialize, Task)]` to it"
)]
pub trait Task: Serialize + DeserializeOwned + Send + 'static {
    /// The name it travels under: 1 to 128 of `[A-Za-z0-9._:-]`. Workers find its handler by it,
    /// so it must stay the same while tasks of it wait anywhere.
    const NAME: &'static str;

    /// Where it is pushed, and where its handler expects it.
    const QUEUE: &'static str = "default";

    /// How its body is made.
    type Codec: BodyCodec;

    /// How it is run and retried where its producer did not decide otherwise.
    fn policy() -> RunPolicy {
        RunPolicy::default()
    }
}
