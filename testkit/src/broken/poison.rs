//! Brokers that let the guilty run beside the innocent, or blame the innocent.

use tireless_core::{
    BuryReason, Claim, ClaimMode, Claimed, Failure, Outcome, Result, Selection, Settle,
    SettleAnswer, Tick, Ticked,
};

use super::broken;

broken! {
    /// B11.2: gives suspects in shared claims.
    SharesSuspects {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let numbered = |number, mode| Claim { number, mode, ..claim.clone() };
            let mut answers =
                self.inner.claim(&numbered(claim.number * 2, claim.mode)).await;
            let alone = numbered(claim.number * 2 + 1, ClaimMode::Alone);
            for ((_, answer), (_, suspect)) in
                answers.iter_mut().zip(self.inner.claim(&alone).await)
            {
                if let (Ok(answer), Ok(suspect)) = (answer, suspect) {
                    answer.tasks.extend(suspect.tasks);
                }
            }
            answers
        }
    }
}

broken! {
    /// B11.2: gives the turn to everybody: all workers wait idle at once.
    EverybodysTurn {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let mut answers = self.inner.claim(claim).await;
            for (_, answer) in &mut answers {
                if let Ok(answer) = answer {
                    answer.your_turn = answer.suspects > 0;
                }
            }
            answers
        }
    }
}

broken! {
    /// B11.3: a lone claim takes a suspect of every queue: they crash together.
    OneSuspectAQueue {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let mut answers = Vec::new();
            for from in &claim.queues {
                let one = Claim { queues: vec![from.clone()], ..claim.clone() };
                answers.extend(self.inner.claim(&one).await);
            }
            answers
        }
    }
}

broken! {
    /// B11.4: pays no heed to the limit: poison comes back for ever.
    NeverBuriesPoison {
        async fn tick(&self, tick: &Tick) -> Ticked {
            let mut tick = tick.clone();
            if let Some(reclaim) = &mut tick.reclaim {
                reclaim.lone_crashes = u32::MAX;
            }
            self.inner.tick(&tick).await
        }
    }
}

broken! {
    /// B11.1: counts a crash in company as one alone: the innocent are blamed.
    BlamesTheInnocent {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let mut answers = self.inner.claim(claim).await;
            for (_, answer) in &mut answers {
                let Ok(answer) = answer else { continue };
                for task in &mut answer.tasks {
                    task.history.lone_crashes = task.history.crashes;
                }
            }
            answers
        }
    }
}

broken! {
    /// B11.5: a suspect that is released is no suspect any more.
    PardonsSuspects {
        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            let mut buried = settle.clone();
            let mut released = Vec::new();
            for settlement in &mut buried.outcomes {
                if matches!(settlement.outcome, Outcome::Release { .. }) {
                    let failure = Failure::new("", "released");
                    settlement.outcome = Outcome::Bury { reason: BuryReason::Asked, failure };
                    released.push(settlement.id);
                }
            }
            let answer = self.inner.settle(&buried).await?;
            self.inner.requeue(&settle.queue, &Selection::Ids(released)).await?;
            Ok(answer)
        }
    }
}
