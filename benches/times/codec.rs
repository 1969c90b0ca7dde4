//! Envelopes and bodies.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use tireless_backend_memory::MemoryBroker;
use tireless_benches::greeting::Greeting;
use tireless_benches::still_clock::StillClock;
use tireless_core::Envelope;
use tireless_worker::{Input, Producer};

/// Bytes of the text in a body.
const SIZES: [usize; 2] = [100, 10 * 1024];

pub(crate) fn envelopes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("envelope");
    group.throughput(Throughput::Elements(1));
    for size in SIZES {
        let envelope = Greeting::with_text(size).envelope();
        group.bench_function(BenchmarkId::new("encode", size), |bencher| {
            bencher.iter(|| black_box(&envelope).encode());
        });
        let bytes = envelope.encode().expect("an envelope");
        group.bench_function(BenchmarkId::new("decode", size), |bencher| {
            bencher.iter(|| Envelope::decode(black_box(&bytes)));
        });
    }
    group.finish();
}

/// From a value to what is sent, id and call number included; and from what came to a value.
pub(crate) fn typed_tasks(criterion: &mut Criterion) {
    let producer = Producer::new(MemoryBroker::new(std::sync::Arc::new(StillClock)));
    let mut group = criterion.benchmark_group("typed");
    group.throughput(Throughput::Elements(1));
    for size in SIZES {
        let task = Greeting::with_text(size);
        group.bench_function(BenchmarkId::new("encode", size), |bencher| {
            bencher.iter(|| producer.push(black_box(&task).clone()).prepare());
        });
        let bytes = task.envelope().encode().expect("an envelope");
        group.bench_function(BenchmarkId::new("decode", size), |bencher| {
            bencher.iter(|| {
                let envelope = Envelope::decode(black_box(&bytes)).expect("an envelope");
                Greeting::read(&envelope)
            });
        });
    }
    group.finish();
}
