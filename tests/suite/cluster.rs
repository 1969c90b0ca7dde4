//! A Cluster: queues in several slots, slots that move, masters that die.

mod conformance;
