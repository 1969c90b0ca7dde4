//! All of the Redis broker but the connection: requests are built, answers are read.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use tireless_benches::redis::{Redis, tasks};
use tireless_benches::{canned, fixture};

/// Tasks in a call.
const BATCHES: [usize; 3] = [1, 10, 100];

pub(crate) fn broker(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("redis");
    for batch in BATCHES {
        let tasks = tasks(batch);
        group.throughput(Throughput::Elements(batch as u64));
        let push = fixture::push(1, &fixture::envelope(), 0, batch);
        let redis = Redis::answering(canned::accepted());
        group.bench_function(BenchmarkId::new("push", batch), |bencher| {
            bencher.iter(|| redis.push(black_box(&push)));
        });
        let (redis, claim) = (Redis::giving(&tasks), fixture::claim(1, batch));
        group.bench_function(BenchmarkId::new("claim", batch), |bencher| {
            bencher.iter(|| redis.claim(black_box(&claim)));
        });
        let (redis, settle) = (Redis::answering(canned::applied()), fixture::settle(1, &tasks));
        group.bench_function(BenchmarkId::new("settle", batch), |bencher| {
            bencher.iter(|| redis.settle(black_box(&settle)));
        });
    }
    group.finish();
}
