//! Brokers that lead from an own id to a wrong task, or to none.

use tireless_core::{OwnId, Push, Pushed, QueueName, Result, State, TaskId};

use super::broken;

broken! {
    /// B3.7: finds only what is ready: not what runs, waits or is dead.
    FindsReadyTasksOnly {
        async fn find(&self, queue: &QueueName, own_id: &OwnId) -> Result<Option<TaskId>> {
            let Some(id) = self.inner.find(queue, own_id).await? else { return Ok(None) };
            let task = self.inner.show(queue, id).await?;
            Ok(task.filter(|task| task.state == State::Ready).map(|_| id))
        }
    }
}

broken! {
    /// B3.7: finds by a name that was left behind what is done, removed or dropped.
    FindsByLeftoverNames {
        async fn find(&self, queue: &QueueName, own_id: &OwnId) -> Result<Option<TaskId>> {
            let name = [queue.as_str().as_bytes(), own_id.as_bytes()].concat();
            let found = self.inner.find(queue, own_id).await?;
            let mut seen = self.memory.seen();
            match found {
                Some(id) => {
                    seen.retain(|known, _| left_over(known, &name).is_none());
                    seen.insert([&name[..], id.as_bytes()].concat(), 0);
                    Ok(Some(id))
                }
                None => Ok(seen.keys().find_map(|known| left_over(known, &name))),
            }
        }
    }
}

/// The task that was found by a name, if it is the one of this memory.
fn left_over(known: &[u8], name: &[u8]) -> Option<TaskId> {
    TaskId::from_slice(known.strip_prefix(name)?)
}

broken! {
    /// B3.7: finds for ever what it found first, though the own id is another task's by now.
    FindsWhatItFoundFirst {
        async fn find(&self, queue: &QueueName, own_id: &OwnId) -> Result<Option<TaskId>> {
            let name = [queue.as_str().as_bytes(), own_id.as_bytes()].concat();
            let found = self.inner.find(queue, own_id).await?;
            let mut seen = self.memory.seen();
            let first = seen.keys().find_map(|known| left_over(known, &name));
            if let (None, Some(id)) = (first, found) {
                seen.insert([&name[..], id.as_bytes()].concat(), 0);
            }
            Ok(found.map(|id| first.unwrap_or(id)))
        }
    }
}

broken! {
    /// B3.7: finds the tasks of other queues too.
    FindsInAllQueues {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            self.memory.seen().insert(push.queue.as_str().as_bytes().to_vec(), 0);
            self.inner.push(push).await
        }

        async fn find(&self, queue: &QueueName, own_id: &OwnId) -> Result<Option<TaskId>> {
            let others: Vec<Vec<u8>> = self.memory.seen().keys().cloned().collect();
            let others = others.iter().filter_map(|name| std::str::from_utf8(name).ok());
            let others = others.filter_map(|name| QueueName::new(name).ok());
            for queue in std::iter::once(queue.clone()).chain(others) {
                if let Some(id) = self.inner.find(&queue, own_id).await? {
                    return Ok(Some(id));
                }
            }
            Ok(None)
        }
    }
}

broken! {
    /// B3.7: does not tell capitals from small letters.
    FoldsOwnIds {
        async fn find(&self, queue: &QueueName, own_id: &OwnId) -> Result<Option<TaskId>> {
            let folded = OwnId::new(own_id.as_bytes().to_ascii_lowercase())?;
            match self.inner.find(queue, &folded).await? {
                Some(id) => Ok(Some(id)),
                None => self.inner.find(queue, own_id).await,
            }
        }
    }
}

broken! {
    /// B3.7: takes the task away that it has found.
    FindsByTaking {
        async fn find(&self, queue: &QueueName, own_id: &OwnId) -> Result<Option<TaskId>> {
            let found = self.inner.find(queue, own_id).await?;
            self.inner.remove(queue, found.as_slice()).await?;
            Ok(found)
        }
    }
}
