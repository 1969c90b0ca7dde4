//! Brokers whose pushes cannot be repeated.

use tireless_core::{Effect, NewTask, Push, Pushed, Result, TaskId, WorkerId};

use super::broken;

broken! {
    /// B3.3: forgets its calls: a push sent again after the end brings tasks back to life.
    ForgetsPushes {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            let push = Push { caller: WorkerId::new(), call: self.memory.call(), ..push.clone() };
            self.inner.push(&push).await
        }
    }
}

broken! {
    /// B3.3: gives every copy of a task a new id: a repeated push is a second task.
    DoublesRepeatedPushes {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            let mut push =
                Push { caller: WorkerId::new(), call: self.memory.call(), ..push.clone() };
            let mut repeated = push.call.number;
            for task in &mut push.tasks {
                let key = task.id.as_bytes().to_vec();
                if let Some(first) = self.memory.seen().insert(key, repeated) {
                    repeated = first;
                    task.id = TaskId::new();
                }
            }
            self.inner.push(&push).await
        }
    }
}

broken! {
    /// B3.1: pushing an id that lives replaces the task.
    ReplacesLivingTasks {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            let ids: Vec<TaskId> = push.tasks.iter().map(|task| task.id).collect();
            if ids.len() == 1 {
                self.inner.remove(&push.queue, &ids).await?;
            }
            self.inner.push(push).await
        }
    }
}

broken! {
    /// B3.2: pays no heed to own ids.
    IgnoresOwnIds {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            let plain = |task: &NewTask| NewTask { own_id: None, ..task.clone() };
            let tasks = push.tasks.iter().map(plain).collect();
            self.inner.push(&Push { tasks, ..push.clone() }).await
        }
    }
}

broken! {
    /// B3.4: takes a late copy of a call that was given up for a new one.
    TakesStaleCalls {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            match self.inner.push(push).await {
                Err(error) if error.kind() == tireless_core::ErrorKind::Stale => {
                    let call = self.memory.call();
                    let push = Push { caller: WorkerId::new(), call, ..push.clone() };
                    self.inner.push(&push).await
                }
                answer => answer,
            }
        }
    }
}

broken! {
    /// B3.5: one task that exists stops those behind it in the batch.
    StopsAtTheFirstDuplicate {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            let mut answers = Vec::new();
            for task in &push.tasks {
                let tasks = vec![task.clone()];
                let call = self.memory.call();
                let one = Push { tasks, call, ..push.clone() };
                answers.extend(self.inner.push(&one).await?);
                if matches!(answers.last(), Some(Pushed::Exists { .. })) {
                    break;
                }
            }
            Ok(answers)
        }
    }
}

broken! {
    /// B3.6: cannot tell a refusal from a lost reply.
    NeverSureOfTheEffect {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            self.inner.push(push).await.map_err(|error| error.with_effect(Effect::Maybe))
        }
    }
}
