//! Brokers whose claims cannot be repeated.

use tireless_core::{Claim, ClaimFrom, Claimed, Held, Renew, WorkerInfo};

use super::broken;

/// The same claim under another number.
fn renumbered(claim: &Claim, number: u64) -> Claim {
    Claim { number, ..claim.clone() }
}

broken! {
    /// B4.2: a claim sent again takes more tasks: those of the lost reply are stranded.
    TakesMoreWhenRepeated {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let number = claim.number * 1_000 + self.memory.number();
            self.inner.claim(&renumbered(claim, number)).await
        }
    }
}

broken! {
    /// B4.2: a claim sent again gives nothing: it only remembers that it was made.
    GivesNothingWhenRepeated {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let mut key = claim.worker.as_bytes().to_vec();
            key.extend(claim.number.to_be_bytes());
            let repeated = self.memory.seen().insert(key, 1).is_some();
            let mut answers = self.inner.claim(claim).await;
            for (_, answer) in &mut answers {
                if let (Ok(answer), true) = (answer, repeated) {
                    answer.tasks.clear();
                }
            }
            answers
        }
    }
}

broken! {
    /// B4.3: a late copy of an older claim takes tasks that nobody will ever settle.
    ServesLateCopies {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let answers = self.inner.claim(claim).await;
            let empty = |answer: &tireless_core::Result<tireless_core::QueueClaimed>| {
                answer.as_ref().is_ok_and(|answer| answer.tasks.is_empty() && answer.more)
            };
            if claim.queues.iter().all(|from| from.max > 0)
                && answers.iter().any(|(_, answer)| empty(answer))
            {
                let number = (1 << 30) + self.memory.number();
                return self.inner.claim(&renumbered(claim, number)).await;
            }
            answers
        }
    }
}

broken! {
    /// B4.3: a claim sent again moves the lease to where it once asked for.
    LateCopiesMoveTheLease {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let mut key = claim.worker.as_bytes().to_vec();
            key.extend(claim.number.to_be_bytes());
            if self.memory.seen().insert(key, 1).is_some() {
                let held = |from: &ClaimFrom| Held {
                    queue: from.queue.clone(),
                    claims: Vec::new(),
                    below: 0,
                };
                let held = claim.queues.iter().map(held).collect();
                let (worker, lease) = (claim.worker, claim.lease);
                let renew = Renew { worker, lease, held, info: WorkerInfo::default() };
                self.inner.renew(&renew).await;
            }
            self.inner.claim(claim).await
        }
    }
}
