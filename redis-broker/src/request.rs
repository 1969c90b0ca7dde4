//! Requests become calls of scripts: keys and arguments, with no store at hand.

use std::time::Duration;

use bytes::Bytes;
use tireless_core::limits::{
    BYTES_PER_CALL, CLAIMS_PER_RENEWAL, LONGEST_LEASE, MOVED_BY_A_CLAIM, NUMBERS_END,
    SMALL_ENVELOPE_BYTES, TASKS_PER_CALL,
};
use tireless_core::{
    BuryReason, Call, Claim, ClaimFrom, ClaimMode, Error, ErrorKind, Failure, Held, Operation,
    Reclaim, Renew, Result, TaskId, Tick, WorkerId,
};

use crate::keys::Keys;
use crate::runner::ScriptCall;
use crate::script::Script;
use crate::scripts;
use crate::words::Words;

mod push;
mod settle;

pub(crate) use push::push;
pub(crate) use settle::{SettleCall, settle};

/// The declared keys of a script, for one queue and the caller whose own keys it uses.
fn keys_of(script: &Script, keys: &Keys, caller: Option<WorkerId>) -> Vec<Bytes> {
    let names = script.key_names(keys.adoption().is_some());
    let mut words = Words::with_capacity(names.len() + 1, keys.length());
    keys.add_to(&mut words, &names, caller);
    words.finish().collect()
}

/// A call of a script over one queue.
pub(crate) fn call(
    script: &'static Script,
    keys: &Keys,
    caller: Option<WorkerId>,
    args: Vec<Bytes>,
) -> ScriptCall {
    let adopted = keys.adoption().is_some();
    ScriptCall { script, adopted, keys: keys_of(script, keys, caller), args }
}

pub(crate) fn number<T: ToString + Copy>(value: T) -> Bytes {
    value.to_string().into()
}

/// No wait is longer than this, some thirty thousand years: beyond it a script's numbers, which are
/// doubles, would no longer be exact.
const LONGEST_WAIT_MS: u64 = 1_000_000_000_000_000;

/// Milliseconds, rounded up so that nothing runs early.
fn whole_millis(duration: Duration) -> u64 {
    let millis = duration.as_nanos().div_ceil(1_000_000);
    u64::try_from(millis).unwrap_or(u64::MAX).min(LONGEST_WAIT_MS)
}

pub(crate) fn millis(duration: Duration) -> Bytes {
    number(whole_millis(duration))
}

fn check_number(operation: Operation, number: u64) -> Result<()> {
    if number == 0 || number >= NUMBERS_END {
        let message = format!(
            "{number} is no number of a call: they start at 1 and stay below {NUMBERS_END}"
        );
        return Err(Error::invalid(operation, message));
    }
    Ok(())
}

fn check_call(operation: Operation, call: Call) -> Result<()> {
    check_number(operation, call.number)?;
    if call.answered >= call.number {
        let Call { number, answered } = call;
        let message =
            format!("call {number} says that call {answered} is answered: take a new number");
        return Err(Error::invalid(operation, message));
    }
    Ok(())
}

fn lease_millis(lease: Duration) -> Bytes {
    millis(lease.min(LONGEST_LEASE))
}

pub(crate) fn id_bytes(id: &TaskId) -> Bytes {
    Bytes::copy_from_slice(id.as_bytes())
}

fn worker_bytes(worker: WorkerId) -> Bytes {
    Bytes::copy_from_slice(worker.as_bytes())
}

/// Refuses what is over the bounds of a call (B7).
pub(crate) fn check_count(operation: Operation, what: &str, count: usize) -> Result<()> {
    if count > TASKS_PER_CALL {
        let message = format!("{count} {what} in one call; {TASKS_PER_CALL} is the most: split it");
        return Err(Error::new(ErrorKind::TooLarge, operation, message));
    }
    Ok(())
}

pub(crate) fn claim(keys: &Keys, claim: &Claim, from: &ClaimFrom) -> Result<ScriptCall> {
    check_number(Operation::Claim, claim.number)?;
    check_count(Operation::Claim, "tasks", from.max)?;
    let takes_plain = from.inbox || keys.adoption().is_some();
    let mut words = Words::with_capacity(9, 16);
    words.add(claim.worker.as_bytes());
    words.add_number(claim.number);
    words.add_number(whole_millis(claim.lease.min(LONGEST_LEASE)));
    words.add_number(from.max as u64);
    words.add(match claim.mode {
        ClaimMode::Shared => b"shared",
        ClaimMode::Alone => b"alone",
    });
    if takes_plain && claim.mode == ClaimMode::Shared {
        words.add(TaskId::new().as_bytes());
    } else {
        words.add(b"");
    }
    words.add_number(MOVED_BY_A_CLAIM as u64);
    words.add_number(BYTES_PER_CALL as u64);
    words.add_number(SMALL_ENVELOPE_BYTES as u64);
    let args = words.finish().collect();
    Ok(call(&scripts::CLAIM, keys, Some(claim.worker), args))
}

pub(crate) fn renew(keys: &Keys, renew: &Renew, held: &Held) -> Result<ScriptCall> {
    if held.claims.len() > CLAIMS_PER_RENEWAL {
        let count = held.claims.len();
        let message = format!("{count} claims in one renewal; {CLAIMS_PER_RENEWAL} is the most");
        return Err(Error::new(ErrorKind::TooLarge, Operation::Renew, message));
    }
    let mut args = Vec::with_capacity(3 + held.claims.len());
    args.push(worker_bytes(renew.worker));
    args.push(lease_millis(renew.lease));
    args.push(number(held.below.min(NUMBERS_END)));
    args.extend(held.claims.iter().map(number));
    Ok(call(&scripts::RENEW, keys, Some(renew.worker), args))
}

pub(crate) fn tick(keys: &Keys, tick: &Tick) -> Result<ScriptCall> {
    check_count(Operation::Tick, "tasks", tick.limit)?;
    let sweep_every = keys.adoption().map(|adoption| adoption.sweep_every);
    let args = vec![
        number(tick.limit.max(1)),
        millis(LONGEST_LEASE),
        millis(sweep_every.unwrap_or_default()),
        number(u8::from(tick.reclaim.is_some())),
        millis(tick.beat),
        number(u8::from(tick.anew)),
    ];
    Ok(call(&scripts::TICK, keys, None, args))
}

/// How many tasks a tick takes back at most, and how many it has. While it has none it takes a claim of
/// more: claims are never split (B16).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) limit: usize,
    pub(crate) taken: usize,
}

pub(crate) fn reclaim(
    keys: &Keys,
    worker: WorkerId,
    permission: &Reclaim,
    room: Room,
    cap: usize,
) -> ScriptCall {
    let limit_of_crashes = permission.bury_after_crashes.max(1);
    let poison = BuryReason::Poison.stamp(&Failure::new("", Failure::OF_LONE_CRASHES));
    let args = vec![
        worker_bytes(worker),
        number(permission.not_after.millis()),
        number(limit_of_crashes),
        number(room.limit.saturating_sub(room.taken).clamp(1, TASKS_PER_CALL)),
        poison.encode().into(),
        number(cap),
        number(u8::from(room.taken == 0)),
    ];
    call(&scripts::RECLAIM, keys, Some(worker), args)
}

pub(crate) fn beat(
    keys: &Keys,
    worker: WorkerId,
    lease: Option<Duration>,
    info: Bytes,
    queues: impl Iterator<Item = String>,
) -> ScriptCall {
    let lease = lease.map_or(Bytes::from_static(b"-1"), lease_millis);
    let mut args = vec![worker_bytes(worker), lease, info];
    args.extend(queues.map(Bytes::from));
    call(&scripts::BEAT, keys, None, args)
}
