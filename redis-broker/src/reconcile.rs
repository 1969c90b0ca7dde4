//! Reconcile over Redis: each step of a search needs other keys, and looks which ones it needs.

use std::time::Duration;

use bytes::Bytes;
use tireless_core::limits::LONGEST_LEASE;
use tireless_core::{Mended, Operation, QueueName, Reconciled, Result, WorkerId};

use crate::broker::RedisBroker;
use crate::client::RedisClient;
use crate::keys::Keys;
use crate::parse::{self, Parts};
use crate::request::{call, millis};
use crate::runner::corrupt;
use crate::scripts;

const RECONCILE: Operation = Operation::Reconcile;

/// Steps that a tick makes at most, some tens of milliseconds of the server's time: a search of a
/// million tasks takes minutes then, and nobody notices it.
const STEPS_A_TICK: usize = 50;

/// Keys that one page of SCAN looks at, about.
const KEYS_A_PAGE: &[u8] = b"1000";

/// Where a search is, as its callers share it.
#[derive(Debug, Default)]
struct Stage {
    /// Empty if no search is under way.
    name: Bytes,
    /// The last worker whose claims were read.
    after: Bytes,
    /// The cursor of the search for workers without a lease.
    scan: Bytes,
}

impl<C: RedisClient> RedisBroker<C> {
    /// Looks whether the numbers of a queue add up, and goes on with a search that is under way.
    pub(crate) async fn look_after(&self, queue: &QueueName, mended: &mut Mended) -> Result<()> {
        for _ in 0..STEPS_A_TICK {
            let stage = self.stage(queue).await?;
            let answer = if stage.name.is_empty() {
                let workers = self.workers_of(RECONCILE, queue).await?;
                self.step(queue, "check", LONGEST_LEASE, &[], &workers).await?
            } else {
                self.step_of(queue, &stage, LONGEST_LEASE).await?
            };
            mended.add(&answer.mended);
            if !answer.more {
                break;
            }
        }
        Ok(())
    }

    pub(crate) async fn begin_search(&self, queue: &QueueName) -> Result<Reconciled> {
        self.step(queue, "begin", LONGEST_LEASE, &[], &[]).await
    }

    pub(crate) async fn search_on(&self, queue: &QueueName, grace: Duration) -> Result<Reconciled> {
        let stage = self.stage(queue).await?;
        self.step_of(queue, &stage, grace).await
    }

    /// The step that is next, with the keys that it needs.
    async fn step_of(
        &self,
        queue: &QueueName,
        stage: &Stage,
        grace: Duration,
    ) -> Result<Reconciled> {
        match &stage.name[..] {
            b"held" => {
                let mut workers = self.workers_of(RECONCILE, queue).await?;
                workers.sort_unstable();
                let next = workers.into_iter().find(|worker| worker.as_bytes()[..] > stage.after);
                let named: &[&[u8]] = if next.is_none() { &[b""] } else { &[] };
                self.step(queue, "held", grace, named, next.as_slice()).await
            }
            b"holders" => {
                let (next, found) = self.holders(queue, &stage.scan).await?;
                self.step(queue, "holders", grace, &[&next], &found).await
            }
            b"end" => {
                let workers = self.workers_of(RECONCILE, queue).await?;
                self.step(queue, "end", grace, &[], &workers).await
            }
            b"ready" => self.step(queue, "ready", grace, &[], &[]).await,
            _ => self.step(queue, "collect", grace, &[], &[]).await,
        }
    }

    async fn step(
        &self,
        queue: &QueueName,
        name: &'static str,
        grace: Duration,
        first: &[&[u8]],
        workers: &[WorkerId],
    ) -> Result<Reconciled> {
        let keys = self.keys(queue);
        let mut args = vec![Bytes::from_static(name.as_bytes()), millis(grace.min(LONGEST_LEASE))];
        args.extend(first.iter().map(|word| Bytes::copy_from_slice(word)));
        args.extend(workers.iter().map(|worker| Bytes::copy_from_slice(worker.as_bytes())));
        let mut call = call(&scripts::RECONCILE, &keys, None, args);
        call.keys.extend(workers.iter().map(|worker| keys.running(*worker)));
        parse::reconciled(self.runner.run_one(RECONCILE, call).await?)
    }

    async fn stage(&self, queue: &QueueName) -> Result<Stage> {
        let search = self.keys(queue).part("search");
        let words: [&[u8]; 5] = [b"HMGET", &search, b"stage", b"after", b"scan"];
        let reply = self.runner.command(RECONCILE, &words, Some(1)).await?;
        let mut parts = Parts::of(RECONCILE, reply)?;
        let mut next = || Ok(parts.optional_bytes()?.unwrap_or_default());
        Ok(Stage { name: next()?, after: next()?, scan: next()? })
    }

    /// A page of the workers that hold or have held tasks of a queue, by the names of their keys,
    /// and where the next page starts: only so are those found that have no lease.
    async fn holders(&self, queue: &QueueName, cursor: &[u8]) -> Result<(Bytes, Vec<WorkerId>)> {
        let prefix = self.keys(queue).part(Keys::RUNNING);
        let pattern = [&literal(&prefix)[..], b"*"].concat();
        let words: [&[u8]; 6] = [b"SCAN", cursor, b"MATCH", &pattern, b"COUNT", KEYS_A_PAGE];
        // By a key's own name: a pattern in which signs are escaped may belong to another slot.
        let reply = self.runner.command_at(RECONCILE, &words, &prefix).await?;
        let mut parts = Parts::of(RECONCILE, reply)?;
        let next = parts.bytes()?;
        let worker = |key: &[u8]| {
            let id = std::str::from_utf8(key.strip_prefix(&prefix[..])?).ok()?;
            id.parse::<WorkerId>().ok()
        };
        let mut found = Vec::new();
        for key in parts.array()? {
            let key = key.into_bytes().ok_or_else(|| corrupt(RECONCILE))?;
            found.extend(worker(&key));
        }
        Ok((next, found))
    }
}

/// A name as a pattern that matches nothing else.
fn literal(name: &[u8]) -> Vec<u8> {
    let mut pattern = Vec::with_capacity(name.len());
    for byte in name {
        if b"*?[]\\".contains(byte) {
            pattern.push(b'\\');
        }
        pattern.push(*byte);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adopted_lists_name_is_no_pattern() {
        assert_eq!(literal(b"a*[b]?"), b"a\\*\\[b\\]\\?");
        assert_eq!(literal(b"tireless:{a/b.c/0}:"), b"tireless:{a/b.c/0}:");
    }
}
