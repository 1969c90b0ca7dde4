//! One model of the contract against both client libraries.

use tireless_testkit::property::run_property;
use tireless_tests::{FredHarness, RedisRsHarness};

#[test]
fn redis_rs_agrees_with_the_model() {
    run_property::<RedisRsHarness>(256, 100);
}

#[test]
fn fred_agrees_with_the_model() {
    run_property::<FredHarness>(256, 100);
}
