//! The operator's hand over Redis.

use async_trait::async_trait;
use bytes::Bytes;
use tireless_core::limits::TASKS_PER_CALL;
use tireless_core::{
    Admin, Error, ErrorKind, Moved, Operation, Purged, QueueName, Reconcile, Reconciled, Removed,
    Result, Selection, State, TaskId,
};

use crate::broker::RedisBroker;
use crate::client::RedisClient;
use crate::request::{call, check_count, id_bytes, number};
use crate::{parse, scripts};

/// Workers come and go while an operator looks; after this many looks something is wrong.
const LOOKS: usize = 10;

#[async_trait]
impl<C: RedisClient> Admin for RedisBroker<C> {
    async fn requeue(&self, queue: &QueueName, selection: &Selection) -> Result<Moved> {
        let mut args = Vec::new();
        match selection {
            Selection::Ids(ids) => {
                check_count(Operation::Requeue, "ids", ids.len())?;
                args.extend([Bytes::from_static(b"ids"), Bytes::from_static(b"0")]);
                args.extend(ids.iter().map(id_bytes));
            }
            Selection::Oldest { state: state @ (State::Failed | State::Dead), limit } => {
                check_limit(Operation::Requeue, *limit)?;
                args.extend([Bytes::from_static(state.as_str().as_bytes()), number(limit)]);
            }
            Selection::Oldest { state, .. } => {
                let message =
                    format!("only failed and dead tasks can be requeued, not {state} ones");
                return Err(Error::invalid(Operation::Requeue, message));
            }
        }
        let call = call(&scripts::REQUEUE, &self.keys(queue), None, args);
        parse::moved(self.runner.run_one(Operation::Requeue, call).await?)
    }

    async fn remove(&self, queue: &QueueName, ids: &[TaskId]) -> Result<Vec<Removed>> {
        check_count(Operation::Remove, "ids", ids.len())?;
        for _ in 0..LOOKS {
            let workers = self.workers_of(Operation::Remove, queue).await?;
            let mut args = vec![number(workers.len())];
            args.extend(workers.iter().map(|worker| Bytes::copy_from_slice(worker.as_bytes())));
            args.extend(ids.iter().map(id_bytes));
            let keys = self.keys(queue);
            let mut call = call(&scripts::REMOVE, &keys, None, args);
            call.keys.extend(workers.iter().map(|worker| keys.running(*worker)));
            let reply = self.runner.run_one(Operation::Remove, call).await?;
            if let Some(removed) = parse::removed(reply, ids.len())? {
                return Ok(removed);
            }
        }
        Err(come_and_go(Operation::Remove))
    }

    async fn purge(&self, queue: &QueueName, state: State, limit: usize) -> Result<Purged> {
        check_limit(Operation::Purge, limit)?;
        if state == State::Running {
            let message = "running tasks cannot be purged: their workers hold them";
            return Err(Error::invalid(Operation::Purge, message));
        }
        let args = vec![Bytes::from_static(state.as_str().as_bytes()), number(limit)];
        let call = call(&scripts::PURGE, &self.keys(queue), None, args);
        parse::purged(self.runner.run_one(Operation::Purge, call).await?)
    }

    async fn pause(&self, queue: &QueueName) -> Result<()> {
        let call = call(&scripts::PAUSE, &self.keys(queue), None, Vec::new());
        self.runner.run_one(Operation::Pause, call).await.map(drop)
    }

    async fn resume(&self, queue: &QueueName) -> Result<()> {
        let call = call(&scripts::RESUME, &self.keys(queue), None, Vec::new());
        self.runner.run_one(Operation::Resume, call).await.map(drop)
    }

    async fn discard(&self, queue: &QueueName) -> Result<bool> {
        let keys = self.keys(queue);
        if keys.adoption().is_some() {
            let message = "an adopted list belongs to others: it is not ours to take away";
            return Err(Error::invalid(Operation::Discard, message));
        }
        for _ in 0..LOOKS {
            let workers = self.workers_of(Operation::Discard, queue).await?;
            let args = workers.iter().map(|worker| Bytes::copy_from_slice(worker.as_bytes()));
            let mut call = call(&scripts::DISCARD, &keys, None, args.collect());
            call.keys.extend(workers.iter().map(|worker| keys.running(*worker)));
            match self.runner.run_one(Operation::Discard, call).await?.as_int() {
                Some(1) => {
                    let listed = self.registry().part("queues");
                    let words: [&[u8]; 3] = [b"ZREM", &listed, queue.as_str().as_bytes()];
                    self.runner.command(Operation::Discard, &words, Some(1)).await?;
                    return Ok(true);
                }
                Some(0) => return Ok(false),
                _ => {}
            }
        }
        Err(come_and_go(Operation::Discard))
    }

    async fn reconcile(&self, queue: &QueueName, step: &Reconcile) -> Result<Reconciled> {
        if step.begin {
            self.begin_search(queue).await
        } else {
            self.search_on(queue, step.grace).await
        }
    }
}

fn come_and_go(operation: Operation) -> Error {
    let message = "workers come and go too fast to see what they hold; try again";
    Error::new(ErrorKind::Conflict, operation, message)
}

fn check_limit(operation: Operation, limit: usize) -> Result<()> {
    if limit == 0 || limit > TASKS_PER_CALL {
        let message = format!("a limit of {limit} is out of bounds; give 1 to {TASKS_PER_CALL}");
        return Err(Error::invalid(operation, message));
    }
    Ok(())
}
