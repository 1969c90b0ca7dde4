//! Brokers that do to a queue what its operator must not be able to.

use tireless_core::{
    Claim, ClaimFrom, ClaimMode, Claimed, Outcome, QueueName, Removed, Result, Settle, Settlement,
    State, TaskId, WorkerId, limits,
};

use super::{LONG, broken, leave};

broken! {
    /// Administration: a paused queue gives tasks.
    IgnoresPauses {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let mut paused = Vec::new();
            for from in &claim.queues {
                if self.inner.counts(&from.queue).await.is_ok_and(|counts| counts.paused) {
                    drop(self.inner.resume(&from.queue).await);
                    paused.push(from.queue.clone());
                }
            }
            let mut answers = self.inner.claim(claim).await;
            for queue in paused {
                drop(self.inner.pause(&queue).await);
                for (of, answer) in &mut answers {
                    if let (true, Ok(answer)) = (*of == queue, answer) {
                        answer.paused = true;
                    }
                }
            }
            answers
        }
    }
}

broken! {
    /// Administration: discards a queue with the tasks that it holds.
    DiscardsTasks {
        async fn discard(&self, queue: &QueueName) -> Result<bool> {
            for state in [State::Ready, State::Scheduled, State::Failed, State::Dead, State::Done] {
                while self.inner.purge(queue, state, limits::TASKS_PER_CALL).await?.more {}
            }
            self.inner.discard(queue).await
        }
    }
}

broken! {
    /// Administration: discards a queue with the raw bodies in its inbox.
    DiscardsRawBodies {
        async fn discard(&self, queue: &QueueName) -> Result<bool> {
            let counts = self.inner.counts(queue).await?;
            if counts.inbox > 0 && counts.ready + counts.scheduled + counts.failed == 0 {
                let (worker, inbox) = (WorkerId::new(), true);
                let queues = vec![ClaimFrom { queue: queue.clone(), max: 1_000, inbox }];
                let mode = ClaimMode::Shared;
                let claim = Claim { worker, number: 1, lease: LONG, mode, queues };
                for (_, answer) in self.inner.claim(&claim).await {
                    let done = |task: &tireless_core::ClaimedTask| Settlement {
                        claim: task.claim,
                        id: task.id,
                        outcome: Outcome::ACK,
                    };
                    let outcomes = answer?.tasks.iter().map(done).collect();
                    let (queue, call) = (queue.clone(), self.memory.call());
                    self.inner.settle(&Settle { queue, worker, call, outcomes }).await?;
                }
                leave(&self.inner, worker, queue).await;
            }
            self.inner.discard(queue).await
        }
    }
}

broken! {
    /// Administration: discards a queue that a live worker serves.
    DiscardsServedQueues {
        async fn claim(&self, claim: &Claim) -> Claimed {
            for from in &claim.queues {
                self.memory.note(claim.worker, &from.queue, 1);
            }
            self.inner.claim(claim).await
        }

        async fn discard(&self, queue: &QueueName) -> Result<bool> {
            for (worker, _) in self.memory.noted(queue) {
                leave(&self.inner, worker, queue).await;
            }
            self.inner.discard(queue).await
        }
    }
}

broken! {
    /// Administration: removes a task that a worker runs.
    RemovesRunningTasks {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let answers = self.inner.claim(claim).await;
            for task in answers.iter().filter_map(|(_, a)| a.as_ref().ok()).flat_map(|a| &a.tasks) {
                self.memory.seen().insert(task.id.as_bytes().to_vec(), task.claim);
            }
            answers
        }

        async fn remove(&self, queue: &QueueName, ids: &[TaskId]) -> Result<Vec<Removed>> {
            let mut answers = self.inner.remove(queue, ids).await?;
            for (id, answer) in ids.iter().zip(&mut answers) {
                let shown = self.inner.show(queue, *id).await?;
                let Some(worker) = shown.and_then(|task| task.worker) else { continue };
                let claim = self.memory.seen().get(id.as_bytes().as_slice()).copied();
                let outcome = Outcome::ACK;
                let outcomes =
                    vec![Settlement { claim: claim.unwrap_or_default(), id: *id, outcome }];
                let (queue, call) = (queue.clone(), self.memory.call());
                self.inner.settle(&Settle { queue, worker, call, outcomes }).await?;
                *answer = Removed::Removed;
            }
            Ok(answers)
        }
    }
}
