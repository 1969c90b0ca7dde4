//! Every clause of the contract, on a Cluster.

mod redis_rs {
    tireless_testkit::conformance_suite!(tireless_tests::ClusterHarness<tireless_tests::RedisRs>);
}

mod fred {
    tireless_testkit::conformance_suite!(tireless_tests::ClusterHarness<tireless_tests::Fred>);
}
