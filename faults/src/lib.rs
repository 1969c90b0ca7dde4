//! Faults on purpose: processes are killed, stopped and asked to end, the server is killed, frozen,
//! filled and made to forget, while tasks are pushed and run.
//!
//! Each process appends what it does to a [history] of its own. When the fault is over and
//! the queue is drained, a [checker] reads all of them, offline: what was accepted and
//! never done is lost, what ran again without an excuse is in excess. The [faults] are one
//! file each; `cargo xtask faults` runs them.

pub mod args;
pub mod broken;
pub mod checker;
pub mod crash_point;
pub mod crew;
pub mod doom;
pub mod excuse;
pub mod faketime;
pub mod fault;
pub mod faults;
pub mod ground;
pub mod history;
pub mod late;
pub mod library;
pub mod living;
pub mod load;
pub mod random;
pub mod record;
pub mod recovery;
pub mod run;
pub mod samples;
pub mod table;
pub mod witness;
