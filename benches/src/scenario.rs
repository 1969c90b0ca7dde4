//! The hot paths as callgrind counts them.
//!
//! Each is run for few rounds and for many, with the same set-up, and the difference is what the
//! rounds in between cost: neither the start of the program nor the set-up is in it.

use std::future::Future;
use std::mem::forget;
use std::sync::Arc;

use bytes::Bytes;
use tireless_backend_memory::MemoryBroker;
use tireless_core::{Clock, Envelope};
use tireless_worker::Producer;
use tokio::runtime::Runtime;

use crate::callers::{self, CALLERS};
use crate::greeting::Greeting;
use crate::late_broker::LateBroker;
use crate::memory::Memory;
use crate::redis::{Redis, tasks};
use crate::still_clock::StillClock;
use crate::{canned, drain, fixture};

/// One hot path.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name, in the file of baselines too.
    pub name: &'static str,
    /// How many tasks a round is about.
    pub tasks: usize,
    /// The two numbers of rounds.
    pub rounds: [usize; 2],
    run: fn(Rounds),
}

/// What one run of a scenario is to do.
#[derive(Clone, Copy, Debug)]
struct Rounds {
    tasks: usize,
    /// How many are run.
    run: usize,
    /// For how many all is set up.
    set_up: usize,
}

/// All of them.
pub const SCENARIOS: [Scenario; 11] = [
    Scenario { name: "envelope-encode", tasks: 1, rounds: [1_000, 5_000], run: encode },
    Scenario { name: "envelope-decode", tasks: 1, rounds: [1_000, 5_000], run: decode },
    Scenario { name: "memory-push-1000", tasks: 1_000, rounds: [2, 7], run: memory_push },
    Scenario {
        name: "memory-claim-settle-100",
        tasks: 100,
        rounds: [20, 70],
        run: memory_claim_settle,
    },
    Scenario { name: "pool-over-memory", tasks: 1_000, rounds: [2, 7], run: pool },
    Scenario { name: "pool-typed-over-memory", tasks: 1_000, rounds: [2, 7], run: pool_typed },
    Scenario { name: "producer-shared-64", tasks: 1_280, rounds: [2, 7], run: producer_shared },
    Scenario { name: "redis-push-1", tasks: 1, rounds: [1_000, 5_000], run: redis_push },
    Scenario { name: "redis-push-1000", tasks: 1_000, rounds: [2, 12], run: redis_push },
    Scenario { name: "redis-claim-100", tasks: 100, rounds: [20, 120], run: redis_claim },
    Scenario { name: "redis-settle-100", tasks: 100, rounds: [20, 120], run: redis_settle },
];

impl Scenario {
    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        SCENARIOS.into_iter().find(|scenario| scenario.name == name)
    }

    /// Sets up for the greater number of rounds and runs so many of them.
    pub fn run(self, rounds: usize) {
        let set_up = self.rounds[1].max(rounds);
        (self.run)(Rounds { tasks: self.tasks, run: rounds, set_up });
    }
}

fn encode(rounds: Rounds) {
    let envelope = Greeting::with_text(100).envelope();
    for _ in 0..rounds.run {
        std::hint::black_box(std::hint::black_box(&envelope).encode()).expect("bytes");
    }
}

fn decode(rounds: Rounds) {
    let bytes = fixture::envelope();
    for _ in 0..rounds.run {
        let envelope = Envelope::decode(std::hint::black_box(&bytes)).expect("an envelope");
        std::hint::black_box(envelope);
    }
}

/// Each into a broker of its own, so that no round finds more than another.
fn memory_push(rounds: Rounds) {
    let push = fixture::push(1, &fixture::envelope(), 0, rounds.tasks);
    for _ in 0..rounds.run {
        let memory = Memory::default();
        memory.push(std::hint::black_box(&push));
    }
}

fn memory_claim_settle(rounds: Rounds) {
    let mut memory = Memory::default().holding(rounds.set_up * rounds.tasks);
    for _ in 0..rounds.run {
        let claimed = memory.claim(rounds.tasks);
        memory.settle(&claimed);
    }
    // What is left would be freed, and the fewer rounds the more.
    forget(memory);
}

/// The whole worker over the memory broker, on one thread and without time.
fn pool(rounds: Rounds) {
    drained(rounds, &fixture::envelope(), drain::through_pool);
}

/// The same for tasks with headers and a handler to which they are given.
fn pool_typed(rounds: Rounds) {
    drained(rounds, &fixture::envelope_with_headers(), drain::with_extraction);
}

/// All are pushed in both runs. What is not to be run is held by a broker of its own.
fn drained<F: Future<Output = usize>>(
    rounds: Rounds,
    envelope: &Bytes,
    through: impl FnOnce(MemoryBroker, usize, Option<Arc<dyn Clock>>) -> F,
) {
    let memory = |tasks| Memory::of(envelope.clone()).holding(tasks);
    let run = rounds.run * rounds.tasks;
    let broker = memory(run).into_broker();
    forget(memory(rounds.set_up * rounds.tasks - run));
    let drained = through(broker, run, Some(Arc::new(StillClock)));
    assert_eq!(one_thread().block_on(drained), run);
}

/// Callers on one thread and without time, each round over a broker of its own.
fn producer_shared(rounds: Rounds) {
    let runtime = one_thread();
    for _ in 0..rounds.run {
        let broker = Arc::new(LateBroker::default());
        let producer = Producer::new(Arc::clone(&broker)).clock(Arc::new(StillClock));
        runtime.block_on(callers::push(&producer, rounds.tasks / CALLERS));
        // Calls of their own might take fewer instructions here, and much more of a server.
        let calls = broker.pushes();
        assert!(calls * 8 < rounds.tasks, "{calls} calls for {} tasks", rounds.tasks);
    }
}

fn one_thread() -> Runtime {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime")
}

fn redis_push(rounds: Rounds) {
    let redis = Redis::answering(canned::accepted());
    let push = fixture::push(1, &fixture::envelope(), 0, rounds.tasks);
    for _ in 0..rounds.run {
        assert_eq!(redis.push(std::hint::black_box(&push)), rounds.tasks);
    }
}

fn redis_claim(rounds: Rounds) {
    let redis = Redis::giving(&tasks(rounds.tasks));
    let claim = fixture::claim(1, rounds.tasks);
    for _ in 0..rounds.run {
        assert_eq!(redis.claim(std::hint::black_box(&claim)), rounds.tasks);
    }
}

fn redis_settle(rounds: Rounds) {
    let redis = Redis::answering(canned::applied());
    let settle = fixture::settle(1, &tasks(rounds.tasks));
    for _ in 0..rounds.run {
        assert_eq!(redis.settle(std::hint::black_box(&settle)), rounds.tasks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_runs_under_its_name() {
        for scenario in SCENARIOS {
            let named = Scenario::named(scenario.name).expect("a scenario");
            assert_eq!(named.rounds, scenario.rounds, "two are named {}", scenario.name);
            named.run(1);
        }
    }
}
