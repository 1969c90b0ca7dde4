//! Brokers that lose tasks, or do in two steps what is one.

use tireless_core::{
    Claim, Claimed, Durability, Moved, NewTask, Outcome, Push, Pushed, QueueName, Result,
    Selection, Settle, SettleAnswer, Settled, Settlement, State, When,
};

use super::{broken, let_others_look};

broken! {
    /// B1, B4.1: pops tasks without a record: a crash of the worker loses them.
    PopWithoutRecord {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let answers = self.inner.claim(claim).await;
            for (queue, answer) in &answers {
                let Ok(answer) = answer else { continue };
                let outcomes = answer.tasks.iter().map(|task| Settlement {
                    claim: task.claim,
                    id: task.id,
                    outcome: Outcome::ACK,
                });
                let settle = Settle {
                    queue: queue.clone(),
                    worker: claim.worker,
                    call: self.memory.call(),
                    outcomes: outcomes.collect(),
                };
                drop(self.inner.settle(&settle).await);
            }
            answers
        }

        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            let mut answer = SettleAnswer::default();
            answer.settled = vec![Settled::Applied; settle.outcomes.len()];
            Ok(answer)
        }
    }
}

broken! {
    /// B2: pushes a batch in two halves.
    HalfPush {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            let middle = push.tasks.len() / 2;
            let part = |tasks: &[NewTask], number| {
                let mut part = Push { tasks: tasks.to_vec(), ..push.clone() };
                part.call.number = number;
                part.call.answered = 0;
                part
            };
            let number = push.call.number * 2;
            let mut answers = self.inner.push(&part(&push.tasks[..middle], number)).await?;
            let_others_look().await;
            answers.extend(self.inner.push(&part(&push.tasks[middle..], number + 1)).await?);
            Ok(answers)
        }
    }
}

broken! {
    /// B2: settles a batch one by one.
    OneByOneSettle {
        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            let mut whole = SettleAnswer::default();
            for outcome in &settle.outcomes {
                let mut part = Settle { outcomes: vec![outcome.clone()], ..settle.clone() };
                part.call = self.memory.call();
                whole.settled.extend(self.inner.settle(&part).await?.settled);
                let_others_look().await;
            }
            Ok(whole)
        }
    }
}

broken! {
    /// B1, B2: moves a task by removing it here and adding it there: for a while it is nowhere.
    MoveInTwoSteps {
        async fn requeue(&self, queue: &QueueName, selection: &Selection) -> Result<Moved> {
            let Selection::Ids(ids) = selection else {
                return self.inner.requeue(queue, selection).await;
            };
            let mut moved = Moved::default();
            for id in ids {
                let Some(task) = self.inner.show(queue, *id).await? else { continue };
                if !matches!(task.state, State::Failed | State::Dead) {
                    continue;
                }
                self.inner.remove(queue, &[*id]).await?;
                let_others_look().await;
                let push = Push {
                    queue: queue.clone(),
                    caller: tireless_core::WorkerId::new(),
                    call: self.memory.call(),
                    tasks: vec![NewTask {
                        id: *id,
                        envelope: task.summary.envelope,
                        when: When::Now,
                        own_id: task.summary.history.own_id,
                    }],
                    durability: Durability::Stored,
                };
                self.inner.push(&push).await?;
                moved.moved += 1;
            }
            Ok(moved)
        }
    }
}

broken! {
    /// B1: acks, and has the task twice: once done, once more ready.
    AckLeavesTheTask {
        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            let mut other = settle.clone();
            for settlement in &mut other.outcomes {
                if settlement.outcome == Outcome::ACK {
                    settlement.outcome = Outcome::RELEASE;
                }
            }
            self.inner.settle(&other).await
        }
    }
}
