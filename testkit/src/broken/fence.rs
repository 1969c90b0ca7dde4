//! Brokers that hear who should not be heard.

use tireless_core::{
    Claim, Claimed, Error, ErrorKind, Operation, Outcome, Push, Pushed, Result, Settle,
    SettleAnswer, Settled, WorkerId,
};

use super::broken;

broken! {
    /// B5.1: acks by the task's id alone: a stale worker finishes another one's run.
    AcksByIdAlone {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let answers = self.inner.claim(claim).await;
            for task in answers.iter().filter_map(|(_, a)| a.as_ref().ok()).flat_map(|a| &a.tasks) {
                self.memory.seen().insert(task.id.as_bytes().to_vec(), task.claim);
            }
            answers
        }

        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            let mut whole = SettleAnswer::default();
            for settlement in &settle.outcomes {
                let mut one = Settle {
                    outcomes: vec![settlement.clone()],
                    call: self.memory.call(),
                    ..settle.clone()
                };
                let holder = self.inner.show(&settle.queue, settlement.id).await?;
                if let Some(worker) = holder.and_then(|task| task.worker) {
                    one.worker = worker;
                    let held = self.memory.seen().get(settlement.id.as_bytes().as_slice()).copied();
                    one.outcomes[0].claim = held.unwrap_or(settlement.claim);
                }
                whole.settled.extend(self.inner.settle(&one).await?.settled);
            }
            Ok(whole)
        }
    }
}

broken! {
    /// B5.2: an ack leaves its id in the claim: the task comes back when its worker dies.
    AckLeavesTheIdInTheClaim {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let answers = self.inner.claim(claim).await;
            for (_, answer) in &answers {
                let Ok(answer) = answer else { continue };
                for task in &answer.tasks {
                    let shared = u64::from(answer.tasks.len() > 1);
                    self.memory.seen().insert(task.id.as_bytes().to_vec(), shared);
                }
            }
            answers
        }

        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            let left = |id: &tireless_core::TaskId| {
                self.memory.seen().get(id.as_bytes().as_slice()) == Some(&1)
            };
            let mut passed = settle.clone();
            passed.outcomes.retain(|one| one.outcome != Outcome::ACK || !left(&one.id));
            let mut settled = self.inner.settle(&passed).await?.settled.into_iter();
            let mut answer = SettleAnswer::default();
            for one in &settle.outcomes {
                let kept = one.outcome == Outcome::ACK && left(&one.id);
                answer.settled.extend(if kept { Some(Settled::Applied) } else { settled.next() });
            }
            Ok(answer)
        }
    }
}

broken! {
    /// B5.3: a settle sent again is executed again, and says that the lease was lost.
    SettlesAfresh {
        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            self.inner.settle(&Settle { call: self.memory.call(), ..settle.clone() }).await
        }
    }
}

broken! {
    /// B5.1: one outcome that is refused stops the batch.
    OneRefusalStopsTheBatch {
        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            let mut whole = SettleAnswer::default();
            for outcome in &settle.outcomes {
                let outcomes = vec![outcome.clone()];
                let call = self.memory.call();
                let one = Settle { outcomes, call, ..settle.clone() };
                if !whole.settled.contains(&Settled::LeaseLost) {
                    whole.settled.extend(self.inner.settle(&one).await?.settled);
                } else {
                    whole.settled.push(Settled::LeaseLost);
                }
            }
            Ok(whole)
        }
    }
}

broken! {
    /// B5.1: takes every worker for the same one.
    ConfusesWorkers {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let number = self.memory.number();
            let worker = WorkerId::from_bytes([1; 16]);
            let mut answers = self.inner.claim(&Claim { worker, number, ..claim.clone() }).await;
            for (_, answer) in &mut answers {
                let Ok(answer) = answer else { continue };
                for task in &mut answer.tasks {
                    self.memory.seen().insert(task.id.as_bytes().to_vec(), task.claim);
                    task.claim = claim.number;
                }
            }
            answers
        }

        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            let worker = WorkerId::from_bytes([1; 16]);
            let mut settle = Settle { worker, call: self.memory.call(), ..settle.clone() };
            for one in &mut settle.outcomes {
                let held = self.memory.seen().get(one.id.as_bytes().as_slice()).copied();
                one.claim = held.unwrap_or_default();
            }
            self.inner.settle(&settle).await
        }
    }
}

broken! {
    /// B5.2: takes the second outcome of a batch for a task as it took the first.
    HearsTwoOutcomes {
        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            let mut answer = self.inner.settle(settle).await?;
            for (at, outcome) in settle.outcomes.iter().enumerate() {
                let first = settle.outcomes.iter().position(|one| one.id == outcome.id);
                answer.settled[at] = answer.settled[first.unwrap_or(at)];
            }
            Ok(answer)
        }
    }
}

broken! {
    /// B5.3: takes a late copy of a settle that was given up for a new one.
    TakesStaleSettles {
        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            match self.inner.settle(settle).await {
                Err(error) if error.kind() == ErrorKind::Stale => {
                    let call = self.memory.call();
                    self.inner.settle(&Settle { call, ..settle.clone() }).await
                }
                answer => answer,
            }
        }
    }
}

broken! {
    /// B5.3: the mark of a caller's pushes counts for its settles too.
    NumbersPushesWithSettles {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            let mark = self.memory.of(push.caller, &push.queue).unwrap_or_default();
            self.memory.note(push.caller, &push.queue, mark.max(push.call.answered));
            self.inner.push(push).await
        }

        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            let mark = self.memory.of(settle.worker, &settle.queue).unwrap_or_default();
            if settle.call.number <= mark {
                return Err(Error::new(ErrorKind::Stale, Operation::Settle, "a late copy"));
            }
            self.inner.settle(settle).await
        }
    }
}
