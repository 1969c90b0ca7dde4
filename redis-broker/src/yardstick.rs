//! The yardsticks: what a store could do with none of the contract's care.
//!
//! How fast it could be drained: two raw loops, so that the store never waits for an answer to be
//! read, share a connection. Each takes a hundred bodies, or as many as a call may carry, from a list
//! into a hash in one script and removes those before in the same round trip.

mod hand_over;
mod pushes;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::try_join;
use tireless_core::limits::BYTES_PER_CALL;
use tireless_core::{BarePush, DrainLimit, Operation, Result, TaskId, Yardstick};

use hand_over::hand_over;
use pushes::pushes;

use crate::broker::RedisBroker;
use crate::client::{Command, RedisClient};
use crate::info::Info;
use crate::inspect::server_stats;
use crate::keys::Keys;
use crate::reply::Reply;
use crate::runner::{Runner, corrupt};
use crate::server_error::explain;

const BATCH: u64 = 100;
const LOAD: u64 = 1_000;
const INSPECT: Operation = Operation::Inspect;

/// What a run that was cut short leaves behind is gone after this.
const KEPT: Duration = Duration::from_secs(600);

const TAKE: &str = "
local bodies = redis.call('RPOP', KEYS[1], ARGV[1])
if not bodies then return {} end
local fields = {}
for _, body in ipairs(bodies) do
  fields[#fields + 1] = string.sub(body, 1, 16)
  fields[#fields + 1] = body
end
redis.call('HSET', KEYS[2], unpack(fields))
return bodies";

#[async_trait]
impl<C: RedisClient> Yardstick for RedisBroker<C> {
    async fn drain_limit(&self, tasks: u64, body_bytes: usize) -> Result<Option<DrainLimit>> {
        let keys = self.registry();
        drain_limit(&self.runner, &keys, tasks, body_bytes).await.map(Some)
    }

    async fn push_limit(&self, bare: &BarePush) -> Result<Option<f64>> {
        pushes(&self.runner, &self.registry(), bare).await.map(Some)
    }

    async fn hand_over_limit(&self, samples: usize) -> Result<Option<Vec<Duration>>> {
        hand_over(&self.runner, &self.registry(), samples).await.map(Some)
    }
}

/// Runs beside others of its kind. The keys are removed at the end; those of a run that was
/// dropped, or lost its server, expire after [`KEPT`].
async fn drain_limit<C: RedisClient>(
    runner: &Runner<C>,
    keys: &Keys,
    tasks: u64,
    body_bytes: usize,
) -> Result<DrainLimit> {
    let run = TaskId::new();
    let list = keys.part(&format!("yardstick:{run}"));
    let held = keys.part(&format!("yardstick-held:{run}"));
    let measured = measure(runner, &list, &held, tasks, body_bytes).await;
    // Where this fails the keys expire, and what was measured, or went wrong before, counts.
    let _ = send(runner, vec![command([Bytes::from_static(b"UNLINK"), list, held])]).await;
    measured
}

async fn measure<C: RedisClient>(
    runner: &Runner<C>,
    list: &Bytes,
    held: &Bytes,
    tasks: u64,
    body_bytes: usize,
) -> Result<DrainLimit> {
    fill(runner, list, held, tasks, body_bytes).await?;
    let load = ["SCRIPT", "LOAD", TAKE].map(word).to_vec();
    let load = Command { words: load, key: Some(list.clone()) };
    let sha = send(runner, vec![load]).await?.pop();
    let sha = sha.and_then(Reply::into_bytes).ok_or_else(|| corrupt(INSPECT))?;
    let [evalsha, two] = ["EVALSHA", "2"].map(word);
    let a_call = portion(BATCH, body_bytes).to_string().into();
    let words = vec![evalsha, sha, two, list.clone(), held.clone(), a_call];
    let take = Command::keyed(words, 3);
    let (started, before) = (Instant::now(), cpu(runner).await?);
    let (one, other) = try_join(drain(runner, &take, held), drain(runner, &take, held)).await?;
    let took = started.elapsed();
    let mut limit = DrainLimit::default();
    limit.per_second = (one + other) as f64 / took.as_secs_f64();
    limit.server_cpu_us =
        before.zip(cpu(runner).await?).map(|(before, after)| after.saturating_sub(before));
    Ok(limit)
}

/// How many bodies one call carries: the bound of bytes is that of the contract (B7).
fn portion(most: u64, body_bytes: usize) -> u64 {
    let fits = BYTES_PER_CALL / body_bytes.max(1);
    most.min(fits as u64).max(1)
}

/// What the server has used of its processor.
async fn cpu<C: RedisClient>(runner: &Runner<C>) -> Result<Option<u64>> {
    let info = Command::keyed(vec![word("INFO"), word("cpu")], usize::MAX);
    let text = send(runner, vec![info]).await?.pop().and_then(Reply::into_bytes);
    Ok(server_stats(&Info::new(&text.ok_or_else(|| corrupt(INSPECT))?)).cpu_us)
}

async fn fill<C: RedisClient>(
    runner: &Runner<C>,
    list: &Bytes,
    held: &Bytes,
    tasks: u64,
    body_bytes: usize,
) -> Result<()> {
    let expire = |key: &Bytes| {
        let millis = KEPT.as_millis().to_string().into();
        command([Bytes::from_static(b"PEXPIRE"), key.clone(), millis])
    };
    // A field that stays: an empty hash would go, and its expiry with it. It is too long for the small
    // form of hashes, in which removing one field looks through all of them.
    let stays = command([word("HSET"), held.clone(), word("-"), vec![b'-'; 1_000].into()]);
    let mut first = vec![stays, expire(held)];
    let rest = vec![b'x'; body_bytes.saturating_sub(16)];
    let a_call = portion(LOAD, body_bytes);
    for start in (0..tasks).step_by(a_call as usize) {
        let mut words = vec![Bytes::from_static(b"LPUSH"), list.clone()];
        let bodies = start..tasks.min(start + a_call);
        words.extend(bodies.map(|_| [&TaskId::new().as_bytes()[..], &rest].concat().into()));
        let mut commands = vec![command(words), expire(list)];
        commands.append(&mut first);
        send(runner, commands).await?;
    }
    Ok(())
}

/// One of the loops.
async fn drain<C: RedisClient>(runner: &Runner<C>, take: &Command, held: &Bytes) -> Result<u64> {
    let (mut drained, mut acks) = (0, None);
    loop {
        let commands = std::iter::once(take.clone()).chain(acks.take()).collect();
        let mut replies = send(runner, commands).await?.into_iter();
        let bodies = replies.next().and_then(Reply::into_array).ok_or_else(|| corrupt(INSPECT))?;
        if bodies.is_empty() {
            return Ok(drained);
        }
        drained += bodies.len() as u64;
        let ids = bodies.into_iter().filter_map(Reply::into_bytes);
        let ids = ids.map(|body| body.slice(..body.len().min(16)));
        acks = Some(command([Bytes::from_static(b"HDEL"), held.clone()].into_iter().chain(ids)));
    }
}

async fn send<C: RedisClient>(runner: &Runner<C>, commands: Vec<Command>) -> Result<Vec<Reply>> {
    let replies = runner.client().send(commands).await;
    replies.into_iter().map(|reply| reply.map_err(|error| explain(INSPECT, error))).collect()
}

fn command(words: impl IntoIterator<Item = Bytes>) -> Command {
    Command::keyed(words.into_iter().collect(), 1)
}

fn word(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}
