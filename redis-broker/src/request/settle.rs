//! A settle as it is sent: plain acks by claims, or an outcome after the other.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use tireless_core::{
    Error, ErrorKind, Failure, Operation, Outcome, Reentry, ReleaseReason, Result, Settle,
    Settlement,
};

use super::{call, check_call, check_count, id_bytes, millis, number};
use crate::keys::Keys;
use crate::runner::ScriptCall;
use crate::scripts;

/// A settle as it is sent, and where in its answer each outcome's letter stands; `None` for an
/// outcome that repeats an earlier one of the batch and so has lost its lease (B5).
pub(crate) struct SettleCall {
    pub(crate) call: ScriptCall,
    pub(crate) places: Vec<Option<usize>>,
}

pub(crate) fn settle(keys: &Keys, settle: &Settle, cap: usize) -> Result<SettleCall> {
    check_call(Operation::Settle, settle.call)?;
    check_count(Operation::Settle, "outcomes", settle.outcomes.len())?;
    let mut first_of = HashSet::with_capacity(settle.outcomes.len());
    let is_first =
        |(_, settlement): &(usize, &Settlement)| first_of.insert((settlement.claim, settlement.id));
    let fresh: Vec<_> = settle.outcomes.iter().enumerate().filter(is_first).collect();
    let mut places = vec![None; settle.outcomes.len()];
    let mut args = vec![number(settle.call.number), number(settle.call.answered)];
    if fresh.iter().all(|(_, settlement)| settlement.outcome == Outcome::ACK) {
        let groups = by_claim(&fresh);
        let members = groups.iter().flat_map(|group| &group.members);
        for (place, at) in members.enumerate() {
            places[*at] = Some(place);
        }
        args.extend(groups.into_iter().flat_map(|group| [number(group.claim), group.ids.into()]));
        let call = call(&scripts::ACK, keys, Some(settle.worker), args);
        return Ok(SettleCall { call, places });
    }
    args.push(number(cap));
    for (place, (at, settlement)) in fresh.into_iter().enumerate() {
        places[at] = Some(place);
        outcome_args(settlement, &mut args)?;
    }
    let call = call(&scripts::SETTLE, keys, Some(settle.worker), args);
    Ok(SettleCall { call, places })
}

/// What is acked of one claim.
struct Acked {
    claim: u64,
    /// Its ids, joined.
    ids: Vec<u8>,
    /// Where they stand in the batch.
    members: Vec<usize>,
}

/// Claims one after the other, so that a whole claim is one comparison in the store.
fn by_claim(acks: &[(usize, &Settlement)]) -> Vec<Acked> {
    let mut groups: Vec<Acked> = Vec::new();
    for (at, settlement) in acks {
        let claim = settlement.claim;
        let group = match groups.iter().rposition(|group| group.claim == claim) {
            Some(group) => group,
            None => {
                groups.push(Acked { claim, ids: Vec::new(), members: Vec::new() });
                groups.len() - 1
            }
        };
        groups[group].ids.extend_from_slice(settlement.id.as_bytes());
        groups[group].members.push(*at);
    }
    groups
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
