//! What it takes to test a broker of tireless, and programs that are built on one.

pub mod broken;
mod cases;
mod clock;
pub mod conformance;
mod faulty;
pub mod fixtures;
mod harness;
mod idle;
mod layer;
mod over;
#[cfg(feature = "property")]
pub mod property;

pub use clock::VirtualClock;
pub use faulty::{Fault, Faults, FaultyBroker, FaultyLayer, Odds};
pub use harness::{Harness, run};
pub use layer::{Layer, Layered, wait_then_claim};
pub use over::{Over, Wrapper};

#[cfg(all(feature = "server", unix))]
pub mod server;
#[cfg(all(feature = "server", unix))]
pub mod set_up;
