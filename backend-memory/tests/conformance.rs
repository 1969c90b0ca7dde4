//! Every clause of the contract, over the memory broker.

mod harness;

use harness::Memory;

tireless_testkit::conformance_suite!(Memory);
