//! The memory broker through the whole pool, against one bare `tokio::spawn` a task.
//!
//! All run a handler that only counts, over as many threads. `pool` and `bare-spawn` run raw tasks:
//! the one finds them in the broker and writes an outcome for each, the other has them at hand and
//! keeps no record. The bar is 0.6 of the bare run's pace. `typed` decodes JSON besides.

use std::future::Future;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput};
use tireless_benches::memory::Memory;
use tireless_benches::{drain, fixture};
use tokio::runtime::Runtime;

/// Tasks of one drain. Starting and ending a pool is in it.
const TASKS: usize = 20_000;

pub(crate) fn drain(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("drain");
    group.throughput(Throughput::Elements(TASKS as u64));
    group.bench_function(BenchmarkId::new("bare-spawn", TASKS), |bencher| {
        let own = || Bytes::copy_from_slice(&fixture::raw_body());
        let bodies = || std::iter::repeat_with(own).take(TASKS).collect();
        bencher.iter_custom(|rounds| timed(&runtime, rounds, bodies, drain::by_spawn));
    });
    for (name, envelope) in [("pool", fixture::raw_envelope()), ("typed", fixture::envelope())] {
        group.bench_function(BenchmarkId::new(name, TASKS), |bencher| {
            let broker = || Memory::of(Bytes::clone(&envelope)).holding_own(TASKS).into_broker();
            let through_pool = |broker| drain::through_pool(broker, TASKS, None);
            bencher.iter_custom(|rounds| timed(&runtime, rounds, broker, through_pool));
        });
    }
    group.finish();
}

/// How long the runs take in all, without what is made for each.
fn timed<I, F: Future<Output: Send> + Send + 'static>(
    runtime: &Runtime,
    rounds: u64,
    make: impl Fn() -> I,
    run: impl Fn(I) -> F,
) -> Duration {
    let mut took = Duration::ZERO;
    for _ in 0..rounds {
        let run = run(make());
        let began = Instant::now();
        // On a worker thread: spawning from there is what programs do.
        runtime.block_on(runtime.spawn(run)).expect("no panic");
        took += began.elapsed();
    }
    took
}
