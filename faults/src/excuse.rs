//! Excuses: what a fault that was made on purpose explains, and nothing more.

use std::time::Duration;

use crate::history::{Moment, micros};

/// What a process begins within this time after it goes on, it may have claimed before it stood still.
pub const CLAIMED_BEFORE: Duration = Duration::from_millis(500);

/// A stretch of time in which something was done to a process, or to all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excuse {
    /// The process; all of them without one.
    pub process: Option<String>,
    /// From when on.
    pub from: Moment,
    /// Until when.
    pub to: Moment,
    /// Up to when a push that was accepted since `from` may be forgotten; never without it.
    pub forgets_until: Option<Moment>,
}

impl Excuse {
    /// A process was killed at this moment: what it ran then, or had done without having heard that
    /// the store keeps it, may run again.
    pub fn killed(process: &str, at: Moment) -> Self {
        Self { process: Some(process.to_owned()), from: at, to: at, forgets_until: None }
    }

    /// A process stood still between these moments, for longer than its lease.
    pub fn stopped(process: &str, from: Moment, to: Moment) -> Self {
        let to = to + micros(CLAIMED_BEFORE);
        Self { process: Some(process.to_owned()), from, to, forgets_until: None }
    }

    /// The server was killed and may have forgotten what it had executed since a moment. Runs are
    /// repeated that were under way up to another moment, when it was there again.
    pub fn forgotten(from: Moment, killed: Moment, to: Moment) -> Self {
        // An answer that came just before the kill is written down just after it.
        let forgets_until = Some(killed + micros(Duration::from_millis(100)));
        Self { process: None, from, to, forgets_until }
    }

    /// Whether it explains that a run of this process is repeated, given when it began and when the
    /// process heard that its outcome is stored.
    pub fn covers(&self, process: &str, start: Moment, stored: Option<Moment>) -> bool {
        let whose = self.process.as_ref().is_none_or(|name| name == process);
        whose && start <= self.to && stored.is_none_or(|stored| stored >= self.from)
    }

    /// Whether it explains that a push of this moment was forgotten.
    pub fn forgets(&self, at: Moment) -> bool {
        self.forgets_until.is_some_and(|until| (self.from..=until).contains(&at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_explains_what_was_not_known_to_be_stored() {
        let killed = Excuse::killed("w1", 10_000_000);
        assert!(killed.covers("w1", 9_000_000, None));
        assert!(!killed.covers("w1", 5_000_000, Some(9_999_000)), "stored before");
        assert!(!killed.covers("w1", 10_000_001, None), "begun after it");
        assert!(!killed.covers("w2", 9_000_000, None), "another process");
        assert!(!killed.forgets(9_500_000), "only a server forgets");
        let forgotten = Excuse::forgotten(1_000_000, 3_000_000, 9_000_000);
        assert!(forgotten.forgets(3_050_000) && forgotten.covers("any", 8_000_000, None));
        assert!(!forgotten.forgets(3_200_000), "accepted by the server that came back");
    }
}
