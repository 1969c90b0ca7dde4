//! Excuses: what a fault that was made on purpose explains, and nothing more.

use std::time::Duration;

use crate::history::{Moment, micros};

/// What a process begins within this time after it goes on, it may have claimed before it stood still.
pub const CLAIMED_BEFORE: Duration = Duration::from_secs(1);

/// A run that was repeated, or may be.
#[derive(Clone, Copy, Debug)]
pub struct Cut<'a> {
    /// Who ran it.
    pub process: &'a str,
    /// When it began.
    pub start: Moment,
    /// When its process heard that its outcome is stored.
    pub stored: Option<Moment>,
    /// When its process heard that its outcome is refused.
    pub refused: Option<Moment>,
    /// When the next run of the same task began.
    pub again: Option<Moment>,
}

/// A stretch of time in which something was done to a process, or to all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excuse {
    /// The process; all of them without one.
    pub process: Option<String>,
    /// From when on.
    pub from: Moment,
    /// Until when.
    pub to: Moment,
    /// No run is repeated for this reason before this moment.
    pub repeats_from: Moment,
    /// Up to when a push that was accepted since `from` may be forgotten; never without it.
    pub forgets_until: Option<Moment>,
}

impl Excuse {
    /// A process was killed at this moment: what it ran then, or had done without having heard that
    /// the store keeps it, may run again.
    pub fn killed(process: &str, at: Moment) -> Self {
        let process = Some(process.to_owned());
        Self { process, from: at, to: at, repeats_from: at, forgets_until: None }
    }

    /// A process stood still between these moments, for longer than its lease.
    pub fn stopped(process: &str, from: Moment, to: Moment) -> Self {
        let to = to + micros(CLAIMED_BEFORE);
        let process = Some(process.to_owned());
        Self { process, from, to, repeats_from: from, forgets_until: None }
    }

    /// The server was killed and may have forgotten what it had executed since a moment. An answer of
    /// its own may be written down late, but before the next server is started. Runs are repeated that
    /// were under way up to another moment, when that was there.
    pub fn forgotten(from: Moment, killed: Moment, next_started: Moment, to: Moment) -> Self {
        let forgets_until = Some(next_started);
        Self { process: None, from, to, repeats_from: killed, forgets_until }
    }

    /// Whether it explains that a run is repeated, or may be.
    pub fn covers(&self, cut: &Cut<'_>) -> bool {
        let whose = self.process.as_ref().is_none_or(|name| name == cut.process);
        let when = cut.start <= self.to && cut.again.is_none_or(|again| again >= self.repeats_from);
        whose && when && self.explains(cut)
    }

    fn explains(&self, cut: &Cut<'_>) -> bool {
        match (cut.stored, cut.refused, self.forgets_until) {
            // The store had it, and may have forgotten it.
            (Some(stored), _, Some(until)) => (self.from..=until).contains(&stored),
            // It had it: only the process does not know.
            (Some(stored), _, None) => {
                stored >= self.from && cut.again.is_none_or(|again| again <= stored)
            }
            (None, Some(refused), _) => refused >= self.repeats_from,
            (None, None, _) => true,
        }
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
    fn a_stop_explains_what_was_refused_since() {
        let stopped = Excuse::stopped("w1", 10_000_000, 16_000_000);
        let run = Cut { process: "w1", start: 9_000_000, stored: None, refused: None, again: None };
        assert!(stopped.covers(&Cut { refused: Some(16_100_000), again: Some(12_000_000), ..run }));
        let late = Cut { start: 16_500_000, ..run };
        assert!(stopped.covers(&Cut { refused: Some(16_900_000), ..late }), "claimed before");
        let stored = Cut { stored: Some(16_900_000), again: Some(20_000_000), ..late };
        assert!(!stopped.covers(&stored), "the store had it");
    }

    #[test]
    fn a_kill_explains_what_was_not_known_to_be_stored() {
        let killed = Excuse::killed("w1", 10_000_000);
        let run = Cut { process: "w1", start: 9_000_000, stored: None, refused: None, again: None };
        assert!(killed.covers(&run));
        assert!(!killed.covers(&Cut { stored: Some(9_999_000), ..run }), "stored before");
        assert!(!killed.covers(&Cut { refused: Some(9_999_000), ..run }), "refused before");
        assert!(!killed.covers(&Cut { again: Some(9_999_000), ..run }), "repeated before");
        assert!(killed.covers(&Cut { again: Some(25_000_000), ..run }));
        assert!(!killed.covers(&Cut { start: 10_000_001, ..run }), "begun after it");
        assert!(!killed.covers(&Cut { process: "w2", ..run }), "another process");
        assert!(!killed.forgets(9_500_000), "only a server forgets");
        let forgotten = Excuse::forgotten(1_000_000, 3_000_000, 3_100_000, 9_000_000);
        let run = Cut { process: "any", start: 2_000_000, ..run };
        assert!(forgotten.forgets(3_050_000) && forgotten.covers(&run));
        assert!(forgotten.covers(&Cut { stored: Some(2_500_000), ..run }), "and forgotten");
        assert!(!forgotten.covers(&Cut { stored: Some(9_500_000), ..run }), "by who came back");
        assert!(!forgotten.forgets(3_200_000), "accepted by the server that came back");
    }
}
