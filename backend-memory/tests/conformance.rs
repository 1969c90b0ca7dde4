//! Every clause of the contract, over the memory broker, and over a faulty one without faults.

mod harness;

mod memory {
    use super::harness::Memory;

    tireless_testkit::conformance_suite!(Memory);
}

mod wrapped {
    use tireless_testkit::{FaultyBroker, Over};

    use super::harness::Memory;

    tireless_testkit::conformance_suite!(Over<FaultyBroker, Memory>);
}
