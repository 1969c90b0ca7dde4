//! What it takes to test a broker of tireless, and programs that are built on one.

mod clock;
mod idle;

pub use clock::VirtualClock;

#[cfg(all(feature = "server", unix))]
pub mod server;
