//! The shutdown: nothing lost, nothing charged, and an end in time.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tireless_core::Outcome;
use tireless_core::limits::TASKS_PER_CALL;

use crate::dispatch::Job;
use crate::events::Event;
use crate::heartbeat::sign_off;
use crate::running::Loops;
use crate::settler::Finished;
use crate::shared::Shared;

/// How long handlers have after they were told to stop. With what follows, a pool ends within its
/// deadline and a second.
const GRACE: Duration = Duration::from_millis(300);

/// How long each of the last steps may take once the deadline has passed.
const LAST: Duration = Duration::from_millis(300);

/// Gives tasks back unstarted, so that they come first again and in the order they had.
pub(crate) fn give_back(shared: &Shared, mut jobs: Vec<Job>) {
    // What one call gives back keeps its order, and stands before what earlier calls gave back.
    while !jobs.is_empty() {
        let last = (jobs.len() - 1) / TASKS_PER_CALL * TASKS_PER_CALL;
        for Job { task, batch, place } in jobs.split_off(last) {
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
    tracing::info!(
        worker = %shared.worker, running = load.running, given_back = unstarted.len(), ?timeout,
        "the pool stops"
    );
    give_back(&shared, unstarted);
    // A claim under way is answered first: what it takes is given back, not left behind.
    let ended = async {
        loops.claiming.wait().await;
        shared.slots.close();
        shared.slots.wait().await;
    };
    if until(&shared, deadline, ended).await.is_none() {
        stop_handlers(&shared).await;
    }
    for settler in &shared.settlers {
        settler.close();
    }
    if written(&shared, &loops, deadline).await.is_none() {
        let held = shared.ledger.held();
        tracing::warn!(held, "outcomes could not be written in time; their tasks will run again");
    }
    shared.rest.cancel();
    // The heartbeat signs off.
    if until(&shared, clock.monotonic() + LAST, loops.beating.wait()).await.is_none() {
        tracing::warn!("the pool could not sign off in time; its lease ends by itself");
    } else if !shared.signs_off.load(Ordering::Relaxed) {
        // It had failed, and was to be started again: no beat of it can come any more.
        let _late = until(&shared, clock.monotonic() + LAST, sign_off(&shared, None)).await;
    }
    let summary = shared.counters.summary();
    tracing::info!(
        worker = %shared.worker, done = summary.done, failed = summary.failed,
        buried = summary.buried, released = summary.released, "the pool has stopped"
    );
    let worker = shared.worker;
    shared.observers.tell(|| Event::PoolStopped { worker, summary });
}

/// Tells handlers to stop, and drops those that do not.
async fn stop_handlers(shared: &Shared) {
    let clock = &*shared.clock;
    // A claim that never answers has kept the shutdown from it: without this no wait would end.
    shared.slots.close();
    let running = shared.dispatch.load().running;
    tracing::warn!(running, "the shutdown's time is up; what still runs is stopped and given back");
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

/// Waits until the outcomes are written, up to the deadline or a moment after it. A second signal
/// leaves them that moment: what is done is not to run again.
async fn written(shared: &Shared, loops: &Loops, deadline: Duration) -> Option<()> {
    let a_moment = || shared.clock.monotonic() + LAST;
    if !shared.hurry.is_cancelled() {
        let last = deadline.max(a_moment());
        let written = until(shared, last, loops.settling.wait()).await;
        if written.is_some() || !shared.hurry.is_cancelled() {
            return written;
        }
    }
    until(shared, a_moment(), loops.settling.wait()).await
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
