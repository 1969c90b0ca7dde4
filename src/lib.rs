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
//! tries, [`Snooze`] means later and uncharged, [`Release`] that it goes back at once. A task may run more than once (a worker can die
//! between its effect and its ack): use [`Context::id`], stable over all attempts, to make effects
//! idempotent. Only bodies of an adopted plain list have another at each attempt.
//!
//! # Features
//! `memory` (default), `redis-rs`, `fred`: which brokers [`connect`] can reach. `mocks`: a `MockBroker`
//! whose answers a test writes.

mod connect;
pub mod prelude;

pub use bytes::Bytes;
pub use connect::{Client, ConnectOptions, connect, connect_with};
pub use tireless_core::*;
pub use tireless_macros::Task;
pub use tireless_worker::*;

#[cfg(all(feature = "fred", not(feature = "redis-rs")))]
pub use tireless_backend_fred::Adoption;
#[cfg(feature = "memory")]
pub use tireless_backend_memory::MemoryBroker;
#[cfg(feature = "redis-rs")]
pub use tireless_backend_redis_rs::Adoption;

#[cfg(all(test, feature = "memory"))]
mod roundtrip_tests;
