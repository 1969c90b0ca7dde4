//! Brokers that go by the wrong clock, or by no permission.

use std::time::Duration;

use tireless_core::{
    Claim, Claimed, Push, Pushed, Reclaim, Result, StoreTime, Tick, Ticked, When, WorkerView,
};

use super::{broken, leave, renew};

broken! {
    /// B6: reckons delays by the client's clock, which is far behind the store's.
    ClientClock {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            let mut push = push.clone();
            for task in &mut push.tasks {
                if let When::After(delay) = task.when {
                    task.when = When::At(StoreTime::from_millis(0).after(delay));
                }
            }
            self.inner.push(&push).await
        }
    }
}

broken! {
    /// B6: believes a lease of any length.
    BelievesAnyLease {
        async fn workers(&self) -> Result<Vec<WorkerView>> {
            let mut workers = self.inner.workers().await?;
            for worker in &mut workers {
                worker.lease_until = worker.lease_until.after(Duration::from_secs(24 * 3600));
            }
            Ok(workers)
        }
    }
}

broken! {
    /// B16: reclaims without permission.
    ReclaimsUnasked {
        async fn tick(&self, tick: &Tick) -> Ticked {
            let now = StoreTime::from_millis(u64::MAX / 2);
            let always = Reclaim { not_after: now, bury_after_crashes: 3 };
            let reclaim = tick.reclaim.or(Some(always));
            self.inner.tick(&Tick { reclaim, ..tick.clone() }).await
        }
    }
}

broken! {
    /// B16: reclaims although the permission has ended.
    IgnoresThePermissionsEnd {
        async fn tick(&self, tick: &Tick) -> Ticked {
            let mut tick = tick.clone();
            if let Some(reclaim) = &mut tick.reclaim {
                reclaim.not_after = StoreTime::from_millis(u64::MAX / 2);
            }
            self.inner.tick(&tick).await
        }
    }
}

broken! {
    /// B16: calls every tick one of a steady row.
    AlwaysSteady {
        async fn tick(&self, tick: &Tick) -> Ticked {
            with_steadiness(self.inner.tick(tick).await, true)
        }
    }
}

broken! {
    /// B16: keeps no row: who is new never learns that it may judge.
    NeverSteady {
        async fn tick(&self, tick: &Tick) -> Ticked {
            with_steadiness(self.inner.tick(tick).await, false)
        }
    }
}

fn with_steadiness(mut ticked: Ticked, steady: bool) -> Ticked {
    for (_, answer) in &mut ticked {
        if let Ok(answer) = answer {
            answer.steady = steady;
        }
    }
    ticked
}

broken! {
    /// B16: never reclaims: what the dead held is lost.
    NeverReclaims {
        async fn tick(&self, tick: &Tick) -> Ticked {
            self.inner.tick(&Tick { reclaim: None, ..tick.clone() }).await
        }
    }
}

broken! {
    /// B16: after a reclaim it says that nothing is left, whoever else is dead.
    ForgetsTheRestOfTheDead {
        async fn tick(&self, tick: &Tick) -> Ticked {
            let mut ticked = self.inner.tick(tick).await;
            for (_, answer) in &mut ticked {
                if let Ok(answer) = answer {
                    answer.more &= answer.reclaimed == 0;
                }
            }
            ticked
        }
    }
}

broken! {
    /// B6: lets a lease last as long as it was asked for, where it decides who is dead.
    NeverCutsALease {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let answers = self.inner.claim(claim).await;
            for (queue, answer) in &answers {
                let Ok(answer) = answer else { continue };
                let until = answer.now.after(claim.lease).millis();
                self.memory.note(claim.worker, queue, until);
            }
            answers
        }

        async fn tick(&self, tick: &Tick) -> Ticked {
            let look = Tick { reclaim: None, ..tick.clone() };
            for (queue, answer) in self.inner.tick(&look).await {
                let now = answer.map_or(0, |answer| answer.now.millis());
                for (worker, until) in self.memory.noted(&queue) {
                    let left = Duration::from_millis(until.saturating_sub(now));
                    if !left.is_zero() {
                        renew(&self.inner, worker, &queue, left).await;
                    }
                }
            }
            self.inner.tick(tick).await
        }
    }
}

broken! {
    /// B16: goes by the lease of the last claim: who has renewed meanwhile is reclaimed too.
    ReclaimsWhoHasRenewed {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let answers = self.inner.claim(claim).await;
            for (queue, answer) in &answers {
                let Ok(answer) = answer else { continue };
                let until = answer.now.after(claim.lease).millis();
                self.memory.note(claim.worker, queue, until);
            }
            answers
        }

        async fn tick(&self, tick: &Tick) -> Ticked {
            let mut answers = self.inner.tick(tick).await;
            for (queue, answer) in answers.iter_mut().filter(|_| tick.reclaim.is_some()) {
                let Ok(answer) = answer else { continue };
                for (worker, until) in self.memory.noted(queue) {
                    if until <= answer.now.millis() {
                        answer.reclaimed += leave(&self.inner, worker, queue).await;
                    }
                }
            }
            answers
        }
    }
}
