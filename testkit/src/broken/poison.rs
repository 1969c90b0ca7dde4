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
                reclaim.bury_after_crashes = u32::MAX;
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

broken! {
    /// B11.2: who once had the turn has it for ever.
    TurnNeverPassesOn {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let mut answers = self.inner.claim(claim).await;
            for (queue, answer) in &mut answers {
                let Ok(answer) = answer else { continue };
                let first = self.memory.noted(queue).first().map(|(worker, _)| *worker);
                match first {
                    Some(first) => answer.your_turn &= first == claim.worker,
                    None if answer.your_turn => self.memory.note(claim.worker, queue, 1),
                    None => {}
                }
            }
            answers
        }
    }
}

broken! {
    /// B11.2: who has had the turn never has it again.
    TurnNeverComesBack {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let mut answers = self.inner.claim(claim).await;
            for (queue, answer) in &mut answers {
                let Ok(answer) = answer else { continue };
                let noted = self.memory.noted(queue);
                let had = |times| noted.contains(&(claim.worker, times));
                let (has_had, is_over) = (had(1), had(2));
                match answer.your_turn {
                    true if is_over => answer.your_turn = false,
                    true if !has_had => self.memory.note(claim.worker, queue, 1),
                    false if has_had && !is_over => self.memory.note(claim.worker, queue, 2),
                    _ => {}
                }
            }
            answers
        }
    }
}

broken! {
    /// B11.3: tells lone claims of turns too.
    LoneClaimsTurn {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let mut answers = self.inner.claim(claim).await;
            let answered = answers.iter_mut().filter_map(|(_, answer)| answer.as_mut().ok());
            for answer in answered.filter(|_| claim.mode == ClaimMode::Alone) {
                answer.your_turn = answer.suspects > 0;
            }
            answers
        }
    }
}

broken! {
    /// B11.3: a lone claim takes nothing while it is another worker's turn.
    WaitsForTheTurn {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let mut claim = claim.clone();
            for from in claim.queues.iter_mut().filter(|_| claim.mode == ClaimMode::Alone) {
                let turn = self.memory.noted(&from.queue);
                if turn.iter().any(|(worker, _)| *worker != claim.worker) {
                    from.max = 0;
                }
            }
            let answers = self.inner.claim(&claim).await;
            for (queue, answer) in &answers {
                if answer.as_ref().is_ok_and(|answer| answer.your_turn) {
                    self.memory.note(claim.worker, queue, 1);
                }
            }
            answers
        }
    }
}

broken! {
    /// B11.5, Administration: a task keeps its crashes and attempts, whoever requeues it.
    NeverForgets {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let mut answers = self.inner.claim(claim).await;
            let tasks = answers.iter_mut().filter_map(|(_, answer)| answer.as_mut().ok());
            for task in tasks.flat_map(|answer| &mut answer.tasks) {
                let most = |what: u8, count: &mut u32| {
                    let key = [&task.id.as_bytes()[..], &[what]].concat();
                    let mut seen = self.memory.seen();
                    let most = seen.entry(key).or_default();
                    *most = (*most).max(u64::from(*count));
                    *count = u32::try_from(*most).unwrap_or(u32::MAX);
                };
                most(0, &mut task.history.crashes);
                most(1, &mut task.history.attempts);
            }
            answers
        }
    }
}
