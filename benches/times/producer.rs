//! Many callers push one task each through one producer: their pushes share calls.

use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput};
use tireless_backend_memory::MemoryBroker;
use tireless_benches::callers::{self, CALLERS};
use tireless_worker::{Producer, TokioClock};
use tokio::runtime::Runtime;

/// What each of them pushes, one after the other.
const EACH: usize = 20;

pub(crate) fn shared_pushes(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("producer");
    group.throughput(Throughput::Elements((CALLERS * EACH) as u64));
    for (name, shares) in [("shared", true), ("alone", false)] {
        group.bench_function(BenchmarkId::new(name, CALLERS), |bencher| {
            bencher.iter_custom(|rounds| {
                let mut took = std::time::Duration::ZERO;
                for _ in 0..rounds {
                    // A new one each time, so that none holds more than another.
                    let broker = MemoryBroker::new(std::sync::Arc::new(TokioClock));
                    let producer = Producer::new(broker).group_commit(shares);
                    let began = Instant::now();
                    runtime.block_on(callers::push(&producer, EACH));
                    took += began.elapsed();
                }
                took
            });
        });
    }
    group.finish();
}
