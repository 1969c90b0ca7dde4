//! The contract of tireless: what a broker must do with tasks, and the words it is said in.
//!
//! This crate knows no runtime, no Redis and no client library. A backend depends on this crate
//! alone and implements the traits of a [`Backend`]: [`Broker`] moves tasks, [`Inspect`] reads,
//! [`Admin`] is the operator's hand, and [`Yardstick`], which may be left empty, measures the bare
//! store. The clauses cited as B1 to B17 stand in `docs/contract.md`; the crate
//! `tireless-testkit` proves each of them on any broker.

mod admin;
mod broker;
mod calls;
mod checkup;
mod claim;
mod clock;
mod durability;
mod envelope;
mod error;
mod failure;
mod history;
mod id;
mod inspect;
pub mod limits;
mod name;
mod push;
mod reconcile;
mod renew;
mod settle;
mod state;
mod task_options;
mod tick;
mod time;
mod wait;
mod worker_info;
mod yardstick;

pub use admin::{Admin, Moved, Purged, Removed, Selection};
pub use broker::{Backend, Broker};
pub use calls::{Call, CallSequence, CallTicket};
pub use checkup::{Checkup, Fact, LogSync, MemoryLimit, RoleRights, UserRole};
pub use claim::{Claim, ClaimFrom, ClaimMode, ClaimToken, Claimed, ClaimedTask, QueueClaimed};
pub use clock::{Clock, Sleep};
pub use durability::Durability;
pub use envelope::{Codec, Envelope, EnvelopeError};
pub use error::{Effect, Error, ErrorKind, Operation, Result};
pub use failure::{Failure, FailureEntry, FailureHistory};
pub use history::History;
pub use id::{ParseIdError, TaskId, WorkerId};
pub use inspect::{Counts, Inspect, List, Page, ServerStats, TaskDetail, TaskSummary};
pub use name::{Namespace, OwnId, QueueName, TypeName};
pub use push::{NewTask, Push, Pushed, When};
pub use reconcile::{Mended, Reconcile, Reconciled};
pub use renew::{Held, QueueRenewed, Renew, Renewed};
pub use settle::{
    BuryReason, Outcome, Reentry, ReleaseReason, Settle, SettleAnswer, Settled, Settlement,
};
pub use state::State;
pub use task_options::TaskOptions;
pub use tick::{QueueTicked, Reclaim, Tick, Ticked};
pub use time::StoreTime;
pub use wait::{Wait, WaitOn, Woken};
pub use worker_info::{WorkerInfo, WorkerView};
pub use yardstick::{BarePush, DrainLimit, Yardstick};

#[cfg(feature = "mocks")]
pub use broker::MockBroker;

/// An answer for one queue of a call that names several (B15).
///
/// An error on one queue never hides what another queue answered.
pub type PerQueue<T> = Vec<(QueueName, Result<T>)>;
