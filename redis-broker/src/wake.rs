//! Waiting for a bell: the only place where a command blocks.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use tireless_core::{
    Error, ErrorKind, Operation, QueueClaimed, QueueName, Result, Wait, WaitOn, Woken,
};
use tokio::time::sleep;

use crate::client::{ClientError, Command, RedisClient};
use crate::reply::Reply;
use crate::server_error::{explain, is_elsewhere};
use crate::settings::Settings;

mod carried;
mod look;
mod race;

use carried::{Carried, block};
use look::{Look, look, look_at_bells};
use race::Race;

/// Waits for the bells of the queues and, where asked, for a plain push into an inbox.
///
/// Every command that blocks has a connection of its own, and one that is still held when another
/// was answered costs it: so inboxes are first looked at without blocking, and what ends because
/// the time is up, or fails, ends nothing else.
pub(crate) async fn wait<C: RedisClient>(
    client: &C,
    settings: &Settings,
    wait: &Wait,
) -> Result<Woken> {
    if wait.queues.is_empty() {
        return Err(Error::invalid(Operation::Wait, "name at least one queue to wait for"));
    }
    let carried = Carried::of(client, settings, wait)?;
    let carried = carried.as_ref();
    let bells: Vec<_> =
        wait.queues.iter().map(|on| (settings.keys(&on.queue).part("bell"), &on.queue)).collect();
    let inboxes = wait.queues.iter().filter(|on| has_inbox(settings, on));
    let inboxes: Vec<_> = inboxes
        .map(|on| {
            let keys = settings.keys(&on.queue);
            Inbox { list: keys.part("inbox"), record: keys.part("queue"), queue: &on.queue }
        })
        .collect();
    let mut race = Race::new(client.has_slots() && wait.queues.len() > 1);
    let inboxes = match look(client, inboxes).await {
        Look::Found(queue) => return Ok(Woken::Rang(queue)),
        Look::Nothing(inboxes, failed) => {
            failed.map_or(Ok(()), |error| race.failed(error))?;
            inboxes
        }
    };
    let mut waits = bell_waits(client, bells, carried, wait.timeout);
    for inbox in inboxes {
        waits.push(Box::pin(plain_push(client, inbox, carried, wait.timeout)));
    }
    race.run(waits).await
}

/// Whether a plain push into the queue's inbox, or into the list that it adopts, ends the wait.
fn has_inbox(settings: &Settings, on: &WaitOn) -> bool {
    on.inbox || settings.adopted.contains_key(&on.queue)
}

/// How one of the commands of a wait ended.
enum Ended {
    Woken(Woken),
    /// And what the claim behind it gave.
    TimeIsUp(Option<Vec<QueueClaimed>>),
}

impl Ended {
    fn of(rang: Option<&QueueName>, claimed: Option<Vec<QueueClaimed>>) -> Self {
        let nothing = |claimed: &[QueueClaimed]| claimed.iter().all(|of| of.tasks.is_empty());
        match (rang, claimed) {
            (None, Some(claimed)) if nothing(&claimed) => Self::TimeIsUp(Some(claimed)),
            (_, Some(claimed)) => Self::Woken(Woken::Claimed(claimed)),
            (Some(queue), None) => Self::Woken(Woken::Rang(queue.clone())),
            (None, None) => Self::TimeIsUp(None),
        }
    }
}

/// How many bells of a Cluster one wait holds commands for; each takes a connection.
const HELD_BELLS: usize = 8;

/// How often the other bells of a Cluster are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// One command for all bells. In a Cluster the bells of several queues lie in several slots, and a
/// command may only name keys of one: the first bells get a command each, the others are looked at.
fn bell_waits<'a, C: RedisClient>(
    client: &'a C,
    mut bells: Vec<(Bytes, &'a QueueName)>,
    carried: Option<&'a Carried>,
    hold: Duration,
) -> Vec<Waiting<'a>> {
    if !client.has_slots() {
        return vec![Box::pin(bell(client, bells, carried, hold))];
    }
    let others = bells.split_off(bells.len().min(HELD_BELLS));
    let mut waits: Vec<Waiting<'a>> = Vec::with_capacity(bells.len() + 1);
    for one in bells {
        waits.push(Box::pin(bell(client, vec![one], carried, hold)));
    }
    if !others.is_empty() {
        waits.push(Box::pin(look_at_bells(client, others, hold)));
    }
    waits
}

type Answer = std::result::Result<Reply, ClientError>;
type Waiting<'a> = Pin<Box<dyn Future<Output = Result<Ended>> + Send + 'a>>;

struct Inbox<'a> {
    list: Bytes,
    /// The queue's own record, which says whether it is paused.
    record: Bytes,
    queue: &'a QueueName,
}

/// Moves the last element of a list to its own end, which changes nothing.
fn turn(command: &'static [u8], list: &Bytes) -> [Bytes; 5] {
    let right = Bytes::from_static(b"RIGHT");
    [Bytes::from_static(command), list.clone(), list.clone(), right.clone(), right]
}

fn seconds(hold: Duration) -> Bytes {
    // 0 would mean for ever.
    format!("{:.3}", hold.as_secs_f64().max(0.001)).into()
}

/// Takes one ring of whichever bell has one.
async fn bell<C: RedisClient>(
    client: &C,
    bells: Vec<(Bytes, &QueueName)>,
    carried: Option<&Carried>,
    hold: Duration,
) -> Result<Ended> {
    let mut words = vec![Bytes::from_static(b"BLPOP")];
    words.extend(bells.iter().map(|(key, _)| key.clone()));
    words.push(seconds(hold));
    let (answer, claimed) = block(client, Command::keyed(words, 1), carried, hold).await;
    if answer.as_ref().is_err_and(is_elsewhere) {
        // The next wait goes where the slot is then.
        sleep(LOOK_EVERY.min(hold)).await;
        return Ok(Ended::TimeIsUp(None));
    }
    let reply = match answer {
        Ok(reply) => reply,
        Err(error) => return failed(explain(Operation::Wait, error), claimed),
    };
    let key = reply.into_array().and_then(|parts| parts.into_iter().next()?.into_bytes());
    let rang = key.and_then(|key| bells.into_iter().find(|(bell, _)| *bell == key));
    Ok(Ended::of(rang.map(|(_, queue)| queue), claimed))
}

/// A plain push rings no bell. A move within the list waits until there is an element and changes
/// nothing: one push wakes every waiter.
async fn plain_push<C: RedisClient>(
    client: &C,
    inbox: Inbox<'_>,
    carried: Option<&Carried>,
    hold: Duration,
) -> Result<Ended> {
    let mut words = Vec::from(turn(b"BLMOVE", &inbox.list));
    words.push(seconds(hold));
    let (answer, claimed) = block(client, Command::keyed(words, 1), carried, hold).await;
    if answer.as_ref().is_err_and(is_elsewhere) {
        sleep(LOOK_EVERY.min(hold)).await;
        return Ok(Ended::TimeIsUp(None));
    }
    match answer.map_err(|error| explain(Operation::Wait, error)) {
        Ok(Reply::Bytes(_)) => Ok(Ended::of(Some(inbox.queue), claimed)),
        Ok(_) => Ok(Ended::of(None, claimed)),
        // Refused at maxmemory: the caller's slow look stands behind it.
        Err(error) if error.kind() == ErrorKind::OutOfMemory => Ok(Ended::of(None, claimed)),
        Err(error) => failed(error, claimed),
    }
}

/// The server carries out the claim behind a command that it has refused, too. What that took is to
/// be told now: the other commands of the wait may be held for long.
fn failed(error: Error, claimed: Option<Vec<QueueClaimed>>) -> Result<Ended> {
    match Ended::of(None, claimed) {
        Ended::TimeIsUp(_) => Err(error),
        woken => Ok(woken),
    }
}

#[cfg(test)]
#[path = "wake_tests.rs"]
mod tests;
