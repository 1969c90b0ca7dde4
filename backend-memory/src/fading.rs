//! What is remembered about a worker or caller until ten minutes after it was last heard of.

use std::collections::BTreeSet;

use tireless_core::limits::REPEAT_WINDOW;
use tireless_core::{StoreTime, WorkerId};

use crate::id_map::IdMap;

/// A value per worker or caller that fades when it was not touched for [`REPEAT_WINDOW`].
///
/// Faded values are dropped a few at a time by later calls, so that no call does much (B7).
#[derive(Debug)]
pub(crate) struct Fading<V> {
    entries: IdMap<WorkerId, (StoreTime, V)>,
    order: BTreeSet<(StoreTime, WorkerId)>,
}

impl<V> Default for Fading<V> {
    fn default() -> Self {
        Self { entries: IdMap::default(), order: BTreeSet::new() }
    }
}

impl<V: Default> Fading<V> {
    /// The value, made if there is none; from now on it counts as heard of at `now`.
    pub(crate) fn touch(&mut self, who: WorkerId, now: StoreTime) -> &mut V {
        let entry = self.entries.entry(who).or_insert_with(|| (now, V::default()));
        if entry.0 != now {
            self.order.remove(&(entry.0, who));
            entry.0 = now;
        }
        self.order.insert((now, who));
        &mut entry.1
    }
}

impl<V> Fading<V> {
    pub(crate) fn remove(&mut self, who: WorkerId) {
        if let Some((touched, _)) = self.entries.remove(&who) {
            self.order.remove(&(touched, who));
        }
    }

    /// All values, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (WorkerId, &V)> + '_ {
        self.entries.iter().map(|(who, (_, value))| (*who, value))
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> + '_ {
        self.entries.values_mut().map(|(_, value)| value)
    }

    /// Drops at most `limit` faded values; those that `lives` vouches for start anew instead.
    pub(crate) fn fade(&mut self, now: StoreTime, limit: usize, lives: impl Fn(WorkerId) -> bool) {
        for _ in 0..limit {
            let Some(&(touched, who)) = self.order.first() else { return };
            if touched.after(REPEAT_WINDOW) >= now {
                return;
            }
            self.order.pop_first();
            if lives(who)
                && let Some(entry) = self.entries.get_mut(&who)
            {
                entry.0 = now;
                self.order.insert((now, who));
            } else {
                self.entries.remove(&who);
            }
        }
    }
}
