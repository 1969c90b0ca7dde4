//! The start of a pool: what was said before it is checked, and runs.

use std::future::Future;
use std::sync::Arc;

use tireless_core::Result;
use tireless_core::limits::LONGEST_LEASE;

use super::WorkerPool;
use crate::clock::TokioClock;
use crate::plan;
use crate::running::RunningPool;
use crate::shared::{Settings, Shared};

impl WorkerPool {
    /// Runs until the future ends, then shuts down in good order: claims nothing more, gives back
    /// what has not started, waits for what runs up to the shutdown timeout, gives back the rest.
    ///
    /// What it did is told by [`Event::PoolStopped`](crate::Event::PoolStopped), and by
    /// [`shutdown`](RunningPool::shutdown) of a pool that was [started](Self::start).
    ///
    /// Dropping it shuts the pool down in the background.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn run_until(self, end: impl Future<Output = ()>) -> Result<()> {
        let pool = self.start().await?;
        end.await;
        pool.shutdown().await;
        Ok(())
    }

    /// Starts the pool; the handle tells how it fares and ends it. It waits for its first renewal alone,
    /// which takes some seconds where the store does not answer.
    ///
    /// May be dropped: then nothing runs, and at most the worker is listed until its lease has ended.
    ///
    /// Needs a tokio runtime with time enabled: the pool's loops and its handlers run on it.
    ///
    /// # Errors
    /// `InvalidInput` for what is wrong with what was said, `Denied` if the store refuses this user,
    /// `Unsupported` or `WrongType` if it refuses every queue: one that is refused so beside others is
    /// told in the log, and tried again while they are served. A store that cannot be reached is no
    /// error: the pool waits for it.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn start(self) -> Result<RunningPool> {
        let (shared, real_time) = self.prepare()?;
        RunningPool::start(Arc::new(shared), real_time).await
    }

    /// What the roles share, and whether they go by real time.
    pub(crate) fn prepare(mut self) -> Result<(Shared, bool)> {
        self.check();
        if !self.problems.is_empty() {
            return Err(self.problems.swap_remove(0));
        }
        let mut routes = self.registry.bind()?;
        routes.extend(self.routes);
        let queues = plan::serve(self.queues, routes, self.settings.any_type)?;
        let real_time = self.clock.is_none();
        let clock = self.clock.unwrap_or_else(|| Arc::new(TokioClock));
        Ok((Shared::new(self.broker, clock, self.settings, queues, self.observers), real_time))
    }

    fn check(&mut self) {
        let Settings { lease, beat, .. } = self.settings;
        if lease > LONGEST_LEASE {
            self.refuse(format!("a lease of {lease:?} is too long; {LONGEST_LEASE:?} is the most"));
        }
        if self.settings.bury_after_crashes == 0 {
            self.refuse(plan::NO_CRASHES.to_owned());
        }
        if beat.is_zero() || beat > lease / 2 {
            self.refuse(format!(
                "a beat of {beat:?} does not keep a lease of {lease:?}; take half of it or less"
            ));
        }
    }
}
