//! Supervision: a loop that fails or panics is started again, with jittered backoff.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tireless_core::{Clock, Result};
use tokio_util::sync::CancellationToken;

use crate::events::{Event, Observers};
use crate::health::{Health, Role};
use crate::quiet::{log, panic_text};
use crate::random::backoff;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// What a loop is supervised with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Supervisor<'a> {
    pub(crate) clock: &'a dyn Clock,
    pub(crate) health: &'a Health,
    pub(crate) observers: &'a Observers,
    /// Ends loops between two starts.
    pub(crate) stop: &'a CancellationToken,
}

impl Supervisor<'_> {
    /// Runs a loop until it ends by itself.
    pub(crate) async fn run<F: Future<Output = Result<()>>>(
        &self,
        role: Role,
        mut start: impl FnMut() -> F,
    ) {
        let _ending = Ending { health: self.health, role };
        let mut failures = 0;
        loop {
            let began = self.clock.monotonic();
            let reason = match AssertUnwindSafe(async { start().await }).catch_unwind().await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error.to_string(),
                Err(panic) => format!("it panicked: {}", panic_text(panic)),
            };
            if self.clock.monotonic().saturating_sub(began) > LONGEST {
                failures = 0;
            }
            failures += 1;
            self.health.pulse(role).restarted(self.clock.monotonic());
            log!(warn, role = role.name(), reason, "a loop failed; it is started again");
            self.observers.tell(|| Event::LoopRestarted { name: role.name(), reason });
            tokio::select! {
                () = self.clock.sleep(backoff(failures, FIRST, LONGEST)) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }
}

/// However a loop ends, dropped or panicking included: it is known.
struct Ending<'a> {
    health: &'a Health,
    role: Role,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.health.pulse(self.role).ended();
    }
}

#[cfg(test)]
#[path = "supervise_tests.rs"]
mod tests;
