//! The hoard: how many tasks to keep ready beside those that run, and what to do when they turn
//! out to be slow.
//!
//! A guess of how long tasks take is only as good as the last ones were. So the hoard starts at
//! one task a slot, grows as fast as quick runs end, and what waits without getting its turn soon
//! is given back for others to run.

use std::time::Duration;

use tireless_core::limits::TASKS_PER_CALL;

use crate::board::Want;
use crate::dispatch::Load;
use crate::shared::Shared;
use crate::shutdown::give_back;

/// Tasks are hoarded beyond the free slots only as far as they are likely to start within this.
pub(crate) const HOARD: Duration = Duration::from_millis(100);

/// While tasks wait, their turns are counted over this time at least.
pub(crate) const WATCH: Duration = Duration::from_millis(200);

/// What waits longer than so many times the aim at the pace that is seen is too much.
const TOO_MUCH: u128 = 4;

/// So many queues share what is kept ready, if they have as many tasks.
const QUEUES: usize = 16;

/// So many tasks of a queue cost the store about twice as much as what the call itself does.
const TASKS_WORTH_A_CALL: usize = 16;

/// With so many tasks the call itself hardly counts.
const BIG_CALL: usize = 64;

/// What claims in flight come to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OnTheWay {
    /// Tasks that they ask for.
    pub(crate) tasks: usize,
    /// Tasks that begin while an answer is on its way.
    pub(crate) reach: usize,
}

/// What to ask for now, beside what claims in flight ask for. If nothing, the claimer is rung when
/// that changes.
pub(crate) fn room(shared: &Shared, on_the_way: OnTheWay) -> Option<Want> {
    let settings = &shared.settings;
    let load = shared.dispatch.load();
    // To wait for a far store is no pause.
    let ramp = if on_the_way.tasks == 0 && begins_anew(shared, &load) {
        shared.dispatch.start_small();
        settings.concurrency
    } else {
        load.ramp
    };
    let hoard = by_mean(&load, settings.concurrency, settings.prefetch).min(ramp);
    let target = settings.concurrency + hoard + on_the_way.reach.min(3 * hoard);
    let quick = hoard >= settings.concurrency;
    let half = hoard.div_ceil(2).max(1);
    let least = if on_the_way.tasks > 0 {
        // What is on its way comes soon: another call has to be worth it.
        if quick { half } else { TASKS_PER_CALL }
    } else if load.total() < settings.concurrency {
        1
    } else {
        // With all slots busy there is time to ask for many at once.
        half
    };
    let room = target.saturating_sub(load.total() + on_the_way.tasks);
    if room < least {
        // Short of that, it is an answer that makes room.
        if let Some(at) = target.checked_sub(on_the_way.tasks + least) {
            shared.dispatch.wake_at(at);
        }
        return None;
    }
    // A part of them at a time: while these run, the next are claimed.
    let tasks = room.min(settings.concurrency.max(half)).min(TASKS_PER_CALL);
    Some(Want { tasks, share: if quick { worth_a_call(hoard) } else { 1 } })
}

/// Whether what comes now comes after a pause: it may be of another kind than what ran before.
pub(crate) fn begins_anew(shared: &Shared, load: &Load) -> bool {
    let idle_for = shared.clock.monotonic().saturating_sub(load.last_began);
    load.total() == 0 && idle_for > HOARD
}

/// Where tasks are so quick that as many are kept ready as run, calls are what costs: a few queues are
/// asked for many each, for more the quicker tasks are, so that each has its turn soon. While tasks
/// are slow, all queues get their share each time.
fn worth_a_call(hoard: usize) -> usize {
    (hoard / QUEUES).clamp(TASKS_WORTH_A_CALL, BIG_CALL)
}

/// How many tasks begin within the aim if they take as long as the last ones.
fn by_mean(load: &Load, concurrency: usize, most: usize) -> usize {
    let Some(mean) = load.mean else { return 0 };
    let each = HOARD.as_nanos() / mean.as_nanos().max(1);
    usize::try_from(each).unwrap_or(usize::MAX).saturating_mul(concurrency).min(most)
}

/// Watches whether what waits gets its turn.
#[derive(Debug, Default)]
pub(crate) struct HoardWatch {
    /// Since when, how many had begun then, and which wait of the dispatch it is.
    since: Option<(Duration, u64, u64)>,
}

impl HoardWatch {
    /// Gives back what waits too long. To be called often while tasks wait.
    pub(crate) fn look(&mut self, shared: &Shared) {
        let load = shared.dispatch.load();
        if load.waiting == 0 {
            self.since = None;
            return;
        }
        let now = shared.clock.monotonic();
        let fresh = (now, load.began, load.wait);
        let same = self.since.filter(|(.., wait)| *wait == load.wait);
        let (since, began, _) = *self.since.insert(same.unwrap_or(fresh));
        let watched = now.saturating_sub(since);
        if watched < WATCH {
            return;
        }
        self.since = Some(fresh);
        let turns = load.began - began;
        let needs = load.waiting as u128 * watched.as_nanos();
        if needs <= TOO_MUCH * HOARD.as_nanos() * u128::from(turns) {
            return;
        }
        let soon = HOARD.as_nanos() * u128::from(turns) / watched.as_nanos();
        let each = match u32::try_from(turns) {
            Ok(0) => now.saturating_sub(load.last_began),
            Ok(turns) => watched.saturating_mul(slots(shared)) / turns,
            Err(_) => return,
        };
        let excess = shared.dispatch.recall(usize::try_from(soon).unwrap_or(usize::MAX), each);
        let tasks = excess.len();
        give_back(shared, excess);
        crate::quiet::log!(
            debug,
            tasks,
            ?each,
            "tasks are slower than the last ones were; \
            what would wait for long is given back"
        );
    }
}

fn slots(shared: &Shared) -> u32 {
    u32::try_from(shared.settings.concurrency).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "hoard_tests.rs"]
mod tests;
