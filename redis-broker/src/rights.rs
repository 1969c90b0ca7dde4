//! What each role sends: the commands its user has to be allowed. The scripts tell most of it, so
//! the list cannot drift from them; the templates in `docs/acl` are compared with it.

use std::collections::BTreeSet;

use tireless_core::{Operation, Result, RoleRights, UserRole};

use crate::client::RedisClient;
use crate::keys::Keys;
use crate::reply::Reply;
use crate::request::call;
use crate::runner::Runner;
use crate::script::Script;
use crate::scripts as s;

/// What every connection sends besides scripts.
const ALL: [&str; 4] = ["COMMAND INFO LMOVE", "EVALSHA 0 1 @", "SCRIPT LOAD x", "TYPE @"];

/// What every connection to servers that share slots sends besides.
const ALL_WITH_SLOTS: [&str; 2] = ["ASKING", "CLUSTER SLOTS"];

/// What the roles send besides scripts, with `@` for a key.
fn plain(role: UserRole) -> &'static [&'static str] {
    match role {
        UserRole::Worker => {
            &["BLPOP @ 1", "LPOP @", "BLMOVE @ @ LEFT RIGHT 1", "LMOVE @ @ LEFT RIGHT", "WAIT 1 1"]
        }
        UserRole::Producer => &["WAIT 1 1"],
        UserRole::Operator => &["INFO", "UNLINK @", "PEXPIRE @ 1"],
        _ => &[],
    }
}

/// The scripts that each role calls.
fn scripts(role: UserRole) -> Vec<&'static Script> {
    match role {
        UserRole::Producer => vec![&s::PUSH, &s::BEAT],
        UserRole::Viewer => vec![&s::COUNTS, &s::LIST, &s::SHOW, &s::FIND, &s::QUEUES, &s::ROLL],
        // `work` counts what its queues hold.
        UserRole::Worker => vec![
            &s::COUNTS,
            &s::CLAIM,
            &s::SETTLE,
            &s::ACK,
            &s::RENEW,
            &s::TICK,
            &s::RECONCILE,
            &s::RECLAIM,
            &s::BEAT,
            &s::PUSH,
        ],
        // The operator's tool pushes, works and measures too.
        _ => s::ALL.to_vec(),
    }
}

/// All that a role sends, as command lines with `@` for a key.
pub(crate) fn needed(role: UserRole) -> BTreeSet<String> {
    let mut lines: BTreeSet<String> = ALL.iter().map(|line| (*line).to_owned()).collect();
    lines.extend(plain(role).iter().map(|line| (*line).to_owned()));
    if role == UserRole::Operator {
        lines.extend(plain(UserRole::Worker).iter().map(|line| (*line).to_owned()));
    }
    for script in scripts(role) {
        lines.extend(script.commands().into_iter().map(|name| match name {
            "TIME" => name.to_owned(),
            name => format!("{name} @"),
        }));
    }
    lines
}

/// What this user lacks for each role, `with_slots` or without; `None` where the server cannot say,
/// which is before 7.0.
///
/// # Errors
/// `Denied` where the user may not even run a script.
pub(crate) async fn lacking<C: RedisClient>(
    runner: &Runner<C>,
    keys: &Keys,
    with_slots: bool,
) -> Result<Option<Vec<RoleRights>>> {
    let mut rights = Vec::with_capacity(UserRole::ALL.len());
    for role in UserRole::ALL {
        let besides = ALL_WITH_SLOTS.iter().filter(|_| with_slots).map(|line| (*line).to_owned());
        let lines: Vec<String> = needed(role).into_iter().chain(besides).collect();
        let args = lines.iter().map(|line| line.clone().into()).collect();
        let asked = call(&s::RIGHTS, keys, None, args);
        let reply = runner.run_one(Operation::Inspect, asked).await?;
        let Some(refused) = reply.into_array() else { return Ok(None) };
        let missing = refused.iter().filter_map(Reply::as_int).filter_map(|at| {
            let line = lines.get(usize::try_from(at).ok()?.checked_sub(1)?)?;
            Some(right(line))
        });
        // Several lines may need one right.
        let missing: BTreeSet<String> = missing.collect();
        rights.push(RoleRights::new(role, missing.into_iter().collect()));
    }
    Ok(Some(rights))
}

/// What a user is given to send a command line: `evalsha`, `script|load`.
pub(crate) fn right(line: &str) -> String {
    let mut words = line.split(' ').map(str::to_ascii_lowercase);
    match (words.next().unwrap_or_default(), words.next()) {
        (name, Some(sub)) if ["cluster", "command", "script"].contains(&&*name) => {
            format!("{name}|{sub}")
        }
        (name, _) => name,
    }
}

#[cfg(test)]
#[path = "rights_tests.rs"]
mod tests;
