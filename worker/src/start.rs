//! The start: what keeps a pool from it, and what does not.

use std::time::Duration;

use tireless_core::{Error, ErrorKind, Result};

use crate::heartbeat;
use crate::quiet::log;
use crate::shared::Shared;

/// How long a pool that does not start takes at most to leave.
const LEAVE: Duration = Duration::from_secs(2);

/// What the first renewal says against a start: what is wrong with the store or with what the pool was
/// told, or that every queue is refused.
///
/// One queue that is damaged is left alone, as it is beside others while a pool runs: they are served, and
/// it too once it was mended.
///
/// # Errors
/// The first one of those.
pub(crate) fn refusal(shared: &Shared, answers: Vec<(usize, Result<()>)>) -> Result<()> {
    let queues = answers.len();
    let refused = |(at, answer): (usize, Result<()>)| Some((at, answer.err()?));
    let refused: Vec<(usize, Error)> =
        answers.into_iter().filter_map(refused).filter(|(_, error)| is_final(error)).collect();
    let all_are = refused.len() == queues;
    let mut left_alone = Vec::new();
    for (at, error) in refused {
        if all_are || !is_of_a_queue(&error) {
            return Err(error);
        }
        left_alone.push((at, error));
    }
    for (at, error) in left_alone {
        let queue = &shared.queues[at].name;
        log!(warn, %queue, %error, "the queue is refused; the pool starts for the others, and tries \
            this one again and again");
    }
    Ok(())
}

/// A pool that does not start is no worker: the store is told so, if it listens. A lease would end that
/// too, later.
pub(crate) async fn take_back(shared: &Shared) {
    tokio::select! {
        () = heartbeat::take_back(shared) => {}
        () = shared.clock.sleep(LEAVE) => {}
    }
}

/// Whether waiting cannot help.
fn is_final(error: &Error) -> bool {
    !error.is_retryable() && !matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Stale)
}

/// Whether it is told of what one queue holds: other programs, or later versions, may have put that there
/// while the pools that serve it ran.
fn is_of_a_queue(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::WrongType | ErrorKind::Unsupported)
}

#[cfg(test)]
#[path = "start_tests.rs"]
mod tests;
