//! The memory broker against the model of the contract.

mod harness;

use harness::Memory;
use tireless_testkit::property::run_property;

#[test]
fn the_broker_agrees_with_the_model() {
    run_property::<Memory>(256, 100);
}
