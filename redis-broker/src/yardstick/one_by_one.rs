//! How fast a bare `LPUSH` after the other brings bodies: nobody who waits for each answer can push
//! sooner.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tireless_core::{Result, TaskId};

use super::{KEPT, command, send, word};
use crate::client::RedisClient;
use crate::keys::Keys;
use crate::runner::Runner;

/// Bodies a second, for so long. Their list is removed at the end; that of a run that was dropped,
/// or lost its server, is gone after [`KEPT`].
pub(crate) async fn one_by_one<C: RedisClient>(
    runner: &Runner<C>,
    keys: &Keys,
    body_bytes: usize,
    time: Duration,
) -> Result<f64> {
    let list = keys.part(&format!("yardstick:{}", TaskId::new()));
    let measured = push(runner, &list, body_bytes, time).await;
    // Where this fails the key expires, and what was measured, or went wrong before, counts.
    let _ = send(runner, vec![command([word("UNLINK"), list])]).await;
    measured
}

async fn push<C: RedisClient>(
    runner: &Runner<C>,
    list: &Bytes,
    body_bytes: usize,
    time: Duration,
) -> Result<f64> {
    let push = command([word("LPUSH"), list.clone(), vec![b'x'; body_bytes].into()]);
    let expire = command([word("PEXPIRE"), list.clone(), KEPT.as_millis().to_string().into()]);
    send(runner, vec![push.clone(), expire]).await?;
    let (start, mut pushed) = (Instant::now(), 0_u64);
    while start.elapsed() < time {
        send(runner, vec![push.clone()]).await?;
        pushed += 1;
    }
    Ok(pushed as f64 / start.elapsed().as_secs_f64())
}
