//! Checkup: what a store tells about how safely it keeps tasks, and whether it lets its users in.
//!
//! Facts only; what they mean is for the reader to say.

use std::time::Duration;

/// Something that a store was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fact<T> {
    /// What it answered.
    Known(T),
    /// This user may not ask.
    NotAllowed,
    /// It has no such thing, or does not tell.
    #[default]
    Untold,
}

impl<T> Fact<T> {
    /// The answer, if there is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::NotAllowed | Self::Untold => None,
        }
    }

    /// Another fact, read from this one; `None` is [`Untold`](Self::Untold).
    pub fn read<U>(self, of: impl FnOnce(T) -> Option<U>) -> Fact<U> {
        match self {
            Self::Known(value) => of(value).map_or(Fact::Untold, Fact::Known),
            Self::NotAllowed => Fact::NotAllowed,
            Self::Untold => Fact::Untold,
        }
    }

    /// This fact, or another one where this one is not known.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Known(_), _) | (Self::NotAllowed, Self::Untold) => self,
            _ => other,
        }
    }
}

/// What happens at the store's memory limit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryLimit {
    /// The limit in bytes; `None` without one.
    pub bytes: Option<u64>,
    /// The store's own name for what it does there.
    pub policy: String,
    /// Whether that throws away what tasks are made of.
    pub evicts: bool,
}

impl MemoryLimit {
    /// A limit, the store's name for what happens there, and whether that loses tasks.
    pub fn new(bytes: Option<u64>, policy: String, evicts: bool) -> Self {
        Self { bytes, policy, evicts }
    }
}

/// When a log of changes is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogSync {
    /// Before a change is answered.
    Always,
    /// Once a second.
    EverySecond,
    /// When the operating system sees fit.
    System,
}

/// What a user of the store is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UserRole {
    /// Runs tasks, pushes more, and keeps the schedule.
    Worker,
    /// Pushes tasks.
    Producer,
    /// Looks.
    Viewer,
    /// Looks and mends.
    Operator,
}

impl UserRole {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::Worker, Self::Producer, Self::Viewer, Self::Operator];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Producer => "producer",
            Self::Viewer => "viewer",
            Self::Operator => "operator",
        }
    }
}

/// What a user lacks for a role.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleRights {
    /// The role.
    pub role: UserRole,
    /// The rights that are missing, by the store's own names; empty if none is.
    pub missing: Vec<String>,
}

impl RoleRights {
    /// A role and the rights that are missing for it.
    pub fn new(role: UserRole, missing: Vec<String>) -> Self {
        Self { role, missing }
    }
}

/// What a server of a store tells about how safely it keeps tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checkup {
    /// Which of the store's servers tells, as `HOST:PORT`; `None` where there is only one.
    pub place: Option<String>,
    /// Why it could not be asked, if it could not: then all the rest is untold. Only one of several
    /// servers: where there is one alone, that is the error of the whole.
    pub absent: Option<String>,
    /// Name and version.
    pub name: Fact<String>,
    /// What happens at its memory limit.
    pub memory: Fact<MemoryLimit>,
    /// Whether it keeps a log of changes.
    pub log: Fact<bool>,
    /// When that log is on disk.
    pub log_sync: Fact<LogSync>,
    /// When it saves all data at once, in its own words; empty for never.
    pub snapshots: Fact<String>,
    /// Whether it only follows another one, and takes no writes.
    pub is_replica: Fact<bool>,
    /// How many others follow it.
    pub replicas: Fact<u64>,
    /// How many of them have to be near for it to take a write; 0 for none.
    pub replicas_needed: Fact<u64>,
    /// How far behind one of them may be to count as near.
    pub replicas_within: Fact<Duration>,
    /// What this user lacks for each role.
    pub rights: Fact<Vec<RoleRights>>,
    /// By how many milliseconds its clock is ahead of this machine's; below zero if behind.
    pub clock_ahead_ms: Fact<i64>,
    /// How long answers took to calls that ask for nothing, in the order they were made.
    pub round_trips: Fact<Vec<Duration>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_wins_and_a_refusal_is_never_forgotten() {
        let known = Fact::Known(1);
        assert_eq!(known.clone().or(Fact::Known(2)), known);
        assert_eq!(Fact::NotAllowed.or(Fact::Known(2)), Fact::Known(2));
        assert_eq!(Fact::Untold.or(Fact::<u8>::NotAllowed), Fact::NotAllowed);
        assert_eq!(Fact::NotAllowed.or(Fact::<u8>::Untold), Fact::NotAllowed);
        assert_eq!(Fact::<u8>::NotAllowed.read(|_| Some(2)), Fact::NotAllowed);
        assert_eq!(Fact::Known(1).read(|_| None::<u8>), Fact::Untold);
    }
}
