//! A push as it is sent.

use std::collections::HashSet;

use tireless_core::limits::{BYTES_PER_CALL, SMALL_ENVELOPE_BYTES};
use tireless_core::{Error, ErrorKind, NewTask, Operation, Push, Result, When};

use super::{LONGEST_WAIT_MS, call, check_call, check_count, whole_millis};
use crate::keys::Keys;
use crate::runner::ScriptCall;
use crate::scripts;
use crate::words::Words;

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
