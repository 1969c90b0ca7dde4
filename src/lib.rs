//! Background tasks that survive crashes and come back by themselves.
//!
//! A list of tasks to run, a set of tasks that failed, workers that take from the list, a requeue
//! scheduler that moves the set back: over Redis, or in memory. What plain lists lack is added: a
//! lease between pop and finish, a due time on each failure, an end for what never succeeds.
//!
//! ```no_run
//! use std::time::Duration;
//! use serde::{Deserialize, Serialize};
//! use tireless::prelude::*;
//!
//! #[derive(Serialize, Deserialize, Task)]
//! #[task(queue = "mail", retries = 10, timeout = "30s")]
//! struct SendMail { to: String }
//!
//! async fn send_mail(task: SendMail, smtp: Data<Smtp>) -> TaskResult {
//!     smtp.deliver(&task.to).await?;
//!     Ok(())
//! }
//!
//! #[tokio::main]
//! async fn main() -> tireless::Result<()> {
//!     let broker = tireless::connect("memory://").await?;
//!     let tasks = Producer::new(broker.clone());
//!     tasks.push(SendMail { to: "ada@example.org".into() }).await?;
//!     tasks.push(SendMail { to: "bob@example.org".into() }).after(Duration::from_secs(300)).await?;
//!
//!     WorkerPool::new(broker)
//!         .data(Smtp::new())
//!         .handle(send_mail)
//!         .concurrency(64)
//!         .run_until(tireless::shutdown_signal())
//!         .await?;
//!     Ok(())
//! }
//! # struct Smtp;
//! # impl Smtp {
//! #     fn new() -> Self { Self }
//! #     async fn deliver(&self, _: &str) -> std::io::Result<()> { Ok(()) }
//! # }
//! ```
//!
//! # What a handler may say
//! An error means retry, after the task's backoff, while retries are left. [`Bury`] means no more
//! tries, [`Snooze`] means later and uncharged, [`Release`] that it goes back at once. A task may run
//! more than once (a worker can die between its effect and its ack): use [`Context::id`], stable over
//! all attempts, to make effects idempotent. Only bodies of an adopted plain list have another at each
//! attempt.
//!
//! # Where to begin
//! The [`prelude`] has what most programs need. Besides:
//!
//! | to | read |
//! | --- | --- |
//! | connect | [`connect`], [`ConnectOptions`] |
//! | push | [`Producer`], [`Task`](trait@Task), [`PushTask`], [`PushAll`], [`Receipt`] |
//! | run | [`WorkerPool`], [`Handler`], [`Data`], [`Context`], [`RunningPool`]; [`RequeueScheduler`] |
//! | answer | [`TaskResult`], [`TaskError`], [`Bury`], [`Snooze`], [`Release`] |
//! | handle bytes | [`Handle`], [`Route`], [`RunPolicy`], [`Verdict`] |
//! | watch | [`Event`], [`Summary`], [`HealthWatch`] |
//! | look | [`Inspect`], [`Counts`], [`TaskDetail`], [`WorkerView`] |
//! | operate | [`Admin`], [`Selection`], [`Reconcile`] |
//! | test | [`MemoryBroker`], [`TestContext`], [`Clock`]; `MockBroker` |
//! | write a broker | the module [`broker`] |
//!
//! # Features
//! `memory` (default), `redis-rs`, `fred`: which brokers [`connect`] can reach. `mocks`: a `MockBroker`
//! whose answers a test writes.

pub mod broker;
mod connect;
pub mod prelude;

pub use bytes::Bytes;
pub use connect::{Client, ConnectOptions, connect, connect_with};

// What is said of a task, and how an answer reads.
pub use tireless_core::{
    ClaimToken, Clock, Codec, Durability, Effect, Envelope, EnvelopeError, Error, ErrorKind,
    Failure, FailureEntry, FailureHistory, History, Namespace, Operation, OwnId, ParseIdError,
    QueueName, Result, Sleep, StoreTime, TaskId, TaskOptions, TypeName, WorkerId, limits,
};
// The broker as programs use it: to move tasks, to look, to operate.
pub use tireless_core::{
    Admin, Backend, Broker, BuryReason, Counts, Inspect, List, Mended, Moved, Page, Purged,
    Reconcile, Reconciled, Reentry, ReleaseReason, Removed, Selection, ServerStats, State,
    TaskDetail, TaskSummary, WorkerInfo, WorkerView,
};

pub use tireless_macros::Task;
// Tasks, and who pushes them.
pub use tireless_worker::{
    BodyCodec, CodecError, Json, PreparedBatch, PreparedPush, Producer, PushAll, PushTask, Receipt,
    Task,
};
// Handlers: what they take and what they say.
pub use tireless_worker::{
    Backoff, Bury, Context, Data, DataMap, Extract, Handle, Handler, Headers, Input, IntoVerdict,
    Release, Route, RunPolicy, Snooze, TaskError, TaskResult, TestContext, Verdict,
};
// The pool, the scheduler, and what they tell.
pub use tireless_worker::{
    Event, HealthWatch, LoopHealth, LoopState, PoolHealth, PoolStats, RequeueScheduler, RunOf,
    RunningPool, SchedulerSummary, Summary, TokioClock, WorkerPool, shutdown_signal,
};

#[cfg(feature = "mocks")]
pub use tireless_core::MockBroker;

#[cfg(all(feature = "fred", not(feature = "redis-rs")))]
pub use tireless_backend_fred::Adoption;
#[cfg(feature = "memory")]
pub use tireless_backend_memory::MemoryBroker;
#[cfg(feature = "redis-rs")]
pub use tireless_backend_redis_rs::Adoption;

#[cfg(all(test, feature = "memory"))]
mod roundtrip_tests;
