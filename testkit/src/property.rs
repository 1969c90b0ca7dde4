//! A stateful property test: one model of the contract against any broker.
//!
//! Random sequences of steps, with lost replies, late copies, dropped futures, worker deaths and
//! passing time among them, are played on a broker and on a model that is as simple as possible.
//! Their answers and counts must agree after each step. A failing sequence is made shorter before
//! it is shown.
//!
//! Time is used so that real stores need no exact clock: everything lasts either long, which
//! never ends during a sequence, or a moment, and then the step itself waits until it is over.

mod model;
mod play;
mod step;

use proptest::strategy::{BoxedStrategy, Just, Strategy};
use proptest::test_runner::{Config, TestRunner};
use proptest_state_machine::ReferenceStateMachine;

use crate::Harness;
use step::Step;

/// Generates steps. Each is possible at any time, for what it names is counted round: so nothing
/// has to be remembered here, and every part of a sequence is a sequence.
#[derive(Debug)]
struct Steps;

impl ReferenceStateMachine for Steps {
    type State = ();
    type Transition = Step;

    fn init_state() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn transitions(_: &()) -> BoxedStrategy<Step> {
        step::any_step()
    }

    fn apply(_: (), _: &Step) {}
}

/// Plays `cases` random sequences of `steps` steps each, every one in a queue of its own, over one
/// harness.
///
/// # Panics
/// When broker and model disagree, with the shortest sequence found that shows it.
pub fn run_property<H: Harness>(cases: u32, steps: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap_or_else(|error| panic!("no runtime for the property test: {error}"));
    let harness = runtime.block_on(H::fresh());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let outcome =
        TestRunner::new(config).run(&Steps::sequential_strategy(steps), |((), steps, seen)| {
            runtime.block_on(play::play(&harness, steps, seen));
            Ok(())
        });
    if let Err(error) = outcome {
        panic!("broker and model disagree: {error}");
    }
}
