//! The memory broker, batch by batch.

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use tireless_benches::memory::Memory;

/// Tasks in a call.
const BATCHES: [usize; 4] = [1, 10, 100, 1_000];

/// How many tasks wait beside those of the call, at least.
const WAITING: usize = 1_000;

pub(crate) fn broker(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("memory");
    for batch in BATCHES {
        group.throughput(Throughput::Elements(batch as u64));
        group.bench_function(BenchmarkId::new("push", batch), |bencher| {
            bencher.iter_custom(|rounds| cycle(batch, rounds).push);
        });
        group.bench_function(BenchmarkId::new("claim", batch), |bencher| {
            bencher.iter_custom(|rounds| cycle(batch, rounds).claim);
        });
        group.bench_function(BenchmarkId::new("settle", batch), |bencher| {
            bencher.iter_custom(|rounds| cycle(batch, rounds).settle);
        });
    }
    group.finish();
}

/// Threads side by side, each with a queue of its own in one broker.
const THREADS: [usize; 4] = [1, 2, 4, 8];

/// How many rounds each of them goes at least: many beside what it costs to start a thread.
const ROUNDS: u64 = 200;

pub(crate) fn threads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("memory-threads");
    for threads in THREADS {
        group.throughput(Throughput::Elements(threads as u64 * ROUNDS * 100));
        group.bench_function(BenchmarkId::new("cycle", threads), |bencher| {
            let memory = Memory::default();
            let mut own: Vec<_> =
                (0..threads).map(|at| memory.beside(at).holding(WAITING)).collect();
            bencher.iter(|| {
                std::thread::scope(|scope| {
                    for memory in &mut own {
                        scope.spawn(|| (0..ROUNDS).for_each(|_| once(memory, 100)));
                    }
                });
            });
        });
    }
    group.finish();
}

/// Pushes, claims and settles a batch.
fn once(memory: &mut Memory, batch: usize) {
    let push = memory.next_push(batch);
    memory.push(&push);
    let claimed = memory.claim(batch);
    memory.settle(&claimed);
}

/// What each of the three took.
#[derive(Default)]
struct Times {
    push: Duration,
    claim: Duration,
    settle: Duration,
}

/// Pushes, claims and settles a batch, over and over, so that the broker holds the same number of
/// tasks each time.
fn cycle(batch: usize, rounds: u64) -> Times {
    let mut memory = Memory::default().holding(WAITING);
    let mut times = Times::default();
    for _ in 0..rounds {
        let push = memory.next_push(batch);
        let began = Instant::now();
        memory.push(&push);
        let pushed = Instant::now();
        let claimed = memory.claim(batch);
        let taken = Instant::now();
        memory.settle(&claimed);
        times.settle += taken.elapsed();
        times.claim += taken - pushed;
        times.push += pushed - began;
    }
    times
}
