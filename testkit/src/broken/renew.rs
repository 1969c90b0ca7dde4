//! Brokers whose heartbeats do not do what they say.

use std::time::Duration;

use tireless_core::{QueueRenewed, Renew, Renewed};

use super::broken;

broken! {
    /// B4.4: answers a renewal and does nothing: the living lose their tasks.
    NoRenewal {
        async fn renew(&self, renew: &Renew) -> Renewed {
            let answer = |_| Ok(QueueRenewed::default());
            renew.held.iter().map(|held| (held.queue.clone(), answer(held))).collect()
        }
    }
}

broken! {
    /// B4.4: gives nothing back that its worker does not know of: a lost reply is stranded.
    StrandsLostReplies {
        async fn renew(&self, renew: &Renew) -> Renewed {
            let mut renew = renew.clone();
            if !renew.lease.is_zero() {
                renew.held.iter_mut().for_each(|held| held.below = 0);
            }
            self.inner.renew(&renew).await
        }
    }
}

broken! {
    /// B4.4: pays no heed to the mark: claims under way are taken from their worker.
    IgnoresTheMark {
        async fn renew(&self, renew: &Renew) -> Renewed {
            let mut renew = renew.clone();
            renew.held.iter_mut().for_each(|held| held.below = u64::MAX);
            self.inner.renew(&renew).await
        }
    }
}

broken! {
    /// B4.5: a worker that leaves stays registered, with all that it named.
    NeverLetsGo {
        async fn renew(&self, renew: &Renew) -> Renewed {
            let lease = renew.lease.max(Duration::from_secs(60));
            self.inner.renew(&Renew { lease, ..renew.clone() }).await
        }
    }
}

broken! {
    /// B5.4: keeps to itself which claims were lost.
    NamesNoLostClaims {
        async fn renew(&self, renew: &Renew) -> Renewed {
            let mut answers = self.inner.renew(renew).await;
            for (_, answer) in &mut answers {
                if let Ok(answer) = answer {
                    answer.lost.clear();
                }
            }
            answers
        }
    }
}

broken! {
    /// B4.5: who leaves has not spent its numbers: a claim still on its way takes tasks with it.
    LeavesNumbersUnspent {
        async fn renew(&self, renew: &Renew) -> Renewed {
            let mut renew = renew.clone();
            if renew.lease.is_zero() {
                renew.held.iter_mut().for_each(|held| held.below = 0);
            }
            self.inner.renew(&renew).await
        }
    }
}
