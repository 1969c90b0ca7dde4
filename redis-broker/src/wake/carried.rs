//! The claim that a wait carries: sent right behind a command that blocks, it is carried out in the
//! moment in which the server lets that one go, and both answers come together.

use std::time::Duration;

use tireless_core::{QueueClaimed, Result, Wait};

use super::Answer;
use crate::broker::Settings;
use crate::client::{Command, RedisClient, only};
use crate::{parse, request};

/// One queue's claim. Sent over several connections it takes once all the same: its number is spent
/// by whichever comes first, and the others are told what that one took (B4).
pub(super) struct Carried {
    command: Command,
    number: u64,
}

impl Carried {
    /// What a wait carries; nothing if that is a claim of several queues, whose bells are not worth
    /// a call each. What a claim of its own would be refused is left to that one too.
    ///
    /// # Errors
    /// `InvalidInput` for a claim of other queues.
    pub(super) fn of(settings: &Settings, wait: &Wait) -> Result<Option<Self>> {
        let Some(claim) = wait.carried()? else { return Ok(None) };
        let [from] = &claim.queues[..] else { return Ok(None) };
        let call = request::claim(&settings.keys(&from.queue), claim, from).ok();
        Ok(call.map(|call| Self { command: call.by_hash(), number: claim.number }))
    }
}

/// Sends a command that blocks, and behind it what is carried. What the server did not carry out, a
/// script that it does not know say, counts as not carried.
pub(super) async fn block<C: RedisClient>(
    client: &C,
    command: Command,
    carried: Option<&Carried>,
    hold: Duration,
) -> (Answer, Option<QueueClaimed>) {
    let commands = [command].into_iter().chain(carried.map(|carried| carried.command.clone()));
    let mut answers = client.block(commands.collect(), hold).await;
    let behind = if answers.len() > 1 { answers.pop() } else { None };
    let claimed = carried.zip(behind).and_then(|(carried, answer)| {
        answer.ok().and_then(|reply| parse::claimed(reply, carried.number).ok())
    });
    (only(answers), claimed)
}
