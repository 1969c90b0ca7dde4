//! `#[derive(Task)]`. What it writes goes through the facade, `::tireless::`.

mod expand;
mod settings;
mod text;

use proc_macro::TokenStream;

/// Makes a struct or an enum a task.
///
/// It needs `Serialize` and `Deserialize` beside it. All keys are optional:
///
/// | key | means | default |
/// | --- | --- | --- |
/// | `name = "SendMail"` | the name it travels under; pin it before renaming the type | the type's name, never its path |
/// | `queue = "mail"` | where it is pushed and expected | `"default"` |
/// | `retries = 10` | tries after the first | 10 |
/// | `timeout = "30s"` | how long one run may take | as long as it has to |
/// | `backoff = ".."` | how long a failed task waits: `"fixed 5s"`, `"linear 10s..5m"` (10 s more each time, up to 5 min), `"exponential 2s..10m"` (doubling, with jitter), or an expression: a `Backoff`, or a function from the failed attempt's number to a `Duration` | `"exponential 2s..1h"` |
/// | `codec = MessagePack` | a `BodyCodec` that makes the body | `Json` |
/// | `crate = some::path` | where the crate `tireless` is found | `::tireless` |
///
/// Durations are written in `ms`, `s`, `m`, `h` and `d`, largest first: `"1h30m"`. Illegal names,
/// durations and keys are compile errors.
///
/// `name` and `queue` also take the path of a constant, which is checked as well:
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use tireless::Task;
///
/// mod queues {
///     pub const MAIL: &str = "mail";
/// }
///
/// #[derive(Serialize, Deserialize, Task)]
/// #[task(queue = queues::MAIL)]
/// struct SendMail { to: String }
///
/// assert_eq!(SendMail::QUEUE, "mail");
/// ```
#[proc_macro_derive(Task, attributes(task))]
pub fn derive_task(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    expand::task(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Constants are checked by the compiler, whose words for it change from version to version: no text
/// of it is compared.
///
/// ```compile_fail,E0080
/// const TWO_WORDS: &str = "two words";
///
/// #[derive(serde::Serialize, serde::Deserialize, tireless::Task)]
/// #[task(queue = TWO_WORDS)]
/// struct IllegalQueue;
/// ```
///
/// ```compile_fail,E0080
/// const EMPTY: &str = "";
///
/// #[derive(serde::Serialize, serde::Deserialize, tireless::Task)]
/// #[task(name = EMPTY)]
/// struct IllegalName;
/// ```
#[cfg(doctest)]
struct IllegalConstants;
