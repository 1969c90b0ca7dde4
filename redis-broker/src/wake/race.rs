//! The commands of one wait, held side by side: a ring or a claim of one ends it, an error of one does
//! not end the others.

use futures_util::future::select_all;
use tireless_core::{Error, Result, Woken};
use tokio::time::{Instant, timeout_at};

use super::{Ended, LOOK_EVERY, Waiting};

/// What has become of a wait so far.
pub(super) struct Race {
    /// Whether its commands go to several servers.
    apart: bool,
    /// The first error.
    failed: Option<Error>,
    until: Option<Instant>,
}

impl Race {
    pub(super) fn new(apart: bool) -> Self {
        Self { apart, failed: None, until: None }
    }

    /// Notes that a command has failed.
    ///
    /// When the others end is a matter of what the caller would do, for those that are held then cost
    /// their connections. Of an error that may pass, a server that is away, it is told within a
    /// second: it then looks at all queues, and waits without those of that server, so that an outage
    /// costs the others one connection each. A key of another type, or a right that is missing, stays
    /// until a person sees to it: ended for it, each wait would be over as it begins, and no queue
    /// would ever be waited for. So then the others last until they end by themselves.
    ///
    /// # Errors
    /// The error, where it may pass and there is but one server: the others have lost it too, or soon
    /// will, and a claim that they carry may have been carried out by the one that failed.
    pub(super) fn failed(&mut self, error: Error) -> Result<()> {
        if error.is_retryable() {
            if !self.apart {
                return Err(error);
            }
            self.until.get_or_insert_with(|| Instant::now() + LOOK_EVERY);
        }
        self.failed.get_or_insert(error);
        Ok(())
    }

    /// Waits for the first that is woken, or until all have ended.
    ///
    /// # Errors
    /// The first error of a command, if none was woken.
    pub(super) async fn run(mut self, mut waits: Vec<Waiting<'_>>) -> Result<Woken> {
        let mut last = Woken::TimedOut;
        while !waits.is_empty() {
            let next = select_all(waits);
            let (ended, _, others) = match self.until {
                Some(until) => match timeout_at(until, next).await {
                    Ok(next) => next,
                    Err(_) => break,
                },
                None => next.await,
            };
            waits = others;
            match ended {
                Ok(Ended::Woken(woken)) => return Ok(woken),
                Ok(Ended::TimeIsUp(claimed)) => last = claimed.map_or(last, Woken::Claimed),
                Err(error) => self.failed(error)?,
            }
        }
        self.failed.map_or(Ok(last), Err)
    }
}

#[cfg(test)]
#[path = "race_tests.rs"]
mod tests;
