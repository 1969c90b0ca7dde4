//! What goes wrong with the broker of a test.

use std::time::Duration;

use tireless_core::{Effect, Error, ErrorKind, Operation, QueueName, Result};

/// What a broker should never do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// Never to answer.
    Hang,
    Panic,
    /// To take this long.
    Slow(Duration),
}

pub(crate) fn outage(operation: Operation) -> Error {
    Error::new(ErrorKind::Unavailable, operation, "away").with_effect(Effect::Maybe)
}

/// What comes back of an operation while one queue fails like this.
pub(super) fn without<T>(
    cut_off: Option<&(QueueName, ErrorKind)>,
    operation: Operation,
    mut answers: Vec<(QueueName, Result<T>)>,
) -> Vec<(QueueName, Result<T>)> {
    let Some((cut_off, kind)) = cut_off else { return answers };
    for (_, answer) in answers.iter_mut().filter(|(queue, _)| queue == cut_off) {
        let effect = if *kind == ErrorKind::Timeout { Effect::Maybe } else { Effect::None };
        *answer = Err(Error::new(*kind, operation, "as told").with_effect(effect));
    }
    answers
}
