//! What most programs need: `use tireless::prelude::*;`.

pub use tireless_core::{Backend, Broker};
pub use tireless_macros::Task;
pub use tireless_worker::{
    Bury, Context, Data, Producer, Release, Snooze, Task, TaskError, TaskResult, WorkerPool,
};
