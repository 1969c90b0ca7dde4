//! Which replies are struck, and how.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What happens to one command and its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strike {
    /// The reply is swallowed, and so is every later one on this connection, which stays open:
    /// the network lost it. Commands still reach the server.
    Hole,
    /// The reply alone is swallowed, so that the next one stands in its place. No client survives
    /// that without closing the connection: for tests of tests.
    Skip,
    /// The connection is closed in the middle of the reply, after this part of it in thousandths;
    /// never after all of it.
    Cut(u16),
    /// The connection is closed, and the command was not passed on.
    CutBefore,
    /// The reply, and all behind it, come so much later.
    Delay(Duration),
    /// The command reaches the server twice; the first reply is given.
    Repeat,
    /// The command reaches the server twice; the second reply is given, as if the first was lost
    /// and the command sent again.
    Resend,
}

impl Strike {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hole => "hole",
            Self::Skip => "skip",
            Self::Cut(_) => "cut",
            Self::CutBefore => "cut before",
            Self::Delay(_) => "delay",
            Self::Repeat => "repeat",
            Self::Resend => "resend",
        }
    }
}

/// Strikes at random moments, the same for the same seed and the same commands.
#[derive(Clone, Debug)]
pub struct Odds {
    /// What chance begins with.
    pub seed: u64,
    /// How many commands in a thousand are struck.
    pub per_mille: u64,
    /// Where other odds hold: by kind of command.
    pub of_kind: BTreeMap<String, u64>,
    /// How many of one kind are struck at most.
    pub most: u64,
    /// What the commands of each kind are struck with, in turn, again from the first after the
    /// last. A [`Strike::Cut`] is made somewhere.
    pub menu: Vec<Strike>,
}

/// How often each kind of command was struck with what.
pub type Struck = BTreeMap<String, BTreeMap<&'static str, u64>>;

/// What is to be struck. Clones plan for the same proxy.
#[derive(Clone, Default)]
pub struct Strikes(Arc<Mutex<Plan>>);

#[derive(Default)]
struct Plan {
    next: Vec<Planned>,
    odds: Option<Odds>,
    seen: BTreeMap<String, u64>,
    struck: Struck,
}

struct Planned {
    kind: String,
    /// How many more of the kind pass before.
    pass: u64,
    strike: Strike,
}

impl Strikes {
    /// The next command of this kind is struck; behind those that are planned already.
    pub fn next(&self, kind: &str, strike: Strike) {
        self.nth(kind, 0, strike);
    }

    /// After `pass` more commands of this kind one is struck.
    pub fn nth(&self, kind: &str, pass: u64, strike: Strike) {
        self.lock().next.push(Planned { kind: kind.to_owned(), pass, strike });
    }

    /// From now on commands are struck at random too.
    pub fn at_random(&self, odds: Odds) {
        self.lock().odds = Some(odds);
    }

    /// Nothing more is struck.
    pub fn clear(&self) {
        let mut plan = self.lock();
        plan.next.clear();
        plan.odds = None;
    }

    /// What was struck so far.
    pub fn struck(&self) -> Struck {
        self.lock().struck.clone()
    }

    /// How many commands of each kind came so far.
    pub fn seen(&self) -> BTreeMap<String, u64> {
        self.lock().seen.clone()
    }

    /// What happens to a command that comes now.
    pub(super) fn on(&self, kind: &str) -> Option<Strike> {
        let mut plan = self.lock();
        *plan.seen.entry(kind.to_owned()).or_default() += 1;
        let strike = plan.planned(kind).or_else(|| plan.drawn(kind))?;
        *plan.struck.entry(kind.to_owned()).or_default().entry(strike.name()).or_default() += 1;
        Some(strike)
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plan {
    /// Each plan of this kind lets one command pass, until one of them strikes.
    fn planned(&mut self, kind: &str) -> Option<Strike> {
        let at = self.next.iter_mut().position(|planned| {
            let strikes = planned.kind == kind && planned.pass == 0;
            if planned.kind == kind && !strikes {
                planned.pass -= 1;
            }
            strikes
        })?;
        Some(self.next.remove(at).strike)
    }

    fn drawn(&mut self, kind: &str) -> Option<Strike> {
        let so_far: u64 = self.struck.get(kind).map_or(0, |of| of.values().sum());
        let odds = self.odds.as_mut()?;
        let per_mille = odds.of_kind.get(kind).copied().unwrap_or(odds.per_mille);
        if so_far >= odds.most || random(&mut odds.seed) % 1_000 >= per_mille {
            return None;
        }
        let turn = usize::try_from(so_far).unwrap_or(0) % odds.menu.len().max(1);
        Some(match odds.menu.get(turn)? {
            Strike::Cut(_) => Strike::Cut((random(&mut odds.seed) % 1_000) as u16),
            other => *other,
        })
    }
}

/// A small generator (splitmix64): strikes need to be repeatable, not unpredictable.
fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl fmt::Debug for Strikes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Strikes").field("struck", &self.lock().struck).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "strikes_tests.rs"]
mod tests;
