//! Brokers whose bell is silent where it should ring, or rings where it should be silent.

use tireless_core::{
    Claim, Claimed, Moved, Push, Pushed, QueueName, Renew, Renewed, Result, Selection, Settle,
    SettleAnswer, Tick, Ticked, Wait, Woken,
};

use super::{broken, silence};

broken! {
    /// B14: a push does not ring.
    SilentPush {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            let answer = self.inner.push(push).await;
            silence(&self.inner, &push.queue).await;
            answer
        }
    }
}

broken! {
    /// B14: promote, requeue and reclaim do not ring.
    SilentTick {
        async fn tick(&self, tick: &Tick) -> Ticked {
            let answer = self.inner.tick(tick).await;
            for queue in &tick.queues {
                silence(&self.inner, queue).await;
            }
            answer
        }
    }
}

broken! {
    /// B14: release, fail and snooze do not ring.
    SilentSettle {
        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            let answer = self.inner.settle(settle).await;
            silence(&self.inner, &settle.queue).await;
            answer
        }
    }
}

broken! {
    /// B14: giving back does not ring.
    SilentRenewal {
        async fn renew(&self, renew: &Renew) -> Renewed {
            let answer = self.inner.renew(renew).await;
            for held in &renew.held {
                silence(&self.inner, &held.queue).await;
            }
            answer
        }
    }
}

broken! {
    /// B14: requeueing by hand does not ring.
    SilentRequeue {
        async fn requeue(&self, queue: &QueueName, selection: &Selection) -> Result<Moved> {
            let answer = self.inner.requeue(queue, selection).await;
            silence(&self.inner, queue).await;
            answer
        }
    }
}

broken! {
    /// B14: resuming does not ring.
    SilentResume {
        async fn resume(&self, queue: &QueueName) -> Result<()> {
            let answer = self.inner.resume(queue).await;
            silence(&self.inner, queue).await;
            answer
        }
    }
}

broken! {
    /// B14: a claim that left more does not ring again: one ring for many tasks wakes one worker.
    SilentClaim {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let answer = self.inner.claim(claim).await;
            for from in &claim.queues {
                silence(&self.inner, &from.queue).await;
            }
            answer
        }
    }
}

broken! {
    /// B14: a claim that took nothing rings: two idle workers wake each other for ever.
    RingsForNothing {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let answers = self.inner.claim(claim).await;
            for (queue, answer) in &answers {
                if answer.as_ref().is_ok_and(|answer| answer.tasks.is_empty() && !answer.paused) {
                    drop(self.inner.pause(queue).await);
                    drop(self.inner.resume(queue).await);
                }
            }
            answers
        }
    }
}

broken! {
    /// B14: who is woken by a ring rings on, as long as somebody waits: one ring wakes all.
    OneRingWakesAll {
        async fn wait(&self, wait: &Wait) -> Result<Woken> {
            let count = |queue: &QueueName, change: fn(&mut u64)| {
                let mut waiting = self.memory.seen();
                let waiters = waiting.entry(queue.as_str().into()).or_default();
                change(waiters);
                *waiters
            };
            for on in &wait.queues {
                count(&on.queue, |waiters| *waiters += 1);
            }
            let woken = self.inner.wait(wait).await;
            for on in &wait.queues {
                let others = count(&on.queue, |waiters| *waiters -= 1);
                if woken.as_ref().is_ok_and(|woken| *woken == Woken::Rang(on.queue.clone()))
                    && others > 0
                {
                    self.inner.resume(&on.queue).await?;
                }
            }
            woken
        }
    }
}

broken! {
    /// B14: a ring is kept for two.
    KeepsARingTwice {
        async fn wait(&self, wait: &Wait) -> Result<Woken> {
            for on in &wait.queues {
                if self.memory.seen().remove(on.queue.as_str().as_bytes()).is_some() {
                    return Ok(Woken::Rang(on.queue.clone()));
                }
            }
            let woken = self.inner.wait(wait).await?;
            if let Woken::Rang(queue) = &woken {
                self.memory.seen().insert(queue.as_str().into(), 1);
            }
            Ok(woken)
        }
    }
}
