//! The broker over any Redis client: the six operations that move tasks, and `apart`.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use tireless_core::{
    Broker, Claim, ClaimFrom, ClaimMode, Claimed, Effect, Error, ErrorKind, Held, Operation,
    PerQueue, Push, Pushed, QueueName, QueueRenewed, Renew, Renewed, Result, Settle, SettleAnswer,
    Tick, Ticked, Wait, Woken,
};

use crate::address::Address;
use crate::client::RedisClient;
use crate::keys::{Adoption, Keys};
use crate::link::Link;
use crate::registry::Registry;
use crate::reply::Reply;
use crate::runner::{Runner, ScriptCall, corrupt};
use crate::settings::Settings;
use crate::topology::AnyClient;
use crate::{parse, request, server_policy, wake};

/// A broker over a Redis client. Cheap to clone; clones share the client's connections.
#[derive(Debug)]
pub struct RedisBroker<C> {
    pub(crate) runner: Runner<C>,
    pub(crate) settings: Settings,
    pub(crate) told: Arc<Registry>,
}

impl<C> Clone for RedisBroker<C> {
    fn clone(&self) -> Self {
        let Self { runner, settings, told } = self;
        Self { runner: runner.clone(), settings: settings.clone(), told: told.clone() }
    }
}

impl<L: Link> RedisBroker<AnyClient<L>> {
    /// Connects by URL: to one server, through sentinels, or to a Cluster, see
    /// [`Address`](crate::address::Address).
    ///
    /// # Errors
    /// `InvalidInput` for a URL that cannot be read; `Unavailable`, `Denied` or `Unsupported` as
    /// the server, or its absence, says. No error shows the password.
    pub async fn connect(url: &str, settings: Settings) -> Result<Self> {
        let client = AnyClient::connect(&Address::parse(url)?).await?;
        Self::new(client, settings).await
    }
}

impl<C: RedisClient> RedisBroker<C> {
    /// A broker over a connected client.
    ///
    /// # Errors
    /// `Unsupported` when the server, or one of a Cluster, is older than Redis 6.2, or evicts keys
    /// and that is not allowed; `Denied` and `Unavailable` as the server says.
    pub async fn new(client: C, settings: Settings) -> Result<Self> {
        settings.adopted.values().try_for_each(Adoption::check)?;
        Adoption::check_apart(&settings.adopted)?;
        if client.has_slots() {
            settings.adopted.values().try_for_each(Adoption::check_slot)?;
        }
        let runner = Runner::new(client);
        server_policy::refuse_unfit(&runner, settings.allow_eviction).await?;
        Ok(Self { runner, settings, told: Arc::default() })
    }

    pub(crate) fn keys(&self, queue: &QueueName) -> Keys {
        self.settings.keys(queue)
    }

    pub(crate) fn registry(&self) -> Keys {
        Keys::of_registry(&self.settings.namespace)
    }

    /// Runs one call a queue, and `last` with them, in one round trip; an error on one hides
    /// nothing of another (B15). What was refused beforehand is not sent. Tells also whether `last`
    /// was carried out.
    async fn per_queue<T>(
        &self,
        operation: Operation,
        calls: Vec<(QueueName, Result<ScriptCall>)>,
        last: Option<ScriptCall>,
        read: impl Fn(Reply) -> Result<T>,
    ) -> (PerQueue<T>, bool) {
        let mut sent = Vec::with_capacity(calls.len() + 1);
        let mut seen = HashSet::with_capacity(calls.len());
        let mut pending = Vec::with_capacity(calls.len());
        for (queue, call) in calls {
            let call =
                if seen.insert(queue.clone()) { call } else { Err(twice(operation, &queue)) };
            pending.push((queue, call.map(|call| sent.push(call))));
        }
        sent.extend(last);
        let mut answers = self.runner.run(operation, &sent).await.into_iter();
        let mut answer = || answers.next().unwrap_or_else(|| Err(corrupt(operation)));
        let answered =
            |(queue, call): (_, Result<()>)| (queue, call.and_then(|()| read(answer()?)));
        let read = pending.into_iter().map(answered).collect();
        (read, answers.next().is_some_and(|last| last.is_ok()))
    }

    /// A script gives back so many claims only (B7): goes on until nothing unnamed is held.
    async fn give_back_rest(
        &self,
        renew: &Renew,
        held: &Held,
        first: QueueRenewed,
    ) -> Result<QueueRenewed> {
        let mut answer = first;
        loop {
            let call = request::renew(&self.keys(&held.queue), renew, held)?;
            let reply = self.runner.run_one(Operation::Renew, call).await?;
            let (next, more) = parse::renewed(reply)?;
            // Its time stays that of the first call, which looked for what is lost.
            answer.released += next.released;
            if !more {
                return Ok(answer);
            }
        }
    }
}

#[async_trait]
impl<C: RedisClient> Broker for RedisBroker<C> {
    async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
        self.push_named(push).await
    }

    async fn claim(&self, claim: &Claim) -> Claimed {
        if claim.mode == ClaimMode::Alone {
            return self.claim_alone(claim).await;
        }
        let call = |from: &ClaimFrom| {
            (from.queue.clone(), request::claim(&self.keys(&from.queue), claim, from))
        };
        let calls = claim.queues.iter().map(call).collect();
        let read = |reply| parse::claimed(reply, claim.number);
        self.per_queue(Operation::Claim, calls, None, read).await.0
    }

    async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
        if settle.outcomes.is_empty() {
            return Ok(SettleAnswer::default());
        }
        let keys = self.keys(&settle.queue);
        let request::SettleCall { call, places } =
            request::settle(&keys, settle, self.settings.dead_kept)?;
        let reply = self.runner.run_one(Operation::Settle, call).await?;
        parse::settled(reply, &places)
    }

    async fn renew(&self, renew: &Renew) -> Renewed {
        let call = |held: &Held| {
            (held.queue.clone(), request::renew(&self.keys(&held.queue), renew, held))
        };
        if !renew.lease.is_zero() {
            self.runner.client().keeps_lease(renew.lease);
        }
        let calls = renew.held.iter().map(call).collect();
        let named = |queue: &QueueName| !self.settings.adopted.contains_key(queue);
        let beat = self.told.beat(&self.registry(), renew, named);
        let (renewed, heard) = self.per_queue(Operation::Renew, calls, beat, parse::renewed).await;
        if heard {
            self.told.heard(renew);
        }
        let mut answers = Vec::with_capacity(renewed.len());
        for ((queue, answer), held) in renewed.into_iter().zip(&renew.held) {
            let answer = match answer {
                Ok((answer, true)) => self.give_back_rest(renew, held, answer).await,
                other => other.map(|(answer, _)| answer),
            };
            answers.push((queue, answer));
        }
        answers
    }

    async fn wait(&self, wait: &Wait) -> Result<Woken> {
        wake::wait(self.runner.client(), &self.settings, wait).await
    }

    async fn tick(&self, tick: &Tick) -> Ticked {
        let call = |queue: &QueueName| (queue.clone(), request::tick(&self.keys(queue), tick));
        let calls = tick.queues.iter().map(call).collect();
        let (ticked, _) = self.per_queue(Operation::Tick, calls, None, parse::ticked).await;
        let mut answers = Vec::with_capacity(ticked.len());
        for (queue, answer) in ticked {
            let answer = match (answer, &tick.reclaim) {
                (Ok(answer), Some(permission)) => {
                    self.take_care(&queue, answer, permission, tick.limit).await
                }
                (answer, _) => answer.map(|answer| answer.ticked),
            };
            answers.push((queue, answer));
        }
        answers
    }

    fn apart(&self) -> Option<Arc<dyn Broker>> {
        let (settings, told) = (self.settings.clone(), Arc::clone(&self.told));
        let runner = Runner::new(self.runner.client().apart()?);
        Some(Arc::new(RedisBroker { runner, settings, told }))
    }
}

/// Whether a call waited for a server in vain, and did nothing.
pub(crate) fn is_away(error: &Error) -> bool {
    error.kind() == ErrorKind::Unavailable && error.effect() == Effect::None
}

/// A queue that a call names twice would answer twice with the same tasks.
pub(crate) fn twice(operation: Operation, queue: &QueueName) -> Error {
    Error::invalid(operation, format!("the queue {queue} is named twice in one call"))
}

#[cfg(test)]
#[path = "broker_tests.rs"]
mod tests;
