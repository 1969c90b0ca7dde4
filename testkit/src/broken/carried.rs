//! Brokers that are careless with the claims that waits carry.

use tireless_core::{Claim, Result, Wait, Woken};

use super::broken;

broken! {
    /// B14: a carried claim is carried out under a number that nobody knows: what it took is lost
    /// with the answer.
    ClaimsUnderAnotherNumber {
        async fn wait(&self, wait: &Wait) -> Result<Woken> {
            let number = self.memory.call().number;
            let claim = wait.claim.clone().map(|claim| Claim { number, ..claim });
            self.inner.wait(&Wait { claim, ..wait.clone() }).await
        }
    }
}

broken! {
    /// B14: a carried claim is carried out, and the wait tells of the ring only with tasks that it
    /// makes up: none.
    KeepsWhatItClaimed {
        async fn wait(&self, wait: &Wait) -> Result<Woken> {
            match self.inner.wait(wait).await? {
                Woken::Claimed(mut answers) => {
                    answers.iter_mut().for_each(|answer| answer.tasks.clear());
                    Ok(Woken::Claimed(answers))
                }
                woken => Ok(woken),
            }
        }
    }
}

broken! {
    /// B4, B14: a carried claim is sent again by who waits, as a new one, until it takes something.
    ClaimsAgainForItself {
        async fn wait(&self, wait: &Wait) -> Result<Woken> {
            let woken = self.inner.wait(wait).await?;
            if let (Woken::Claimed(answers), Some(claim)) = (&woken, &wait.claim)
                && answers.iter().all(|answer| answer.tasks.is_empty())
            {
                let number = self.memory.call().number;
                self.inner.claim(&Claim { number, ..claim.clone() }).await;
            }
            Ok(woken)
        }
    }
}

broken! {
    /// B14: a claim of other queues than are waited for is carried too.
    CarriesAnyClaim {
        async fn wait(&self, wait: &Wait) -> Result<Woken> {
            match wait.carried() {
                Ok(_) => self.inner.wait(wait).await,
                Err(_) => self.inner.wait(&Wait { claim: None, ..wait.clone() }).await,
            }
        }
    }
}

broken! {
    /// B14, B15: what a carried claim took of several queues is told in another order than theirs.
    MixesUpItsQueues {
        async fn wait(&self, wait: &Wait) -> Result<Woken> {
            match self.inner.wait(wait).await? {
                Woken::Claimed(mut answers) => {
                    answers.reverse();
                    Ok(Woken::Claimed(answers))
                }
                woken => Ok(woken),
            }
        }
    }
}
