//! Brokers that let tasks out in the wrong order.

use std::sync::Arc;
use std::time::Duration;

use tireless_core::{
    Backend, Call, Claim, ClaimFrom, ClaimMode, ClaimedTask, Moved, Outcome, Push, Pushed,
    QueueName, Reentry, ReleaseReason, Renew, Renewed, Result, Selection, Settle, SettleAnswer,
    Settlement, Tick, Ticked, WorkerId,
};

use super::{LONG, broken, leave};

broken! {
    /// B8: last in, first out.
    LastInFirstOut {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            let mut push = push.clone();
            push.tasks.reverse();
            let mut answers = self.inner.push(&push).await?;
            answers.reverse();
            Ok(answers)
        }
    }
}

broken! {
    /// B8: what comes back always enters in front, whatever its outcome said.
    ComesBackInFront {
        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            let mut settle = settle.clone();
            for settlement in &mut settle.outcomes {
                if let Outcome::Release { reentry, .. } | Outcome::Fail { reentry, .. } =
                    &mut settlement.outcome
                {
                    *reentry = Reentry::Front;
                }
            }
            self.inner.settle(&settle).await
        }
    }
}

/// Moves so many of the tasks that are ready: takes all, and gives them back in front in the order that
/// `change` left them in.
async fn reorder(
    broker: &Arc<dyn Backend>,
    queue: &QueueName,
    moved: u64,
    change: fn(&mut [ClaimedTask], usize),
) {
    if moved == 0 {
        return;
    }
    let worker = WorkerId::new();
    let queues = vec![ClaimFrom { queue: queue.clone(), max: 1_000, inbox: false }];
    let claim = Claim { worker, number: 1, lease: LONG, mode: ClaimMode::Shared, queues };
    let Some((_, Ok(taken))) = broker.claim(&claim).await.pop() else { return };
    let mut tasks = taken.tasks;
    let moved = usize::try_from(moved).map_or(tasks.len(), |moved| moved.min(tasks.len()));
    change(&mut tasks, moved);
    let outcome = Outcome::Release {
        after: Duration::ZERO,
        reason: ReleaseReason::Unfinished,
        reentry: Reentry::Front,
    };
    let in_front =
        |task: ClaimedTask| Settlement { claim: task.claim, id: task.id, outcome: outcome.clone() };
    let outcomes = tasks.into_iter().map(in_front).collect();
    let (queue, call) = (queue.clone(), Call { number: 1, answered: 0 });
    let settle = Settle { queue: queue.clone(), worker, call, outcomes };
    drop(broker.settle(&settle).await);
    leave(broker, worker, &queue).await;
}

broken! {
    /// B8: what is reclaimed enters at the back.
    ReclaimsToTheBack {
        async fn tick(&self, tick: &Tick) -> Ticked {
            let answers = self.inner.tick(tick).await;
            for (queue, answer) in &answers {
                let Ok(answer) = answer else { continue };
                reorder(&self.inner, queue, answer.reclaimed - answer.poisoned, <[_]>::rotate_left)
                    .await;
            }
            answers
        }
    }
}

broken! {
    /// B8: what is given back enters at the back.
    GivesBackToTheBack {
        async fn renew(&self, renew: &Renew) -> Renewed {
            let answers = self.inner.renew(renew).await;
            for (queue, answer) in &answers {
                let Ok(answer) = answer else { continue };
                reorder(&self.inner, queue, answer.released, <[_]>::rotate_left).await;
            }
            answers
        }
    }
}

broken! {
    /// B8: what is requeued by hand enters in front.
    RequeuesByHandToTheFront {
        async fn requeue(&self, queue: &QueueName, selection: &Selection) -> Result<Moved> {
            let answer = self.inner.requeue(queue, selection).await?;
            reorder(&self.inner, queue, answer.moved, <[_]>::rotate_right).await;
            Ok(answer)
        }
    }
}

broken! {
    /// B8: what is promoted enters in front.
    PromotesToTheFront {
        async fn tick(&self, tick: &Tick) -> Ticked {
            let answers = self.inner.tick(tick).await;
            for (queue, answer) in &answers {
                let Ok(answer) = answer else { continue };
                reorder(&self.inner, queue, answer.promoted, <[_]>::rotate_right).await;
            }
            answers
        }
    }
}

broken! {
    /// B8: of what is promoted together the last due comes first.
    PromotesTheLastDueFirst {
        async fn tick(&self, tick: &Tick) -> Ticked {
            let answers = self.inner.tick(tick).await;
            for (queue, answer) in &answers {
                let Ok(answer) = answer else { continue };
                reorder(&self.inner, queue, answer.promoted, |tasks, last| {
                    let first = tasks.len() - last;
                    tasks[first..].reverse();
                })
                .await;
            }
            answers
        }
    }
}
