//! All faults. A new one is a file here and a line in [`ALL`].

mod crash_points;
mod due_at_once;
mod failover;
mod memory_limit;
mod replies;
mod scripts_flushed;
mod server_clock;
mod server_frozen;
mod server_restart;
mod sigterm;
mod slot_moves;
mod soak;
mod worker_clock;
mod worker_kill;
mod worker_stop;

use crate::fault::Fault;

pub use crash_points::doomed_plan;

/// In the order in which they are run.
pub const ALL: &[&dyn Fault] = &[
    &worker_kill::WorkerKill,
    &worker_stop::WorkerStop,
    &crash_points::CrashPoints,
    &server_restart::ServerRestart::Always,
    &server_restart::ServerRestart::Everysec,
    &server_restart::ServerRestart::PowerCut,
    &scripts_flushed::ScriptsFlushed,
    &memory_limit::MemoryLimit,
    &sigterm::Sigterm,
    &due_at_once::DueAtOnce,
    &server_frozen::ServerFrozen,
    &worker_clock::WorkerClock,
    &server_clock::ServerClock,
    &failover::Failover::Sentinels,
    &failover::Failover::Cluster,
    &slot_moves::SlotMoves,
    &replies::Replies,
    &soak::Soak,
];
