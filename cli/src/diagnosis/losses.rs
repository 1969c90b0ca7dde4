//! What a mishap would cost at a server's settings, in plain words.

use serde::Serialize;
use tireless::broker::{Checkup, Fact, LogSync};

use super::{merged, untold};

/// What a mishap would cost.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Loss {
    pub(crate) when: &'static str,
    pub(crate) lost: String,
    /// Of which servers this is true; empty if of all.
    pub(crate) servers: Vec<String>,
}

/// What would be lost at these settings, in plain words.
pub(crate) fn losses(servers: &[Checkup]) -> Vec<Loss> {
    merged(
        servers,
        losses_of,
        |one, other| (one.when, &one.lost) == (other.when, &other.lost),
        |loss| &mut loss.servers,
    )
}

pub(super) fn losses_of(facts: &Checkup) -> Vec<Loss> {
    let loss = |when, lost| Loss { when, lost, servers: Vec::new() };
    vec![
        loss("the server's process is killed", killed(facts)),
        loss("the server's machine crashes", crashed(facts)),
        loss("a replica takes over", failed_over(facts)),
    ]
}

fn unlogged(facts: &Checkup) -> String {
    match &facts.snapshots {
        Fact::Known(rule) if rule.is_empty() => "everything".to_owned(),
        Fact::Known(rule) => format!("everything since the last snapshot ({rule})"),
        other => format!("everything since the last snapshot, if any ({})", untold(other)),
    }
}

fn killed(facts: &Checkup) -> String {
    match (&facts.log, &facts.log_sync) {
        (Fact::Known(false), _) => unlogged(facts),
        (Fact::Known(true), Fact::Known(LogSync::Always)) => "nothing that was answered".to_owned(),
        (Fact::Known(true), Fact::Known(_)) => {
            "nothing that was answered, or two seconds while the disk is slow".to_owned()
        }
        (Fact::Known(true), other) => format!("two seconds at most (sync: {})", untold(other)),
        (other, _) => format!("unknown: {}", untold(other)),
    }
}

fn crashed(facts: &Checkup) -> String {
    match (&facts.log, &facts.log_sync) {
        (Fact::Known(false), _) => unlogged(facts),
        (Fact::Known(true), Fact::Known(LogSync::Always)) => {
            "nothing that was answered, if the disk keeps what it says it has".to_owned()
        }
        (Fact::Known(true), Fact::Known(LogSync::EverySecond)) => {
            "the last second; two while the disk is slow".to_owned()
        }
        (Fact::Known(true), Fact::Known(_)) => {
            "what the system had not written: up to half a minute mostly".to_owned()
        }
        (Fact::Known(true), other) => format!("unknown (sync: {})", untold(other)),
        (other, _) => format!("unknown: {}", untold(other)),
    }
}

fn failed_over(facts: &Checkup) -> String {
    if facts.is_replica == Fact::Known(true) {
        return "unknown here, at a replica: ask the primary".to_owned();
    }
    match (&facts.replicas, &facts.replicas_needed, &facts.replicas_within) {
        (Fact::Known(0), ..) => "there is none: tasks wait until this server is back".to_owned(),
        (Fact::Known(_), Fact::Known(0), _) => {
            "whatever it had not received, without a bound".to_owned()
        }
        (Fact::Known(_), Fact::Known(_), Fact::Known(within)) => {
            format!(
                "what it had not received: mostly milliseconds, at most {within:?} and a little"
            )
        }
        (Fact::Known(_), other, _) => {
            format!("what it had not received; how much at most: {}", untold(other))
        }
        (other, ..) => format!("unknown: {}", untold(other)),
    }
}
