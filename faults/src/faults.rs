//! All faults. A new one is a file here and a line in [`ALL`].

mod worker_kill;

use crate::fault::Fault;

/// In the order in which they are run.
pub const ALL: &[&dyn Fault] = &[&worker_kill::WorkerKill];
