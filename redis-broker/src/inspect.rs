//! Reads for operators over Redis.

use async_trait::async_trait;
use bytes::Bytes;
use tireless_core::limits::BYTES_PER_CALL;
use tireless_core::{
    Checkup, Counts, FailureHistory, Inspect, List, Operation, OwnId, Page, QueueName, Result,
    ServerStats, State, StoreTime, TaskDetail, TaskId, TaskSummary, WorkerId, WorkerView,
};

use crate::broker::RedisBroker;
use crate::client::RedisClient;
use crate::info::Info;
use crate::parse::{Parts, found, history_of};
use crate::reply::Reply;
use crate::request::{call, check_count, id_bytes, number};
use crate::runner::corrupt;
use crate::{checkup, scripts};

const INSPECT: Operation = Operation::Inspect;

/// Queues that are listed at most.
const MOST_QUEUES: usize = 10_000;

impl<C: RedisClient> RedisBroker<C> {
    /// The workers that hold, or may hold, tasks of a queue; dead ones too until reclaimed.
    pub(crate) async fn workers_of(
        &self,
        operation: Operation,
        queue: &QueueName,
    ) -> Result<Vec<WorkerId>> {
        let leases = self.keys(queue).part("leases");
        let words: [&[u8]; 4] = [b"ZRANGE", &leases, b"0", b"-1"];
        let reply = self.runner.command(operation, &words, Some(1)).await?;
        let members = reply.into_array().ok_or_else(|| corrupt(operation))?;
        let ids = members.into_iter().filter_map(Reply::into_bytes);
        Ok(ids.filter_map(|id| WorkerId::from_slice(&id)).collect())
    }
}

#[async_trait]
impl<C: RedisClient> Inspect for RedisBroker<C> {
    async fn queues(&self) -> Result<Vec<QueueName>> {
        let call = call(&scripts::QUEUES, &self.registry(), None, vec![number(MOST_QUEUES)]);
        let mut parts = Parts::of(INSPECT, self.runner.run_one(INSPECT, call).await?)?;
        parts.count()?;
        let names = parts.array()?.into_iter().filter_map(Reply::into_bytes);
        let mut queues: Vec<_> = names
            .filter_map(|name| QueueName::new(std::str::from_utf8(&name).ok()?).ok())
            .collect();
        queues.sort();
        Ok(queues)
    }

    async fn counts(&self, queue: &QueueName) -> Result<Counts> {
        let call = call(&scripts::COUNTS, &self.keys(queue), None, Vec::new());
        let mut parts = Parts::of(INSPECT, self.runner.run_one(INSPECT, call).await?)?;
        let now = parts.time()?;
        let (ready, suspects, tasks) = (parts.count()?, parts.count()?, parts.count()?);
        let mut counts = Counts::default();
        counts.ready = ready + suspects;
        counts.suspects = suspects;
        counts.scheduled = parts.count()?;
        counts.failed = parts.count()?;
        counts.dead = parts.count()?;
        counts.kept = parts.count()?;
        counts.inbox = parts.count()?;
        counts.workers = parts.count()?;
        counts.paused = parts.flag()?;
        counts.done = parts.count()?;
        counts.dropped = parts.count()?;
        counts.pushed = parts.count()?;
        // A task is in exactly one place (B1): what is in none of the others runs.
        let elsewhere = counts.ready + counts.scheduled + counts.failed + counts.dead + counts.kept;
        counts.running = tasks.saturating_sub(elsewhere);
        let oldest = parts.next().ok().and_then(Reply::into_bytes);
        let oldest = oldest.and_then(|id| TaskId::from_slice(&id));
        let age = |id: TaskId| now.millis().saturating_sub(id.made_at_millis());
        counts.oldest_ready_ms = oldest.map_or(0, age);
        Ok(counts)
    }

    async fn list(&self, list: &List) -> Result<Page> {
        check_count(INSPECT, "tasks", list.limit)?;
        let keys = self.keys(&list.queue);
        let args = vec![
            Bytes::from_static(list.state.as_str().as_bytes()),
            number(list.cursor),
            number(list.limit.max(1)),
            number(BYTES_PER_CALL),
        ];
        let mut call = call(&scripts::LIST, &keys, None, args);
        if list.state == State::Running {
            let workers = self.workers_of(INSPECT, &list.queue).await?;
            call.keys.extend(workers.into_iter().map(|worker| keys.running(worker)));
        }
        let mut parts = Parts::of(INSPECT, self.runner.run_one(INSPECT, call).await?)?;
        let mut page = Page::default();
        page.next = u64::try_from(parts.int()?).ok();
        let mut rows = Parts::of(INSPECT, parts.next()?)?;
        while !rows.is_empty() {
            let id = TaskId::from_slice(&rows.bytes()?);
            let at = time_of(&rows.next()?);
            let envelope = rows.optional_bytes()?.unwrap_or_default();
            let history = history_of(rows.optional_bytes()?);
            // An entry that is no id was written by somebody else: it stops no listing (B9).
            if let Some(id) = id {
                page.tasks.push(TaskSummary::new(id, at, envelope, history));
            }
        }
        Ok(page)
    }

    async fn show(&self, queue: &QueueName, id: TaskId) -> Result<Option<TaskDetail>> {
        let keys = self.keys(queue);
        let workers = self.workers_of(INSPECT, queue).await?;
        let mut args = vec![id_bytes(&id)];
        args.extend(workers.iter().map(|worker| Bytes::copy_from_slice(worker.as_bytes())));
        let mut call = call(&scripts::SHOW, &keys, None, args);
        call.keys.extend(workers.iter().map(|worker| keys.running(*worker)));
        let reply = self.runner.run_one(INSPECT, call).await?;
        if reply == Reply::Nil {
            return Ok(None);
        }
        let mut parts = Parts::of(INSPECT, reply)?;
        let state = parts.bytes()?;
        let state = std::str::from_utf8(&state).ok().and_then(|state| state.parse().ok());
        let at = time_of(&parts.next()?);
        let worker = parts.optional_bytes()?;
        let envelope = parts.bytes()?;
        let history = history_of(parts.optional_bytes()?);
        let failures = parts.optional_bytes()?.unwrap_or_default();
        let summary = TaskSummary::new(id, at, envelope, history);
        let mut detail = TaskDetail::new(summary, state.ok_or_else(|| corrupt(INSPECT))?);
        detail.worker = worker.and_then(|worker| WorkerId::from_slice(&worker));
        detail.failures = FailureHistory::decode(&failures);
        Ok(Some(detail))
    }

    async fn find(&self, queue: &QueueName, own_id: &OwnId) -> Result<Option<TaskId>> {
        let args = vec![Bytes::copy_from_slice(own_id.as_bytes())];
        let call = call(&scripts::FIND, &self.keys(queue), None, args);
        found(self.runner.run_one(INSPECT, call).await?)
    }

    async fn workers(&self) -> Result<Vec<WorkerView>> {
        let call = call(&scripts::ROLL, &self.registry(), None, Vec::new());
        let mut rows = Parts::of(INSPECT, self.runner.run_one(INSPECT, call).await?)?;
        let mut workers = Vec::new();
        while !rows.is_empty() {
            let id = WorkerId::from_slice(&rows.bytes()?);
            let until = rows.time()?;
            let info = serde_json::from_slice(&rows.bytes()?).unwrap_or_default();
            workers.extend(id.map(|id| WorkerView::new(id, until, info)));
        }
        Ok(workers)
    }

    async fn server(&self) -> Result<ServerStats> {
        let words: [&[u8]; 1] = [b"INFO"];
        let reply = self.runner.command(INSPECT, &words, None).await?;
        let text = reply.into_bytes().ok_or_else(|| corrupt(INSPECT))?;
        Ok(server_stats(&Info::new(&text)))
    }

    async fn checkup(&self) -> Result<Vec<Checkup>> {
        checkup::checkups(&self.runner, |queue| self.keys(queue)).await
    }
}

fn time_of(reply: &Reply) -> Option<StoreTime> {
    let millis = u64::try_from(reply.as_int()?).ok()?;
    Some(StoreTime::from_millis(millis))
}

pub(crate) fn server_stats(info: &Info) -> ServerStats {
    let cpu = info.micros("used_cpu_user").zip(info.micros("used_cpu_sys"));
    let mut stats = ServerStats::default();
    stats.name = info.server();
    stats.cpu_us = cpu.map(|(user, system)| user + system);
    stats.commands = info.number("total_commands_processed");
    stats.memory_bytes = info.number("used_memory");
    stats
}
