//! Renew: a worker lives on, and what it does not know that it holds is ready again (B4).

use std::collections::HashSet;

use tireless_core::{Held, QueueRenewed, Reentry, Renew, StoreTime};

use crate::queue::Queue;

impl Queue {
    /// Extends a lease and gives back the orphans; a lease of zero gives back everything and
    /// ends the registration.
    pub(crate) fn renew(&mut self, renew: &Renew, held: &Held, now: StoreTime) -> QueueRenewed {
        let (worker, leaves) = (renew.worker, renew.lease.is_zero());
        let mut answer = QueueRenewed::default();
        let is_lost = |claim: &&u64| self.holders.claim(worker, **claim).is_none();
        answer.lost = held.claims.iter().filter(is_lost).copied().collect();

        let named: HashSet<u64> = held.claims.iter().copied().collect();
        let is_orphan = |claim: u64| leaves || (claim < held.below && !named.contains(&claim));
        let orphans: Vec<_> = self
            .holders
            .claims(worker)
            .filter(|(number, _)| is_orphan(*number))
            .flat_map(|(_, claim)| claim.ids())
            .map(|id| (id, Reentry::Front))
            .collect();
        for (id, _) in &orphans {
            self.detach(*id);
        }
        self.enter_all(&orphans);
        self.rings |= !orphans.is_empty();
        answer.released = orphans.len() as u64;

        if !leaves {
            self.holders.renew(worker, now, renew.lease);
        } else {
            if self.holders.is_registered(worker) {
                self.holders.leave(worker);
            }
            // Its last claim number is remembered from now on; a claim of it that is still on its
            // way finds its number spent.
            let last = self.last_claims.touch(worker, now);
            *last = (*last).max(held.below.checked_sub(1));
        }
        answer.now = now;
        answer
    }
}

#[cfg(test)]
#[path = "renew_tests.rs"]
mod tests;
