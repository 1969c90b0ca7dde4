//! Who holds what in one queue: leases, claims, and whose turn it is (B4, B5, B11).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tireless_core::limits::{LONGEST_LEASE, TURN};
use tireless_core::{StoreTime, TaskId, WorkerId};

use crate::held::HeldClaim;
use crate::id_map::IdMap;
use crate::task::Run;

/// The workers registered in a queue.
#[derive(Debug, Default)]
pub(crate) struct Holders {
    workers: IdMap<WorkerId, Holder>,
    ends: BTreeSet<(StoreTime, WorkerId)>,
    /// Whose turn it is, and since when.
    turn: Option<(WorkerId, StoreTime)>,
}

#[derive(Debug)]
struct Holder {
    lease_until: StoreTime,
    claims: BTreeMap<u64, HeldClaim>,
}

impl Holders {
    /// Registers a worker or moves the end of its lease, at most the longest lease from now (B6).
    pub(crate) fn renew(&mut self, worker: WorkerId, now: StoreTime, lease: Duration) {
        let lease_until = now.after(lease.min(LONGEST_LEASE));
        let holder = self
            .workers
            .entry(worker)
            .or_insert_with(|| Holder { lease_until, claims: BTreeMap::new() });
        self.ends.remove(&(holder.lease_until, worker));
        holder.lease_until = lease_until;
        self.ends.insert((lease_until, worker));
    }

    /// Ends a registration. What the worker held must have been taken out before.
    pub(crate) fn leave(&mut self, worker: WorkerId) {
        if let Some(holder) = self.workers.remove(&worker) {
            self.ends.remove(&(holder.lease_until, worker));
        }
        self.end_turn(worker);
    }

    /// All registered workers, in no order.
    pub(crate) fn workers(&self) -> impl Iterator<Item = WorkerId> + '_ {
        self.workers.keys().copied()
    }

    pub(crate) fn is_registered(&self, worker: WorkerId) -> bool {
        self.workers.contains_key(&worker)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.workers.is_empty()
    }

    fn is_live(&self, worker: WorkerId, now: StoreTime) -> bool {
        self.workers.get(&worker).is_some_and(|holder| holder.lease_until > now)
    }

    /// How many workers live.
    pub(crate) fn live(&self, now: StoreTime) -> usize {
        let ended = StoreTime::from_millis(now.millis().saturating_add(1));
        self.ends.range((ended, WorkerId::from_bytes([0; 16]))..).count()
    }

    /// The worker whose lease ended first, if any has.
    pub(crate) fn ended(&self, now: StoreTime) -> Option<WorkerId> {
        self.ends.first().filter(|(until, _)| *until <= now).map(|(_, worker)| *worker)
    }

    /// Cuts the leases that end further ahead than the longest lease (B6).
    pub(crate) fn cut_leases(&mut self, now: StoreTime) {
        let latest = now.after(LONGEST_LEASE);
        while let Some(&(until, worker)) = self.ends.last()
            && until > latest
        {
            self.renew(worker, now, LONGEST_LEASE);
        }
    }

    /// Records a task under a claim of a registered worker.
    pub(crate) fn hold(&mut self, run: Run, alone: bool, id: TaskId) {
        if let Some(holder) = self.workers.get_mut(&run.worker) {
            let claim = holder.claims.entry(run.claim).or_default();
            claim.alone = alone;
            claim.add(run.position, id);
        }
    }

    /// Takes a task out of its claim; an emptied claim is gone (B5).
    pub(crate) fn let_go(&mut self, run: Run) {
        let Some(holder) = self.workers.get_mut(&run.worker) else { return };
        if let Some(claim) = holder.claims.get_mut(&run.claim) {
            claim.remove(run.position);
            if claim.is_empty() {
                holder.claims.remove(&run.claim);
            }
        }
    }

    /// What is held under a claim, if anything is.
    pub(crate) fn claim(&self, worker: WorkerId, number: u64) -> Option<&HeldClaim> {
        self.workers.get(&worker)?.claims.get(&number)
    }

    /// The claims of a worker, the oldest first.
    pub(crate) fn claims(
        &self,
        worker: WorkerId,
    ) -> impl DoubleEndedIterator<Item = (u64, &HeldClaim)> + '_ {
        let claims = self.workers.get(&worker).map(|holder| &holder.claims);
        claims.into_iter().flatten().map(|(number, claim)| (*number, claim))
    }

    /// Gives the turn to this worker if it lives and no other live worker has it, or had it not long ago;
    /// whether it is this worker's now.
    pub(crate) fn offer_turn(&mut self, worker: WorkerId, now: StoreTime) -> bool {
        let stays = |(other, since): (WorkerId, StoreTime)| {
            let until = since.after(if other == worker { 3 * TURN } else { 2 * TURN });
            self.is_live(other, now) && (since..until).contains(&now)
        };
        if !self.turn.is_some_and(stays) && self.is_live(worker, now) {
            self.turn = Some((worker, now));
        }
        let has = |(of, since): (WorkerId, StoreTime)| of == worker && now < since.after(TURN);
        self.turn.is_some_and(has) && self.is_live(worker, now)
    }

    pub(crate) fn end_turn(&mut self, worker: WorkerId) {
        if self.turn.is_some_and(|(of, _)| of == worker) {
            self.turn = None;
        }
    }
}
