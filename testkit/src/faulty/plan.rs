//! Which call is to go wrong, and how.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tireless_core::Operation;

use super::Copy;

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails before anything was done: `Unavailable`, with no effect.
    Refuse,
    /// It is carried out, but its reply is lost: `Timeout`, with the effect `Maybe`.
    LoseReply,
    /// It is held up for a while first.
    Delay(Duration),
    /// It is sent twice; the first answer is given.
    Repeat,
    /// A copy of it stays under way, until
    /// [`deliver_late_copies`](super::FaultyBroker::deliver_late_copies). The operator's calls
    /// have no numbers that tell a late copy, so they leave none.
    CopyLater,
}

/// How often calls go wrong under a seeded script, in percent of all calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Odds {
    /// Of [`Fault::Refuse`].
    pub refuse: u8,
    /// Of [`Fault::LoseReply`].
    pub lose_reply: u8,
    /// Of [`Fault::Repeat`].
    pub repeat: u8,
    /// Of [`Fault::CopyLater`].
    pub copy_later: u8,
}

/// What is to go wrong with the calls of a faulty broker. Clones plan for the same broker.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

#[derive(Default)]
struct Plan {
    next: VecDeque<(Operation, Fault)>,
    script: Option<(u64, Odds)>,
    late: Vec<Copy>,
    struck: u64,
}

impl Faults {
    /// The next call of this operation that has no fault planned yet goes wrong like this.
    pub fn plan(&self, operation: Operation, fault: Fault) {
        self.lock().next.push_back((operation, fault));
    }

    /// From now on calls go wrong at random; the same seed and calls give the same faults.
    pub fn script(&self, seed: u64, odds: Odds) {
        self.lock().script = Some((seed, odds));
    }

    /// No more faults. Late copies stay under way.
    pub fn clear(&self) {
        let mut plan = self.lock();
        plan.next.clear();
        plan.script = None;
    }

    /// How many calls have gone wrong so far.
    pub fn struck(&self) -> u64 {
        self.lock().struck
    }

    pub(super) fn next(&self, operation: Operation) -> Option<Fault> {
        let mut plan = self.lock();
        let planned = plan.next.iter().position(|(planned, _)| *planned == operation);
        let fault = match planned.and_then(|at| plan.next.remove(at)) {
            Some((_, fault)) => Some(fault),
            None => plan.script.as_mut().and_then(|(seed, odds)| draw(seed, *odds)),
        };
        plan.struck += u64::from(fault.is_some());
        fault
    }

    pub(super) fn hold_late(&self, copy: Option<Copy>) {
        self.lock().late.extend(copy);
    }

    pub(super) fn take_late(&self) -> Vec<Copy> {
        std::mem::take(&mut self.lock().late)
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Draws one call's fault.
fn draw(seed: &mut u64, odds: Odds) -> Option<Fault> {
    let mut roll = (random(seed) % 100) as u8;
    let faults = [
        (odds.refuse, Fault::Refuse),
        (odds.lose_reply, Fault::LoseReply),
        (odds.repeat, Fault::Repeat),
        (odds.copy_later, Fault::CopyLater),
    ];
    for (percent, fault) in faults {
        if roll < percent {
            return Some(fault);
        }
        roll -= percent;
    }
    None
}

/// A small generator (splitmix64): scripts need to be repeatable, not unpredictable.
fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.lock();
        f.debug_struct("Faults").field("next", &plan.next).field("script", &plan.script).finish()
    }
}
