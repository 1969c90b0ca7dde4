//! Reconcile: a queue is searched for what no operation leaves behind, and mended (B17).

use std::time::Duration;

use crate::limits::LONGEST_LEASE;

/// One step of a search through a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconcile {
    /// Whether a new search begins. Otherwise the one under way goes on, whoever began it; if none
    /// is, nothing happens.
    pub begin: bool,
    /// The lease that a worker gets that holds tasks and has none: if it lives it renews it, and
    /// if not, its tasks are reclaimed when it has ended. Never shorter than the worker's own.
    pub grace: Duration,
}

impl Reconcile {
    /// Begins a search.
    pub const BEGIN: Self = Self { begin: true, grace: LONGEST_LEASE };

    /// Goes on with a search.
    pub const GO_ON: Self = Self { begin: false, grace: LONGEST_LEASE };
}

/// What stood wrong in a queue and was mended, by class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mended {
    /// Tasks that were in no place: ready again, behind all that wait, uncharged.
    pub lost: u64,
    /// Ids without an envelope: dropped from the place where they stood.
    pub empty: u64,
    /// Tasks that were in two places: out of one of them.
    pub doubled: u64,
    /// Workers that held tasks without a lease: they have one now.
    pub unleased: u64,
    /// Histories, failures and own ids of tasks that are gone: removed.
    pub leftovers: u64,
    /// Finished tasks that were kept without an end, or had an end and were not kept.
    pub untimed: u64,
    /// Marks of removed tasks that no longer waited: taken away.
    pub ghosts: u64,
    /// Ids and claims of no legal length: tasks under such an id were given another one.
    pub malformed: u64,
}

impl Mended {
    /// Every class by its name, with its count.
    pub fn classes(&self) -> [(&'static str, u64); 8] {
        [
            ("lost", self.lost),
            ("empty", self.empty),
            ("doubled", self.doubled),
            ("unleased", self.unleased),
            ("leftovers", self.leftovers),
            ("untimed", self.untimed),
            ("ghosts", self.ghosts),
            ("malformed", self.malformed),
        ]
    }

    /// How much it is in all; 0 for a healthy queue.
    pub fn total(&self) -> u64 {
        self.classes().iter().map(|(_, count)| count).sum()
    }

    /// Adds what another step mended.
    pub fn add(&mut self, other: &Self) {
        self.lost += other.lost;
        self.empty += other.empty;
        self.doubled += other.doubled;
        self.unleased += other.unleased;
        self.leftovers += other.leftovers;
        self.untimed += other.untimed;
        self.ghosts += other.ghosts;
        self.malformed += other.malformed;
    }
}

/// The answer to one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconciled {
    /// What this step mended.
    pub mended: Mended,
    /// Whether the search is not at its end.
    pub more: bool,
    /// Whether it has ended without being sure of every task: so much came and went meanwhile that
    /// what may be lost was left alone, and the numbers say that something is. Permitted ticks begin
    /// another one within minutes.
    pub unsure: bool,
}
