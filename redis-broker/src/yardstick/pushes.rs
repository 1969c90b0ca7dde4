//! How fast bare `LPUSH`es bring bodies: nobody who waits for each answer can push sooner.

use std::time::Instant;

use bytes::Bytes;
use tireless_core::limits::BYTES_PER_CALL;
use tireless_core::{BarePush, Error, ErrorKind, Result, TaskId};
use tokio::task::JoinSet;

use super::{INSPECT, KEPT, command, send, word};
use crate::client::{Command, RedisClient};
use crate::keys::Keys;
use crate::runner::Runner;

/// The server has to keep what is brought until the end: no more than this, whatever the time.
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// Bodies a second. Their list is removed at the end; that of a run that was dropped, or lost its
/// server, is gone after [`KEPT`].
pub(crate) async fn pushes<C: RedisClient>(
    runner: &Runner<C>,
    keys: &Keys,
    bare: &BarePush,
) -> Result<f64> {
    let list = keys.part(&format!("yardstick:{}", TaskId::new()));
    let measured = measure(runner, &list, bare).await;
    // Where this fails the key expires, and what was measured, or went wrong before, counts.
    let _ = send(runner, vec![command([word("UNLINK"), list])]).await;
    measured
}

async fn measure<C: RedisClient>(runner: &Runner<C>, list: &Bytes, bare: &BarePush) -> Result<f64> {
    let batch = bare.batch.min(BYTES_PER_CALL / bare.body_bytes.max(1)).max(1);
    let bodies = std::iter::repeat_n(Bytes::from(vec![b'x'; bare.body_bytes]), batch);
    let push = command([word("LPUSH"), list.clone()].into_iter().chain(bodies));
    let expire = command([word("PEXPIRE"), list.clone(), KEPT.as_millis().to_string().into()]);
    send(runner, vec![push.clone(), expire]).await?;
    let start = Instant::now();
    // Each in a task of its own, also one alone, as callers of a producer are.
    let mut callers = JoinSet::new();
    for _ in 0..bare.callers.max(1) {
        let (runner, push, bare) = (runner.clone(), push.clone(), *bare);
        callers.spawn(async move { one_by_one(&runner, &push, &bare, start).await });
    }
    let mut calls = 0;
    while let Some(ended) = callers.join_next().await {
        calls +=
            ended.map_err(|error| Error::new(ErrorKind::Failed, INSPECT, error.to_string()))??;
    }
    Ok((calls * batch as u64) as f64 / start.elapsed().as_secs_f64())
}

/// How many calls one caller makes in the time, one after the other.
async fn one_by_one<C: RedisClient>(
    runner: &Runner<C>,
    push: &Command,
    bare: &BarePush,
    start: Instant,
) -> Result<u64> {
    let mut calls = 0;
    let a_call: usize = push.words.iter().map(Bytes::len).sum();
    let most = (MOST_BYTES / bare.callers.max(1) / a_call).max(1) as u64;
    while start.elapsed() < bare.time && calls < most {
        send(runner, vec![push.clone()]).await?;
        calls += 1;
    }
    Ok(calls)
}
