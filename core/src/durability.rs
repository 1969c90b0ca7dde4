//! Durability: how sure a push must be before it is answered.

use std::time::Duration;

/// What must hold before a push is answered.
///
/// What is not met is the error [`NotDurable`](crate::ErrorKind::NotDurable): the tasks are stored
/// all the same, and sending the same push again waits anew and makes no second task (B3).
///
/// A broker in memory has no replicas and no disk: there every level is met at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// The store has it. What a failover or a crash of the store can lose is up to its settings.
    #[default]
    Stored,
    /// So many replicas have it too, each in memory. Lost only if the store and all of these fail,
    /// or if a replica without it is made the new master: to rule that out, ask for all replicas.
    Replicated {
        /// How many; 0 counts as 1.
        replicas: u32,
        /// How long to wait for them.
        timeout: Duration,
    },
    /// The store has it on its disk. Needs a server that can tell (Redis 7.2, Valkey) and keeps an
    /// append-only file.
    Fsynced {
        /// How long to wait for the disk.
        timeout: Duration,
    },
}

impl Durability {
    /// As [`Replicated`](Self::Replicated), for one replica within a second.
    pub const REPLICATED: Self = Self::Replicated { replicas: 1, timeout: Duration::from_secs(1) };

    /// As [`Fsynced`](Self::Fsynced), within two seconds: `appendfsync everysec` takes one.
    pub const FSYNCED: Self = Self::Fsynced { timeout: Duration::from_secs(2) };
}
