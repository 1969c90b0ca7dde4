//! The checkup of a Redis: what it tells about itself, and what this user may do. Whatever it
//! refuses to tell is part of the answer.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tireless_core::{
    Checkup, ErrorKind, Fact, LogSync, MemoryLimit, Operation, QueueName, Result, RoleRights,
    UserRole,
};

use crate::client::{Master, RedisClient};
use crate::info::Info;
use crate::keys::Keys;
use crate::reply::Reply;
use crate::rights;
use crate::runner::Runner;
use crate::server_policy::memory_policy;
use crate::slots::slot_of;

const INSPECT: Operation = Operation::Inspect;

/// Round trips that are timed.
const PINGS: usize = 100;

/// Among the slots of so many names there is one of each master, even if it has a single slot.
const MOST_NAMES: u32 = 1_000_000;

/// Looks at the clock; the one with the quickest answer counts.
const LOOKS: usize = 5;

/// Looks at the server, or at each master of a Cluster. `keys` makes those of a queue, which tell what
/// the user may do with all of them.
pub(crate) async fn checkups<C: RedisClient>(
    runner: &Runner<C>,
    keys: impl Fn(&QueueName) -> Keys,
) -> Result<Vec<Checkup>> {
    let masters = runner.client().masters();
    if masters.is_empty() {
        return Ok(vec![checkup(runner, &keys(&looked_at(0)?), false).await?]);
    }
    let mut found = Vec::with_capacity(masters.len());
    for Master { place, slots, client } in masters {
        // Users are each server's own, so they are asked for where the keys are.
        let mut names = (0..MOST_NAMES).map(|number| Ok(keys(&looked_at(number)?)));
        let has = |keys: &Result<Keys>| {
            keys.as_ref().is_ok_and(|keys| slots.contains(&slot_of(&keys.part("tasks"))))
        };
        let Some(keys) = names.find(has).transpose()? else { continue };
        let mut one = match checkup(&Runner::new(client), &keys, true).await {
            Ok(one) => one,
            Err(error) => {
                let mut one = Checkup::default();
                one.absent = Some(error.to_string());
                one
            }
        };
        one.place = Some(place);
        found.push(one);
    }
    Ok(found)
}

/// The queue whose rights are looked at.
fn looked_at(number: u32) -> Result<QueueName> {
    QueueName::new(format!("doctor-{number}"))
}

/// Asks for everything, one thing after the other. `keys` are those of any queue.
async fn checkup<C: RedisClient>(
    runner: &Runner<C>,
    keys: &Keys,
    with_slots: bool,
) -> Result<Checkup> {
    let info = ask(runner, &[b"INFO"]).await?;
    let info = info.read(|reply| Some(Info::new(&reply.into_bytes()?)));
    let of = |read: fn(&Info) -> Option<u64>| info.clone().read(|info| read(&info));
    let flag = |fact: Fact<u64>| fact.read(|number| Some(number != 0));
    let config = async |name: &str| -> Result<Fact<String>> {
        Ok(ask(runner, &[b"CONFIG", b"GET", name.as_bytes()]).await?.read(setting))
    };
    let mut checkup = Checkup::default();
    checkup.name = info.clone().read(|info| Some(info.server()));
    checkup.memory = match memory_policy(runner, INSPECT).await? {
        Some(found) => {
            let bytes = (found.limit > 0).then_some(found.limit);
            let evicts = found.evicts();
            Fact::Known(MemoryLimit::new(bytes, found.policy, evicts))
        }
        None => info.clone().read(|_| None),
    };
    let log = config("appendonly").await?.read(|text| Some(text == "yes"));
    checkup.log = log.or(flag(of(|info| info.number("aof_enabled"))));
    checkup.log_sync = config("appendfsync").await?.read(|text| log_sync(&text));
    checkup.snapshots = config("save").await?;
    checkup.is_replica = info.clone().read(|info| Some(info.text("role")? == "slave"));
    checkup.replicas = of(|info| info.number("connected_slaves"));
    checkup.replicas_needed = config("min-replicas-to-write").await?.read(|n| n.parse().ok());
    let within = config("min-replicas-max-lag").await?;
    checkup.replicas_within = within.read(|n| Some(Duration::from_secs(n.parse().ok()?)));
    checkup.rights = rights_of(runner, keys, with_slots).await?;
    checkup.clock_ahead_ms = clock_ahead(runner).await?;
    checkup.round_trips = round_trips(runner).await?;
    Ok(checkup)
}

/// Asks what may be refused.
///
/// # Errors
/// What may pass by itself, such as `Unavailable`.
async fn ask<C: RedisClient>(runner: &Runner<C>, words: &[&[u8]]) -> Result<Fact<Reply>> {
    match runner.command(INSPECT, words, None).await {
        Ok(reply) => Ok(Fact::Known(reply)),
        Err(error) if error.is_retryable() => Err(error),
        Err(error) if error.kind() == ErrorKind::Denied => Ok(Fact::NotAllowed),
        Err(_) => Ok(Fact::Untold),
    }
}

/// The value of the one setting that was asked for.
fn setting(reply: Reply) -> Option<String> {
    let value = reply.into_array()?.into_iter().nth(1)?.into_bytes()?;
    Some(String::from_utf8_lossy(&value).into_owned())
}

fn log_sync(text: &str) -> Option<LogSync> {
    match text {
        "always" => Some(LogSync::Always),
        "everysec" => Some(LogSync::EverySecond),
        "no" => Some(LogSync::System),
        _ => None,
    }
}

async fn rights_of<C: RedisClient>(
    runner: &Runner<C>,
    keys: &Keys,
    with_slots: bool,
) -> Result<Fact<Vec<RoleRights>>> {
    match rights::lacking(runner, keys, with_slots).await {
        Ok(found) => Ok(found.map_or(Fact::Untold, Fact::Known)),
        Err(error) if error.is_retryable() => Err(error),
        // Who may not run scripts on our keys lacks what every role needs.
        Err(error) if error.kind() == ErrorKind::Denied => {
            let lack = |role| {
                let missing = vec!["evalsha and script|load, on keys tireless:*".to_owned()];
                RoleRights::new(role, missing)
            };
            Ok(Fact::Known(UserRole::ALL.map(lack).to_vec()))
        }
        Err(_) => Ok(Fact::Untold),
    }
}

/// By how much the server's clock is ahead, to about half of a round trip.
async fn clock_ahead<C: RedisClient>(runner: &Runner<C>) -> Result<Fact<i64>> {
    let mut best: Option<(Duration, i64)> = None;
    for _ in 0..LOOKS {
        let (sent, began) = (SystemTime::now(), Instant::now());
        let reply = match ask(runner, &[b"TIME"]).await? {
            Fact::Known(reply) => reply,
            Fact::NotAllowed => return Ok(Fact::NotAllowed),
            Fact::Untold => return Ok(Fact::Untold),
        };
        let took = began.elapsed();
        let Some(theirs) = micros(reply) else { return Ok(Fact::Untold) };
        let ours = (sent + took / 2).duration_since(UNIX_EPOCH).unwrap_or_default();
        let ours = i64::try_from(ours.as_micros()).unwrap_or(i64::MAX);
        if best.is_none_or(|(quickest, _)| took < quickest) {
            best = Some((took, (theirs - ours) / 1000));
        }
    }
    Ok(best.map_or(Fact::Untold, |(_, ahead)| Fact::Known(ahead)))
}

fn micros(reply: Reply) -> Option<i64> {
    let parts = reply.into_array()?;
    let [seconds, micros] = &parts[..] else { return None };
    seconds.as_int()?.checked_mul(1_000_000)?.checked_add(micros.as_int()?)
}

async fn round_trips<C: RedisClient>(runner: &Runner<C>) -> Result<Fact<Vec<Duration>>> {
    let mut took = Vec::with_capacity(PINGS);
    for _ in 0..PINGS {
        let began = Instant::now();
        match ask(runner, &[b"PING"]).await? {
            Fact::Known(_) => took.push(began.elapsed()),
            Fact::NotAllowed => return Ok(Fact::NotAllowed),
            Fact::Untold => return Ok(Fact::Untold),
        }
    }
    Ok(Fact::Known(took))
}
