//! What a wait looks at without blocking: inboxes before it, and the bells that it holds no command
//! for.

use std::time::Duration;

use bytes::Bytes;
use tireless_core::{Error, ErrorKind, Operation, QueueName, Result};
use tokio::time::sleep;

use super::{Answer, Ended, Inbox, LOOK_EVERY, turn};
use crate::client::{Command, RedisClient, only};
use crate::reply::Reply;
use crate::server_error::explain;

/// What is in the inboxes.
pub(super) enum Look<'a> {
    Found(QueueName),
    /// Those that are worth waiting for, and why the first of the others cannot be.
    Nothing(Vec<Inbox<'a>>, Option<Error>),
}

/// Looks into all inboxes in one round trip over the shared connection. A paused queue gives
/// nothing, so its inbox wakes nobody: its end rings the bell.
pub(super) async fn look<'a, C: RedisClient>(client: &C, inboxes: Vec<Inbox<'a>>) -> Look<'a> {
    let mut commands = Vec::with_capacity(2 * inboxes.len());
    for inbox in &inboxes {
        let [hget, paused] = [&b"HGET"[..], b"paused"].map(Bytes::from_static);
        let words = vec![hget, inbox.record.clone(), paused];
        commands.push(Command::keyed(words, 1));
        commands.push(Command::keyed(turn(b"LMOVE", &inbox.list).into(), 1));
    }
    let mut answers = client.send(commands).await.into_iter();
    let mut empty = Vec::with_capacity(inboxes.len());
    let mut failed = None;
    for inbox in inboxes {
        let (Some(paused), Some(answer)) = (answers.next(), answers.next()) else { break };
        if matches!(paused, Ok(Reply::Bytes(_))) {
            continue;
        }
        match answer.map_err(|error| explain(Operation::Wait, error)) {
            Ok(Reply::Bytes(_)) => return Look::Found(inbox.queue.clone()),
            Ok(_) => empty.push(inbox),
            // Refused at maxmemory: the caller's slow look stands behind it.
            Err(error) if error.kind() == ErrorKind::OutOfMemory => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    Look::Nothing(empty, failed)
}

/// Takes a ring of one of these bells, looking at all of them in one round trip now and then. One
/// that cannot be looked at is left out.
pub(super) async fn look_at_bells<C: RedisClient>(
    client: &C,
    mut bells: Vec<(Bytes, &QueueName)>,
    hold: Duration,
) -> Result<Ended> {
    let mut left = hold;
    let mut failed: Option<Error> = None;
    loop {
        let sizes = bells.iter().map(|(key, _)| command(b"LLEN", key)).collect();
        let sizes = client.send(sizes).await;
        let mut others = Vec::with_capacity(bells.len());
        for (size, bell) in sizes.into_iter().zip(bells) {
            match take_ring(client, &bell.0, size).await {
                // Of those that rang one is taken: a ring that is taken must be told of.
                Ok(true) => return Ok(Ended::of(Some(bell.1), None)),
                Ok(false) => others.push(bell),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        bells = others;
        let is_away = failed.as_ref().is_some_and(Error::is_retryable);
        if left.is_zero() || bells.is_empty() || is_away {
            return failed.map_or(Ok(Ended::TimeIsUp(None)), Err);
        }
        let pause = left.min(LOOK_EVERY);
        sleep(pause).await;
        left -= pause;
    }
}

/// Whether a bell of this size gave a ring.
async fn take_ring<C: RedisClient>(client: &C, bell: &Bytes, size: Answer) -> Result<bool> {
    let explained = |answer: Answer| answer.map_err(|error| explain(Operation::Wait, error));
    if !matches!(explained(size)?, Reply::Int(1..)) {
        return Ok(false);
    }
    let ring = explained(only(client.send(vec![command(b"LPOP", bell)]).await))?;
    Ok(matches!(ring, Reply::Bytes(_)))
}

fn command(name: &'static [u8], key: &Bytes) -> Command {
    Command::keyed(vec![Bytes::from_static(name), key.clone()], 1)
}
