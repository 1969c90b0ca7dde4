//! Brokers whose heartbeats do not do what they say.

use std::sync::Arc;
use std::time::Duration;

use tireless_core::{
    Backend, Claim, Claimed, Outcome, QueueName, QueueRenewed, Renew, Renewed, Settle, Settled,
    Settlement, TaskId, Tick, Ticked, WorkerId,
};

use super::{Memory, broken};

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
    /// B5.4: fills its bound up with a part of a claim, of which no renewal tells.
    SplitsClaims {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let answers = self.inner.claim(claim).await;
            for (_, answer) in &answers {
                for task in answer.iter().flat_map(|answer| &answer.tasks) {
                    let run = [&claim.worker.as_bytes()[..], task.id.as_bytes()].concat();
                    self.memory.seen().insert(run, task.claim);
                }
            }
            answers
        }

        async fn tick(&self, tick: &Tick) -> Ticked {
            let mut answers = self.inner.tick(tick).await;
            for (queue, answer) in &mut answers {
                let Ok(answer) = answer else { continue };
                let reclaimed = usize::try_from(answer.reclaimed).unwrap_or(usize::MAX);
                let room = tick.limit.saturating_sub(reclaimed);
                if answer.reclaimed > 0 && answer.more {
                    answer.reclaimed += take_some(&self.inner, &self.memory, queue, room).await;
                }
            }
            answers
        }
    }
}

/// Takes so many tasks from whoever holds them; how many there were.
async fn take_some(
    broker: &Arc<dyn Backend>,
    memory: &Memory,
    queue: &QueueName,
    room: usize,
) -> u64 {
    let runs: Vec<_> = memory.seen().iter().map(|(run, claim)| (run.clone(), *claim)).collect();
    let mut taken = 0;
    for (run, claim) in runs {
        let Some((worker, id)) = run.split_first_chunk::<16>() else { continue };
        let Ok(id) = id.try_into() else { continue };
        let (worker, id) = (WorkerId::from_bytes(*worker), TaskId::from_bytes(id));
        let outcomes = vec![Settlement { claim, id, outcome: Outcome::RELEASE }];
        let settle = Settle { queue: queue.clone(), worker, call: memory.call(), outcomes };
        let answer = broker.settle(&settle).await;
        taken += usize::from(answer.is_ok_and(|answer| answer.settled == [Settled::Applied]));
        if taken >= room {
            break;
        }
    }
    taken as u64
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
