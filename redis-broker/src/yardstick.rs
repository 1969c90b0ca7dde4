//! The yardstick: how fast a store could be drained with none of the contract's care. A raw loop
//! takes a hundred bodies from a list into a hash in one script and removes the hundred before in
//! the same round trip.

use std::time::Instant;

use bytes::Bytes;
use tireless_core::{Operation, Result, TaskId};

use crate::client::{Command, RedisClient};
use crate::keys::Keys;
use crate::reply::Reply;
use crate::runner::{Runner, corrupt};
use crate::server_error::explain;

const BATCH: u64 = 100;
const LOAD: u64 = 1_000;
const INSPECT: Operation = Operation::Inspect;

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

/// Tasks a second.
pub(crate) async fn drain_limit<C: RedisClient>(
    runner: &Runner<C>,
    keys: &Keys,
    tasks: u64,
    body_bytes: usize,
) -> Result<f64> {
    let (list, held) = (keys.part("yardstick"), keys.part("yardstick-held"));
    let fill = vec![b'x'; body_bytes.saturating_sub(16)];
    for first in (0..tasks).step_by(LOAD as usize) {
        let mut words = vec![Bytes::from_static(b"LPUSH"), list.clone()];
        let bodies = first..tasks.min(first + LOAD);
        words.extend(bodies.map(|_| [&TaskId::new().as_bytes()[..], &fill].concat().into()));
        send(runner, vec![Command { words, first_key: Some(1) }]).await?;
    }
    let started = Instant::now();
    let drained = drain(runner, &list, &held).await;
    let seconds = started.elapsed().as_secs_f64();
    let words = vec![Bytes::from_static(b"UNLINK"), list, held];
    send(runner, vec![Command { words, first_key: Some(1) }]).await?;
    Ok(drained? as f64 / seconds)
}

async fn drain<C: RedisClient>(runner: &Runner<C>, list: &Bytes, held: &Bytes) -> Result<u64> {
    let load = ["SCRIPT", "LOAD", TAKE].map(word).to_vec();
    let sha = send(runner, vec![Command { words: load, first_key: None }]).await?.pop();
    let sha = sha.and_then(Reply::into_bytes).ok_or_else(|| corrupt(INSPECT))?;
    let take = || {
        let [evalsha, two] = ["EVALSHA", "2"].map(word);
        let batch = BATCH.to_string().into();
        let words = vec![evalsha, sha.clone(), two, list.clone(), held.clone(), batch];
        Command { words, first_key: Some(3) }
    };
    let (mut drained, mut acks) = (0, None);
    loop {
        let commands = std::iter::once(take()).chain(acks.take()).collect();
        let mut replies = send(runner, commands).await?.into_iter();
        let bodies = replies.next().and_then(Reply::into_array).ok_or_else(|| corrupt(INSPECT))?;
        if bodies.is_empty() {
            return Ok(drained);
        }
        drained += bodies.len() as u64;
        let mut words = vec![Bytes::from_static(b"HDEL"), held.clone()];
        let ids = bodies.into_iter().filter_map(Reply::into_bytes);
        words.extend(ids.map(|body| body.slice(..body.len().min(16))));
        acks = Some(Command { words, first_key: Some(1) });
    }
}

async fn send<C: RedisClient>(runner: &Runner<C>, commands: Vec<Command>) -> Result<Vec<Reply>> {
    let replies = runner.client().send(commands).await;
    replies.into_iter().map(|reply| reply.map_err(|error| explain(INSPECT, error))).collect()
}

fn word(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}
