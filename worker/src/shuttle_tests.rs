//! The parts of a pool under shuttle: all tasks take turns on one thread, a scheduler chooses at
//! each use of what `sync` holds who goes on, and each test runs in thousands of such orders.
//!
//! Time is the first task. It gets a turn only when nobody else can go on, and moves to the end of
//! the next sleep: so a lost wake-up shows as time that passes, or as a stand still. Each test says
//! how far time may go.
//!
//! A failure prints the seed or the schedule of its order. Where `select!` takes part it may not
//! repeat: tokio tosses a coin of its own there.
//!
//! Run by `cargo xtask shuttle`; no other build takes this in.

mod broker;
mod dispatch;
mod ledger;
mod pool;
mod settler;

use std::future::Future;
use std::time::Duration;

use shuttle::scheduler::{PctScheduler, RandomScheduler, Schedule, Scheduler, Task, TaskId};
use shuttle::{Config, MaxSteps, Runner};
use tireless_testkit::VirtualClock;

/// How many orders each test is run in.
const ITERATIONS: &str = "TIRELESS_SHUTTLE_ITERATIONS";

/// How many times a task that could go on is set back, in those orders that hardly ever do that.
const PREEMPTIONS: usize = 3;

/// Futures of debug builds are large.
const STACK: usize = 256 * 1024;

/// Who waits for the others in a loop would go on for ever.
const STEPS: usize = 100_000;

/// Runs a scenario in many orders: half of them drawn evenly at each step, half with few
/// preemptions. It must end before time has passed `until`.
fn check<F>(until: Duration, scenario: impl Fn(VirtualClock) -> F + Clone + Send + Sync + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let iterations = std::env::var(ITERATIONS).map_or(1000, |text| {
        text.parse().unwrap_or_else(|error| panic!("{ITERATIONS} is {text}: {error}"))
    });
    let half = usize::div_ceil(iterations, 2);
    run(RandomScheduler::new(half), until, scenario.clone());
    run(PctScheduler::new(PREEMPTIONS, half), until, scenario);
}

fn run<F>(
    scheduler: impl Scheduler + 'static,
    until: Duration,
    scenario: impl Fn(VirtualClock) -> F + Send + Sync + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut config = Config::new();
    config.stack_size = STACK;
    config.max_steps = MaxSteps::FailAfter(STEPS);
    // The orderings of atomics are not what is tried here: all are taken for the strongest.
    config.silence_warnings = true;
    Runner::new(TimeLast(scheduler), config).run(move || {
        let clock = VirtualClock::new();
        let scenario = shuttle::future::spawn(scenario(clock.clone()));
        pass_time(&clock, until, || scenario.is_finished());
    });
}

/// Lets time pass until the scenario has ended.
fn pass_time(clock: &VirtualClock, until: Duration, ended: impl Fn() -> bool) {
    loop {
        shuttle::thread::yield_now();
        if ended() {
            return;
        }
        match clock.next_wake() {
            Some(due) if due <= until => clock.jump(due),
            next => panic!("all stand still at {:?}; the next sleep ends at {next:?}", clock.now()),
        }
    }
}

/// A scheduler that gives time, the first task, a turn only when nobody else can go on.
#[derive(Debug)]
struct TimeLast<S>(S);

impl<S: Scheduler> Scheduler for TimeLast<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.0.new_execution()
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        yields: bool,
    ) -> Option<TaskId> {
        let others: Vec<&Task> =
            runnable.iter().copied().filter(|task| task.id() != TaskId::from(0)).collect();
        let choice = if others.is_empty() { runnable } else { &others };
        self.0.next_task(choice, current, yields)
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }
}

/// A number below `bound`, drawn by the scheduler.
fn draw(bound: usize) -> usize {
    use shuttle::rand::Rng;
    shuttle::rand::thread_rng().gen_range(0..bound)
}

/// Lets the others go on, a few times or not at all.
async fn a_while() {
    for _ in 0..draw(4) {
        shuttle::future::yield_now().await;
    }
}
