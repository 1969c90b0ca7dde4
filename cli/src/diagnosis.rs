//! What the facts of a checkup mean: findings with what to do, and what would be lost when.

mod losses;

use std::time::Duration;

use serde::Serialize;
use tireless::broker::{Checkup, Fact, LogSync, MemoryLimit, UserRole};

pub(crate) use losses::{Loss, losses};

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Ok,
    Warning,
    Problem,
    /// Nobody told: never the same as `Ok`.
    Unknown,
}

/// One thing that was looked at.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) what: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) found: String,
    /// What to do; empty if nothing is.
    pub(crate) advice: &'static str,
    /// Of which servers this is true; empty if of all.
    pub(crate) servers: Vec<String>,
}

/// Larger offsets of the clocks are worth a word.
const CLOCKS_APART: u64 = 1000;

/// Slower answers are worth a word: the median, and the worst.
const SLOW: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(100));

/// What is to be thought of each fact. `roles` are those that this user is to have.
pub(crate) fn findings(servers: &[Checkup], roles: &[UserRole]) -> Vec<Finding> {
    merged(
        servers,
        |facts| findings_of(facts, roles),
        |one, other| {
            (one.what, one.verdict, &one.found) == (other.what, other.verdict, &other.found)
        },
        |finding| &mut finding.servers,
    )
}

/// What is found of each server, line by line: once where several have the same to tell.
fn merged<T>(
    servers: &[Checkup],
    of: impl Fn(&Checkup) -> Vec<T>,
    same: impl Fn(&T, &T) -> bool,
    places: impl Fn(&mut T) -> &mut Vec<String>,
) -> Vec<T> {
    let mut lines: Vec<Vec<T>> = Vec::new();
    for facts in servers {
        for (at, mut one) in of(facts).into_iter().enumerate() {
            places(&mut one).extend(facts.place.clone());
            if lines.len() <= at {
                lines.push(Vec::new());
            }
            match lines[at].iter_mut().find(|known| same(known, &one)) {
                Some(known) => places(known).append(places(&mut one)),
                None => lines[at].push(one),
            }
        }
    }
    for line in lines.iter_mut().filter(|line| line.len() == 1) {
        line.iter_mut().for_each(|one| places(one).clear());
    }
    lines.into_iter().flatten().collect()
}

fn findings_of(facts: &Checkup, roles: &[UserRole]) -> Vec<Finding> {
    vec![
        server(facts),
        judge("memory", &facts.memory, memory),
        persistence(facts),
        replication(facts),
        judge("rights", &facts.rights, |rights| {
            let of = |role: UserRole| rights.iter().find(|one| one.role == role);
            let lacks = |role: &UserRole| of(*role).is_none_or(|one| !one.missing.is_empty());
            let none = roles.is_empty() && UserRole::ALL.iter().all(lacks);
            let text = rights.iter().map(|one| match &one.missing[..] {
                [] => format!("{}: all it needs", one.role.as_str()),
                missing => format!("{}: lacks {}", one.role.as_str(), missing.join(", ")),
            });
            let text = text.collect::<Vec<_>>().join("; ");
            if none || roles.iter().any(lacks) {
                (Verdict::Problem, text, "grant what is missing: docs/acl has the lines")
            } else {
                ok(text)
            }
        }),
        judge("clock", &facts.clock_ahead_ms, |ahead| clock(*ahead)),
        judge("latency", &facts.round_trips, |took| latency(took)),
    ]
}

fn server(facts: &Checkup) -> Finding {
    let Some(reason) = &facts.absent else {
        return judge("server", &facts.name, |name| ok(name.clone()));
    };
    Finding {
        what: "server",
        verdict: Verdict::Problem,
        found: reason.clone(),
        advice: "start it, or let a replica take over: queues in its slots stand still",
        servers: Vec::new(),
    }
}

type Judged = (Verdict, String, &'static str);

fn ok(found: impl Into<String>) -> Judged {
    (Verdict::Ok, found.into(), "")
}

fn judge<T>(what: &'static str, fact: &Fact<T>, known: impl FnOnce(&T) -> Judged) -> Finding {
    let (verdict, found, advice) = match fact {
        Fact::Known(value) => known(value),
        other => (Verdict::Unknown, untold(other).to_owned(), ""),
    };
    Finding { what, verdict, found, advice, servers: Vec::new() }
}

fn untold<T>(fact: &Fact<T>) -> &'static str {
    match fact {
        Fact::NotAllowed => "not allowed to ask",
        _ => "the server does not tell",
    }
}

fn memory(limit: &MemoryLimit) -> Judged {
    let MemoryLimit { bytes, policy, evicts, .. } = limit;
    let Some(bytes) = bytes else {
        let found = format!("no limit (policy {policy}): the system may kill the server instead");
        return (Verdict::Warning, found, "set maxmemory, with maxmemory-policy noeviction");
    };
    let found = format!("at {bytes} bytes: {policy}");
    if *evicts {
        let found = format!("{found}, which throws tasks away");
        return (Verdict::Problem, found, "set maxmemory-policy noeviction");
    }
    ok(format!("{found}, so pushes are refused and work goes on"))
}

fn persistence(facts: &Checkup) -> Finding {
    let saves = match &facts.snapshots {
        Fact::Known(rule) if rule.is_empty() => "no snapshots".to_owned(),
        Fact::Known(rule) => format!("snapshots {rule}"),
        other => format!("snapshots: {}", untold(other)),
    };
    judge("persistence", &facts.log, |log| {
        if !log {
            let found = format!("no append-only file, {saves}");
            let none = facts.snapshots.known().is_some_and(String::is_empty);
            let verdict = if none { Verdict::Problem } else { Verdict::Warning };
            return (verdict, found, "set appendonly yes");
        }
        let found = |sync: &str| format!("append-only file, synced {sync}; {saves}");
        match &facts.log_sync {
            Fact::Known(LogSync::Always) => ok(found("before each answer")),
            Fact::Known(LogSync::EverySecond) => ok(found("once a second")),
            Fact::Known(_) => {
                let advice = "set appendfsync everysec, or always";
                (Verdict::Warning, found("when the system sees fit"), advice)
            }
            other => (Verdict::Unknown, format!("append-only file; sync: {}", untold(other)), ""),
        }
    })
}

fn replication(facts: &Checkup) -> Finding {
    if facts.is_replica == Fact::Known(true) {
        let found = "this server is a replica and takes no writes".to_owned();
        let advice = "name the primary in the URL";
        let verdict = Verdict::Problem;
        return Finding { what: "replication", verdict, found, advice, servers: Vec::new() };
    }
    judge("replication", &facts.replicas, |count| match (count, &facts.replicas_needed) {
        (0, Fact::Known(1..)) => {
            let found = "no replica, and writes need one: they are refused".to_owned();
            (Verdict::Problem, found, "start the replicas, or set min-replicas-to-write 0")
        }
        (0, _) => ok("a primary without replicas"),
        (_, Fact::Known(0)) => {
            let found = format!("a primary with {count} replicas, none of which has to be near");
            let advice = "set min-replicas-to-write 1 and min-replicas-max-lag 10";
            (Verdict::Warning, found, advice)
        }
        (_, Fact::Known(needed)) => {
            ok(format!("a primary with {count} replicas; writes need {needed} of them near"))
        }
        (_, other) => {
            let found = format!("a primary with {count} replicas; how many have to be near:");
            (Verdict::Unknown, format!("{found} {}", untold(other)), "")
        }
    })
}

fn clock(ahead: i64) -> Judged {
    let place = if ahead < 0 { "behind" } else { "ahead of" };
    let found = format!("the server is {} ms {place} this machine", ahead.unsigned_abs());
    if ahead.unsigned_abs() < CLOCKS_APART {
        return ok(found);
    }
    (Verdict::Warning, found, "set both by NTP; --at and the ages in listings are off by this much")
}

fn latency(took: &[Duration]) -> Judged {
    let mut sorted = took.to_vec();
    sorted.sort_unstable();
    let (Some(median), Some(worst)) = (sorted.get(sorted.len() / 2), sorted.last()) else {
        return (Verdict::Unknown, "nothing was timed".to_owned(), "");
    };
    let ms = |time: &Duration| time.as_secs_f64() * 1000.0;
    let (half, most, count) = (ms(median), ms(worst), sorted.len());
    let found = format!("median {half:.2} ms, worst {most:.2} ms of {count} round trips");
    if *median < SLOW.0 && *worst < SLOW.1 {
        return ok(found);
    }
    (Verdict::Warning, found, "bring program and server closer; look for slow commands (SLOWLOG)")
}

#[cfg(test)]
#[path = "diagnosis_tests.rs"]
mod tests;
