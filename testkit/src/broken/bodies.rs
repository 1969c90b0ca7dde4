//! Brokers that look into bodies, or forget how they came back.

use tireless_core::{Claim, Claimed, Outcome, ReleaseReason, Result, Settle, SettleAnswer};

use super::broken;

broken! {
    /// B9: reads bodies as text and writes them anew.
    ReencodesBodies {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let mut answers = self.inner.claim(claim).await;
            for (_, answer) in &mut answers {
                let Ok(answer) = answer else { continue };
                for task in &mut answer.tasks {
                    let text = String::from_utf8_lossy(&task.envelope).into_owned();
                    task.envelope = text.into();
                }
            }
            answers
        }
    }
}

broken! {
    /// B9: does not count how often a task came back unknown.
    ForgetsReturns {
        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            let mut settle = settle.clone();
            for settlement in &mut settle.outcomes {
                if let Outcome::Release { reason, .. } = &mut settlement.outcome {
                    *reason = ReleaseReason::Unfinished;
                }
            }
            self.inner.settle(&settle).await
        }
    }
}
