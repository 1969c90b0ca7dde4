//! All faults. A new one is a file here and a line in [`ALL`].

mod scripts_flushed;
mod sigterm;
mod worker_kill;
mod worker_stop;

use crate::fault::Fault;

/// In the order in which they are run.
pub const ALL: &[&dyn Fault] = &[
    &worker_kill::WorkerKill,
    &worker_stop::WorkerStop,
    &scripts_flushed::ScriptsFlushed,
    &sigterm::Sigterm,
];
