//! What runs over any broker: the worker pool, the requeue scheduler, typed tasks and producers.
//!
//! Nothing here knows where the tasks are kept: all of it works over
//! [`Broker`](tireless_core::Broker). One role a file; a run is shaped by `run.rs`.

mod clock;
mod codec;
mod pool;
mod producer;
mod retry;
mod run;
mod typed;

pub use clock::TokioClock;
pub use pool::WorkerPool;
pub use retry::*;
pub use run::{Context, Handle, Route, RunPolicy, Verdict};

#[allow(unused_imports, reason = "until producers and typed tasks have public items")]
pub use {codec::*, producer::*, typed::*};
