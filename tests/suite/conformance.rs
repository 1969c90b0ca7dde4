//! Every clause of the contract, over both client libraries.

mod redis_rs {
    tireless_testkit::conformance_suite!(tireless_tests::RedisRsHarness);
}

mod fred {
    tireless_testkit::conformance_suite!(tireless_tests::FredHarness);
}
