//! A broker that charges an attempt for a task that is given back.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tireless::broker::{Outcome, Settle, SettleAnswer};
use tireless::{Backend, Failure, Result};
use tireless_testkit::{Layer, Layered};

/// See the module's words.
#[derive(Debug)]
pub(super) struct ChargesReleases(Arc<dyn Backend>);

impl ChargesReleases {
    pub(super) fn over(inner: Arc<dyn Backend>) -> Arc<dyn Backend> {
        Arc::new(Layered(Self(inner)))
    }
}

#[async_trait]
impl Layer for ChargesReleases {
    fn inner(&self) -> &Arc<dyn Backend> {
        &self.0
    }

    async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
        let mut settle = settle.clone();
        for one in &mut settle.outcomes {
            if let Outcome::Release { reentry, .. } = one.outcome {
                let failure = Failure::new("", "given back");
                one.outcome = Outcome::Fail { failure, retry_in: Duration::ZERO, reentry };
            }
        }
        self.0.settle(&settle).await
    }
}
