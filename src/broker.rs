//! The words below the pool: for who writes a broker, a layer around one, or a tool that calls one.
//!
//! A program that pushes tasks and runs them needs nothing of this. A broker moves tasks
//! ([`Broker`]), tells what there is ([`Inspect`]), and does what an operator asks ([`Admin`]); with
//! all of them, and a [`Yardstick`] that may be empty, it is a [`Backend`], and [`Producer`](crate::Producer) and
//! [`WorkerPool`](crate::WorkerPool) work over it. What it must keep stands in `docs/contract.md`, as
//! clauses B1 to B17, and the crate `tireless-testkit` proves them.
//!
//! | the call | is asked with | and answered with |
//! | --- | --- | --- |
//! | [`push`](Broker::push) | [`Push`] of [`NewTask`]s, numbered by a [`Call`] | [`Pushed`] |
//! | [`claim`](Broker::claim) | [`Claim`], a [`ClaimFrom`] a queue | [`Claimed`] |
//! | [`settle`](Broker::settle) | [`Settle`] of [`Settlement`]s, an [`Outcome`] each | [`SettleAnswer`] |
//! | [`renew`](Broker::renew) | [`Renew`] with what is [`Held`] | [`Renewed`] |
//! | [`wait`](Broker::wait) | [`Wait`] | [`Woken`] |
//! | [`tick`](Broker::tick) | [`Tick`], with a [`Reclaim`] that permits it | [`Ticked`] |
//!
//! Names that a program sees too, such as [`QueueName`](crate::QueueName) or
//! [`ErrorKind`](crate::ErrorKind), stand at the root alone.

pub use tireless_core::{Admin, Backend, Broker, Inspect};

pub use tireless_core::{Call, CallSequence, CallTicket, PerQueue};
pub use tireless_core::{
    Claim, ClaimFrom, ClaimMode, Claimed, ClaimedTask, QueueClaimed, Wait, WaitOn, Woken,
};
pub use tireless_core::{Held, QueueRenewed, QueueTicked, Reclaim, Renew, Renewed, Tick, Ticked};
pub use tireless_core::{NewTask, Push, Pushed, When};
pub use tireless_core::{Outcome, Settle, SettleAnswer, Settled, Settlement};

pub use tireless_core::{BarePush, DrainLimit, Yardstick};
pub use tireless_core::{Checkup, Fact, LogSync, MemoryLimit, RoleRights, UserRole};
