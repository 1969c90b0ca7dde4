//! Brokers that look into bodies, or let them out in the wrong order.

use tireless_core::{
    Claim, Claimed, Outcome, Push, Pushed, Reentry, ReleaseReason, Result, Settle, SettleAnswer,
};

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

broken! {
    /// B8: last in, first out.
    LastInFirstOut {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            let mut push = push.clone();
            push.tasks.reverse();
            let mut answers = self.inner.push(&push).await?;
            answers.reverse();
            Ok(answers)
        }
    }
}

broken! {
    /// B8: what comes back always enters in front, whatever its outcome said.
    ComesBackInFront {
        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            let mut settle = settle.clone();
            for settlement in &mut settle.outcomes {
                if let Outcome::Release { reentry, .. } | Outcome::Fail { reentry, .. } =
                    &mut settlement.outcome
                {
                    *reentry = Reentry::Front;
                }
            }
            self.inner.settle(&settle).await
        }
    }
}
