//! A contestant's worker while something is measured.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::contestant::Contestant;
use crate::tally::Tally;

/// How long a worker may take to end; nothing is measured any more then.
const END: Duration = Duration::from_secs(10);

/// Runs until it is ended or dropped.
pub(super) struct Worker {
    stop: CancellationToken,
    running: JoinHandle<Result<()>>,
}

impl Worker {
    pub(super) fn start(contestant: &Arc<dyn Contestant>, tally: Arc<Tally>) -> Self {
        let (contestant, stop) = (contestant.clone(), CancellationToken::new());
        let told = stop.clone();
        Self { stop, running: tokio::spawn(async move { contestant.work(tally, told).await }) }
    }

    /// An error if it has ended by itself.
    pub(super) async fn check(&mut self) -> Result<()> {
        if !self.running.is_finished() {
            return Ok(());
        }
        match (&mut self.running).await? {
            Ok(()) => bail!("its worker ended by itself"),
            Err(error) => Err(error.context("its worker ended by itself")),
        }
    }

    /// Ends it in good order, or by force where it does not follow.
    pub(super) async fn end(mut self) {
        self.stop.cancel();
        let _ = tokio::time::timeout(END, &mut self.running).await;
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.cancel();
        self.running.abort();
    }
}
