//! The claim that a wait carries: sent right behind a command that blocks, it is carried out in the
//! moment in which the server lets that one go, and the answers come together.

use std::time::Duration;

use tireless_core::{ClaimFrom, QueueClaimed, Result, Wait};

use super::{Answer, has_inbox};
use crate::client::{Command, RedisClient, only};
use crate::runner::ScriptCall;
use crate::settings::Settings;
use crate::{parse, request};

/// A claim, one command a queue. Sent over several connections it takes once all the same: its
/// number is spent by whichever comes first, and the others are told what that one took (B4).
pub(super) struct Carried {
    commands: Vec<Command>,
    number: u64,
}

impl Carried {
    /// What a wait carries; nothing if that is a claim of several queues that more than one command
    /// would wait for: in a Cluster, or with inboxes. Each would have to claim from all of them, on
    /// every look. What a claim of its own would be refused is left to that one too.
    ///
    /// # Errors
    /// `InvalidInput` for a claim of other queues.
    pub(super) fn of<C: RedisClient>(
        client: &C,
        settings: &Settings,
        wait: &Wait,
    ) -> Result<Option<Self>> {
        let Some(claim) = wait.carried()? else { return Ok(None) };
        let inbox = wait.queues.iter().any(|on| has_inbox(settings, on));
        if claim.queues.len() > 1 && (inbox || client.has_slots()) {
            return Ok(None);
        }
        let call = |from: &ClaimFrom| request::claim(&settings.keys(&from.queue), claim, from);
        let calls = claim.queues.iter().map(call).collect::<Result<Vec<_>>>().ok();
        let commands = |calls: Vec<ScriptCall>| calls.iter().map(ScriptCall::by_hash).collect();
        Ok(calls.map(|calls| Self { commands: commands(calls), number: claim.number }))
    }
}

/// Sends a command that blocks, and behind it what is carried. What the server did not carry out for
/// each queue, a script that it does not know say, counts as not carried.
pub(super) async fn block<C: RedisClient>(
    client: &C,
    command: Command,
    carried: Option<&Carried>,
    hold: Duration,
) -> (Answer, Option<Vec<QueueClaimed>>) {
    let behind = carried.map(|carried| carried.commands.clone()).unwrap_or_default();
    let mut answers = client.block([command].into_iter().chain(behind).collect(), hold).await;
    let behind = answers.split_off(answers.len().min(1));
    let claimed = carried.filter(|carried| behind.len() == carried.commands.len());
    let claimed = claimed.and_then(|carried| {
        let read = |answer: Answer| parse::claimed(answer.ok()?, carried.number).ok();
        behind.into_iter().map(read).collect()
    });
    (only(answers), claimed)
}
