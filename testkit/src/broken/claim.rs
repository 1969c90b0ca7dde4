//! Brokers whose claims cannot be repeated.

use tireless_core::{Claim, ClaimFrom, Claimed, Renew, Renewed};

use super::{broken, renew};

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
                for from in &claim.queues {
                    renew(&self.inner, claim.worker, &from.queue, claim.lease).await;
                }
            }
            self.inner.claim(claim).await
        }
    }
}

broken! {
    /// B4.3: forgets the numbers of a worker that has left: a late copy takes tasks again.
    ForgetsWhoLeft {
        async fn renew(&self, renew: &Renew) -> Renewed {
            for held in renew.held.iter().filter(|_| renew.lease.is_zero()) {
                self.memory.note(renew.worker, &held.queue, 1);
            }
            self.inner.renew(renew).await
        }

        async fn claim(&self, claim: &Claim) -> Claimed {
            let left = |from: &ClaimFrom| self.memory.of(claim.worker, &from.queue).is_some();
            if claim.queues.iter().any(left) {
                return self.inner.claim(&renumbered(claim, self.memory.call().number)).await;
            }
            self.inner.claim(claim).await
        }
    }
}
