//! What it takes to test a broker of tireless, and programs that are built on one.

mod cases;
mod clock;
pub mod conformance;
pub mod fixtures;
mod harness;
mod idle;

pub use clock::VirtualClock;
pub use harness::{Harness, run};

#[cfg(all(feature = "server", unix))]
pub mod server;
