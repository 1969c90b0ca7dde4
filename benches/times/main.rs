//! How long the hot paths take, without a server: `cargo bench -p tireless-benches`.
//!
//! Short measurements: the whole takes about two minutes. Figures are for comparing two versions on
//! one machine, the one right after the other; what holds on any machine is the pool's ratio to bare
//! spawns, and the instructions that `cargo xtask callgrind` counts.

mod codec;
mod memory;
mod pool;
mod producer;
mod redis;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

/// Short, and still within a few percent from run to run on a machine at rest.
fn quick() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1500))
        .sample_size(20)
}

criterion_group! {
    name = hot_paths;
    config = quick();
    targets = codec::envelopes, codec::typed_tasks, memory::broker, memory::threads, redis::broker, pool::drain,
        producer::shared_pushes
}
criterion_main!(hot_paths);
