//! Typed tasks: plain async functions as handlers, with data and context by extraction.

mod data;
mod error;
mod extract;
mod handler;
mod pool;
mod registry;
mod task;

pub use data::{Data, DataMap};
pub use error::{Bury, IntoVerdict, Release, Snooze, TaskError, TaskResult};
pub use extract::{Extract, Headers};
pub use handler::{Handler, Input};
pub use task::Task;

pub(crate) use registry::Registry;

#[cfg(test)]
#[path = "typed/typed_tests.rs"]
mod tests;
