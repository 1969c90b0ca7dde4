//! The curves, one file each.

mod batch;
mod bodies;
mod queues;
mod round_trip;
mod waiting;
mod workers;

use crate::curve::Curve;

/// All of them, in the order in which they are told.
pub const ALL: &[&dyn Curve] = &[
    &waiting::Waiting,
    &queues::Queues,
    &workers::Workers,
    &bodies::Bodies,
    &round_trip::RoundTrip,
    &batch::Batch,
];

/// Bytes of a body, where bodies are not what grows.
const BODY: usize = 100;
