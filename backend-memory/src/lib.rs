//! The in-memory broker of tireless: the reference model of the contract.
//!
//! [`MemoryBroker`] keeps every clause of `docs/contract.md` without a server. Each queue is a pure
//! state machine behind a lock of its own, into which each operation passes the time; around them
//! stand the bells that wake waiters, and a clock that a test can move. What it holds is gone when its
//! last clone is dropped.

mod admin;
mod bell;
mod bounds;
mod broker;
mod calls;
mod claim;
mod fading;
mod held;
mod holders;
mod id_map;
mod inspect;
mod line;
mod push;
mod queue;
mod renew;
mod settle;
mod store;
mod task;
mod tick;
mod timed;

#[cfg(test)]
mod fixture;

pub use broker::MemoryBroker;
