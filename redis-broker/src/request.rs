//! Requests become calls of scripts: keys and arguments, with no store at hand.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use tireless_core::limits::{
    BYTES_PER_CALL, CLAIMS_PER_RENEWAL, LONGEST_LEASE, MOVED_BY_A_CLAIM, NUMBERS_END,
    SMALL_ENVELOPE_BYTES, TASKS_PER_CALL,
};
use tireless_core::{
    BuryReason, Call, Claim, ClaimFrom, ClaimMode, Error, ErrorKind, Failure, Held, NewTask,
    Operation, Outcome, Push, Reclaim, Reentry, ReleaseReason, Renew, Result, Settle, Settlement,
    TaskId, Tick, When, WorkerId,
};

use crate::keys::Keys;
use crate::runner::ScriptCall;
use crate::script::Script;
use crate::scripts;
use crate::words::Words;

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

pub(crate) fn push(keys: &Keys, push: &Push) -> Result<ScriptCall> {
    check_call(Operation::Push, push.call)?;
    check_count(Operation::Push, "tasks", push.tasks.len())?;
    let bytes: usize = push.tasks.iter().map(|task| task.envelope.len()).sum();
    if bytes > BYTES_PER_CALL {
        let message = format!("{bytes} bytes in one call; {BYTES_PER_CALL} is the most: split it");
        return Err(Error::new(ErrorKind::TooLarge, Operation::Push, message));
    }
    let large = push.tasks.iter().any(|task| task.envelope.len() > SMALL_ENVELOPE_BYTES);
    let mut words = Words::with_capacity(4 + push.tasks.len(), 16);
    words.add_number(push.call.number);
    words.add_number(push.call.answered);
    words.add(if large { b"1" } else { b"0" });
    words.add(&details(&push.tasks));
    push.tasks.iter().for_each(|task| words.add(task.id.as_bytes()));
    let mut words = words.finish();
    let mut args = Vec::with_capacity(4 + 2 * push.tasks.len());
    args.extend(words.by_ref().take(4));
    for (id, task) in words.zip(&push.tasks) {
        args.push(id);
        args.push(task.envelope.clone());
    }
    Ok(call(&scripts::PUSH, keys, Some(push.caller), args))
}

/// When and own id of each task; empty if all are plain and no id comes twice.
fn details(tasks: &[NewTask]) -> Vec<u8> {
    let plain = |task: &NewTask| task.when == When::Now && task.own_id.is_none();
    if tasks.iter().all(plain) && all_differ(tasks) {
        return Vec::new();
    }
    let mut out = Vec::new();
    for task in tasks {
        let (kind, millis) = match task.when {
            When::After(delay) => (1, whole_millis(delay)),
            When::At(time) => (2, time.millis().min(LONGEST_WAIT_MS)),
            _ => (0, 0),
        };
        let own_id = task.own_id.as_ref().map_or(&[][..], |own_id| own_id.as_bytes());
        out.push(kind);
        out.extend_from_slice(&millis.to_be_bytes());
        out.extend_from_slice(&(own_id.len() as u16).to_be_bytes());
        out.extend_from_slice(own_id);
    }
    out
}

fn all_differ(tasks: &[NewTask]) -> bool {
    // Ids that were made one after the other rise: then nothing needs to be looked up.
    if tasks.is_sorted_by(|one, next| one.id < next.id) {
        return true;
    }
    let mut ids = HashSet::with_capacity(tasks.len());
    tasks.iter().all(|task| ids.insert(task.id))
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

/// A settle as it is sent, and where in its answer each outcome's letter stands; `None` for an
/// outcome that repeats an earlier one of the batch and so has lost its lease (B5).
pub(crate) struct SettleCall {
    pub(crate) call: ScriptCall,
    pub(crate) places: Vec<Option<usize>>,
}

pub(crate) fn settle(keys: &Keys, settle: &Settle, cap: usize) -> Result<SettleCall> {
    check_call(Operation::Settle, settle.call)?;
    check_count(Operation::Settle, "outcomes", settle.outcomes.len())?;
    let mut places = vec![None; settle.outcomes.len()];
    let mut first_of = HashSet::with_capacity(settle.outcomes.len());
    let fresh = |at: &usize| {
        let settlement = &settle.outcomes[*at];
        first_of.insert((settlement.claim, settlement.id))
    };
    let order: Vec<usize> = (0..settle.outcomes.len()).filter(fresh).collect();
    for (place, at) in order.iter().enumerate() {
        places[*at] = Some(place);
    }
    let mut args = vec![number(settle.call.number), number(settle.call.answered)];
    let fresh = || order.iter().map(|at| &settle.outcomes[*at]);
    if fresh().all(|settlement| settlement.outcome == Outcome::ACK) {
        // Claims one after the other, so that a whole claim is one comparison in the store.
        let mut groups: Vec<(u64, Vec<u8>, Vec<usize>)> = Vec::new();
        for (at, settlement) in order.iter().zip(fresh()) {
            let group = match groups.iter().rposition(|group| group.0 == settlement.claim) {
                Some(group) => group,
                None => {
                    groups.push((settlement.claim, Vec::new(), Vec::new()));
                    groups.len() - 1
                }
            };
            groups[group].1.extend_from_slice(settlement.id.as_bytes());
            groups[group].2.push(*at);
        }
        let mut place = 0;
        for (claim, ids, members) in groups {
            args.extend([number(claim), ids.into()]);
            for at in members {
                places[at] = Some(place);
                place += 1;
            }
        }
        let call = call(&scripts::ACK, keys, Some(settle.worker), args);
        return Ok(SettleCall { call, places });
    }
    args.push(number(cap));
    for settlement in fresh() {
        outcome_args(settlement, &mut args)?;
    }
    let call = call(&scripts::SETTLE, keys, Some(settle.worker), args);
    Ok(SettleCall { call, places })
}

/// Five words: claim, id, verb (with `^` for the front), milliseconds, bytes.
fn outcome_args(settlement: &Settlement, args: &mut Vec<Bytes>) -> Result<()> {
    let verb = |name: &'static str, reentry: Reentry| match reentry {
        Reentry::Back => Bytes::from_static(name.as_bytes()),
        Reentry::Front => format!("{name}^").into(),
    };
    let stored = |failure: &Failure| Bytes::from(failure.encode());
    let none = Bytes::new;
    let (verb, wait, bytes) = match &settlement.outcome {
        Outcome::Ack { keep: None } => (verb("ack", Reentry::Back), Duration::ZERO, none()),
        Outcome::Ack { keep: Some(keep) } => (verb("keep", Reentry::Back), *keep, none()),
        Outcome::Fail { failure, retry_in, reentry } => {
            (verb("fail", *reentry), *retry_in, stored(failure))
        }
        Outcome::Release { after, reason, reentry } => {
            let name = if *reason == ReleaseReason::Unknown { "unknown" } else { "release" };
            (verb(name, *reentry), *after, none())
        }
        Outcome::Bury { reason, failure } => {
            (verb("bury", Reentry::Back), Duration::ZERO, stored(&reason.stamp(failure)))
        }
        Outcome::Snooze { delay } => (verb("snooze", Reentry::Back), *delay, none()),
        later => {
            let message = format!("the outcome {} is of a later version", later.verb());
            return Err(Error::new(ErrorKind::Unsupported, Operation::Settle, message));
        }
    };
    args.extend([number(settlement.claim), id_bytes(&settlement.id), verb, millis(wait), bytes]);
    Ok(())
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
