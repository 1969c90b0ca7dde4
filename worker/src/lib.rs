//! What runs over any broker: the worker pool, the requeue scheduler, typed tasks and producers.
//!
//! Nothing here knows where the tasks are kept: all of it works over
//! [`Broker`](tireless_core::Broker). One role a file:
//!
//! - What is said before a start: `pool` (the builder), `plan` (what it comes to), `run` and
//!   `retry` (handlers and policies), `typed` (typed handlers), `codec`, `producer`.
//! - The start: `start` (what keeps a pool from it).
//! - The loops of a pool: `claimer` (with `board`, what is known of each queue; `hoard`, how much to
//!   keep ready; `listen`, the claim that an idle pool leaves with the store), `bell`, `executor` (with
//!   `dispatch`, what waits for a slot, and `outcome`, what a verdict comes to), `settler` (with
//!   `outbox`, what it has still to write), `heartbeat`, `ticker` (with `permission`, when it may
//!   reclaim). `scheduler` is the ticker on its own.
//! - What they share: `shared`, `ledger` (what is held), `health` (with `pulse`, one loop's),
//!   `summary`, `events`, `trace`, `quiet` (what is told decides nothing).
//! - Its end: `running`, `shutdown`, `signal`; its safety: `supervise`; below all: `sync`, `clock`
//!   (real time), `random`.

mod bell;
mod board;
mod claimer;
mod clock;
mod codec;
mod dispatch;
mod events;
mod executor;
mod health;
mod heartbeat;
mod hoard;
mod ledger;
mod listen;
mod outbox;
mod outcome;
mod permission;
mod plan;
mod pool;
mod producer;
mod pulse;
mod quiet;
mod random;
mod retry;
mod run;
mod running;
mod scheduler;
mod settler;
mod shared;
mod shutdown;
#[cfg(all(test, shuttle))]
mod shuttle_tests;
mod signal;
mod start;
mod summary;
mod supervise;
mod sync;
#[cfg(test)]
mod testbed;
mod ticker;
mod trace;
mod typed;

pub use clock::TokioClock;
pub use codec::{BodyCodec, CodecError, Json};
pub use events::{Event, RunOf};
pub use health::{HealthWatch, LoopHealth, LoopState, PoolHealth};
pub use pool::WorkerPool;
pub use producer::{PreparedBatch, PreparedPush, Producer, PushAll, PushTask, Receipt};
pub use retry::Backoff;
pub use run::{Context, Handle, Route, RunPolicy, TestContext, Verdict};
pub use running::{PoolStats, RunningPool};
pub use scheduler::{RequeueScheduler, SchedulerSummary};
pub use signal::shutdown_signal;
pub use summary::Summary;
pub use typed::{
    Bury, Data, DataMap, Extract, Handler, Headers, Input, IntoVerdict, Release, Snooze, Task,
    TaskError, TaskResult,
};
