//! The cases, by theme. Each is a function over a [`Harness`](crate::Harness) and cites the clause of
//! `docs/contract.md` that it proves; `conformance_suite!` makes a test of each.

pub mod admin;
pub mod bell;
pub mod bodies;
pub mod bounds;
pub mod cancel;
pub mod carried;
pub mod claim;
pub mod conservation;
pub mod find;
pub mod inbox;
pub mod inspect;
pub mod memory_bounds;
pub mod names;
pub mod order;
pub mod outcomes;
pub mod poison;
pub mod push;
pub mod races;
pub mod reclaim;
pub mod reconcile;
pub mod renew;
pub mod settle;
pub mod several_queues;
pub mod time;
