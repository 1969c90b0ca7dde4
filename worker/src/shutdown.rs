//! The shutdown: nothing lost, nothing charged, and an end in time.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tireless_core::Outcome;
use tireless_core::limits::TASKS_PER_CALL;

use crate::dispatch::Taken;
use crate::events::Event;
use crate::heartbeat::sign_off;
use crate::quiet::log;
use crate::running::Loops;
use crate::settler::Finished;
use crate::shared::Shared;
use crate::trace;

/// How long handlers have after they were told to stop. With what follows, a pool ends within its
/// deadline and a second.
const GRACE: Duration = Duration::from_millis(300);

/// How long each of the last steps may take once the deadline has passed.
const LAST: Duration = Duration::from_millis(300);

/// So long after the deadline a shutdown signs off, whatever has come before.
const LATE: Duration = Duration::from_millis(700);

/// How long signing off may take before that: enough for a store that is far or slow, and what one
/// that is away costs.
const LEAVE: Duration = Duration::from_secs(2);

/// Gives tasks back unstarted, so that they come first again and in the order they had.
pub(crate) fn give_back(shared: &Shared, mut tasks: Vec<Taken>) {
    // What one call gives back keeps its order, and stands before what earlier calls gave back.
    while !tasks.is_empty() {
        let last = (tasks.len() - 1) / TASKS_PER_CALL * TASKS_PER_CALL;
        for taken in tasks.split_off(last) {
            trace::given_back(shared, &taken);
            let Taken { task, batch, place } = taken;
            let (queue, id, outcome) = (batch.queue, task.id, Outcome::RELEASE);
            shared.settlers[queue].push(Finished { id, batch, place, outcome, settled: None });
        }
    }
}

/// Shuts a pool down.
pub(crate) async fn run(shared: Arc<Shared>, loops: Loops) {
    let timeout = shared.settings.shutdown_timeout;
    let clock = &*shared.clock;
    let deadline = clock.monotonic().saturating_add(timeout);
    shared.stop.cancel();
    let unstarted = shared.dispatch.close();
    let load = shared.dispatch.load();
    log!(
        info, worker = %shared.worker, running = load.running, given_back = unstarted.len(),
        ?timeout, "the pool stops"
    );
    give_back(&shared, unstarted);
    // A claim under way is answered first: what it takes is given back, not left behind.
    let ended = async {
        loops.claiming.wait().await;
        shared.slots.close();
        shared.slots.wait().await;
    };
    if until(&shared, deadline, ended).await.is_none() {
        stop_handlers(&shared, deadline).await;
    }
    for settler in &shared.settlers {
        settler.close();
    }
    if last_step(&shared, deadline, loops.settling.wait()).await.is_none() {
        let held = shared.ledger.held();
        log!(warn, held, "outcomes could not be written in time; their tasks will run again");
    }
    shared.rest.cancel();
    // The heartbeat signs off.
    let leave_by = || deadline.min(clock.monotonic() + LEAVE);
    if last_step(&shared, leave_by(), loops.beating.wait()).await.is_none() {
        log!(warn, "the pool could not sign off in time; its lease ends by itself");
    } else if !shared.signs_off.load(Ordering::Relaxed) {
        // It had failed, and was to be started again: no beat of it can come any more.
        let _late = last_step(&shared, leave_by(), sign_off(&shared)).await;
    }
    let summary = shared.counters.summary();
    log!(
        info, worker = %shared.worker, done = summary.done, failed = summary.failed,
        buried = summary.buried, released = summary.released, "the pool has stopped"
    );
    let worker = shared.worker;
    shared.observers.tell(|| Event::PoolStopped { worker, summary });
}

/// Ends a pool whose runtime nobody drives any more: what it holds is given back, and nobody waits any
/// longer. A shutdown that does go on has nothing left to do by then but to sign off.
pub(crate) async fn end_late(shared: Arc<Shared>) {
    shared.stop.cancelled().await;
    shared.clock.sleep(shared.settings.shutdown_timeout.saturating_add(LATE)).await;
    for queue in 0..shared.queues.len() {
        shared.ledger.stop(queue);
    }
    shared.abort.cancel();
    // The heartbeat signs off.
    shared.rest.cancel();
    shared.clock.sleep(LAST).await;
    shared.overdue.cancel();
    shared.over.cancel();
}

/// Tells handlers to stop, and drops those that do not.
async fn stop_handlers(shared: &Shared, deadline: Duration) {
    let clock = &*shared.clock;
    // A claim that never answers has kept the shutdown from it: without this no wait would end.
    shared.slots.close();
    let running = shared.dispatch.load().running;
    let hurries = clock.monotonic() < deadline;
    let why = if hurries { "told to end at once" } else { "the shutdown's time is up" };
    log!(warn, running, "{why}; what still runs is stopped and given back");
    for queue in 0..shared.queues.len() {
        shared.ledger.stop(queue);
    }
    let grace = clock.monotonic() + GRACE;
    if until(shared, grace, shared.slots.wait()).await.is_none() {
        shared.abort.cancel();
        // Only a handler that blocks its thread is not gone after this.
        let _blocked = until(shared, clock.monotonic() + LAST / 3, shared.slots.wait()).await;
    }
}

/// Waits until outcomes are written, or the pool has left: up to the deadline, or for a moment where
/// that is past. A second signal leaves it that moment: what is done is not to run again.
async fn last_step(
    shared: &Shared,
    deadline: Duration,
    step: impl Future<Output = ()>,
) -> Option<()> {
    let mut step = pin!(step);
    let a_moment = || shared.clock.monotonic() + LAST;
    if !shared.hurry.is_cancelled() {
        let done = until(shared, deadline.max(a_moment()), &mut step).await;
        if done.is_some() || !shared.hurry.is_cancelled() {
            return done;
        }
    }
    until(shared, a_moment(), step).await
}

/// The future's result, or `None` when the deadline comes first, or a second signal if that is
/// more than a moment away.
async fn until<T>(
    shared: &Shared,
    deadline: Duration,
    future: impl Future<Output = T>,
) -> Option<T> {
    let clock = &*shared.clock;
    let left = deadline.saturating_sub(clock.monotonic());
    tokio::select! {
        biased;
        result = future => Some(result),
        () = clock.sleep(left) => None,
        () = shared.hurry.cancelled(), if left > LAST => None,
    }
}

#[cfg(test)]
#[path = "shutdown_tests.rs"]
mod tests;
