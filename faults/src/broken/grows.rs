//! A broker whose claims begin with a write that grows: refused at the memory limit (B2).

use std::sync::Arc;

use async_trait::async_trait;
use tireless::broker::{Claim, Claimed, Wait, Woken};
use tireless::{Backend, Error, ErrorKind, Operation, Result};
use tireless_testkit::{Layer, wait_then_claim};
use tireless_tests::Raw;

/// See the module's words.
#[derive(Debug)]
pub(super) struct ClaimsByGrowing {
    inner: Arc<dyn Backend>,
    raw: Raw,
}

impl ClaimsByGrowing {
    pub(super) fn over(inner: Arc<dyn Backend>, raw: Raw) -> Self {
        Self { inner, raw }
    }
}

#[async_trait]
impl Layer for ClaimsByGrowing {
    fn inner(&self) -> &Arc<dyn Backend> {
        &self.inner
    }

    async fn claim(&self, claim: &Claim) -> Claimed {
        let words: [&[u8]; 3] = [b"SET", b"claimed", b"just now"];
        if let Err(refusal) = self.raw.clone().try_command(&words).await {
            let error =
                || Error::new(ErrorKind::OutOfMemory, Operation::Claim, refusal.to_string());
            return claim.queues.iter().map(|from| (from.queue.clone(), Err(error()))).collect();
        }
        self.inner.claim(claim).await
    }

    async fn wait(&self, wait: &Wait) -> Result<Woken> {
        wait_then_claim(self, wait).await
    }
}
