//! The registry: which workers live, and what they tell about themselves.

use tireless_core::limits::LONGEST_LEASE;
use tireless_core::{Renew, StoreTime, WorkerId, WorkerInfo, WorkerView};

use super::{Store, Time, enter};

/// Workers long gone that one renewal clears from the registry.
const CLEARED_BY_A_RENEWAL: usize = 4;

/// What a worker told about itself when it renewed last.
#[derive(Debug, Default)]
pub(super) struct Registered {
    lease_until: StoreTime,
    info: WorkerInfo,
}

impl Store {
    pub(super) fn register(&self, renew: &Renew, time: impl Time) {
        let mut workers = enter(&self.workers);
        let now = time.now();
        workers.fade(now, CLEARED_BY_A_RENEWAL, |_| false);
        if renew.lease.is_zero() {
            workers.remove(renew.worker);
            return;
        }
        let registered = workers.touch(renew.worker, now);
        registered.lease_until = now.after(renew.lease.min(LONGEST_LEASE));
        registered.info.clone_from(&renew.info);
    }

    /// The workers that live, in the order of their ids.
    pub(crate) fn workers(&self, time: impl Time) -> Vec<WorkerView> {
        let view = |(id, registered): (WorkerId, &Registered)| {
            WorkerView::new(id, registered.lease_until, registered.info.clone())
        };
        let registry = enter(&self.workers);
        let now = time.now();
        let mut workers: Vec<_> =
            registry.iter().map(view).filter(|worker| worker.lease_until > now).collect();
        workers.sort_by_key(|worker| worker.id);
        workers
    }

    /// After a clock that jumped back: no lease reaches further than a lease may (B6).
    pub(super) fn cut_leases(&self, time: impl Time) {
        let mut workers = enter(&self.workers);
        let latest = time.now().after(LONGEST_LEASE);
        for registered in workers.values_mut() {
            registered.lease_until = registered.lease_until.min(latest);
        }
    }
}
