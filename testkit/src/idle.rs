//! Waiting until a runtime has nothing left to do.

use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};

/// Turns in a row without activity that count as quiet. One turn of a current-thread runtime runs
/// all that is ready, so this allows chains of this many tasks that wake one another.
const QUIET_TURNS: u32 = 50;

/// Turns after which waiting ends even though something is still at work: a loop that never
/// sleeps must not hang a test.
const MOST_TURNS: u32 = 20_000;

/// A pause that lets the other threads of a runtime get on.
const PAUSE: Duration = Duration::from_micros(20);

/// Yields until `activity` stands still and no other thread of the runtime is at work.
pub(crate) async fn settle(activity: impl Fn() -> u64) {
    let handle = Handle::current();
    let threaded = handle.runtime_flavor() != RuntimeFlavor::CurrentThread;
    let (mut quiet, mut seen) = (0, activity());
    for _ in 0..MOST_TURNS {
        if quiet == QUIET_TURNS {
            return;
        }
        tokio::task::yield_now().await;
        let busy = threaded && others_work(&handle);
        let now = activity();
        quiet = if busy || now != seen { 0 } else { quiet + 1 };
        seen = now;
        if busy {
            std::thread::sleep(PAUSE);
        }
    }
}

/// Whether another thread of a multi-thread runtime runs tasks, or has some to run.
#[cfg(target_has_atomic = "64")]
fn others_work(handle: &Handle) -> bool {
    let metrics = handle.metrics();
    // Inside a task this thread is one of the workers; under `block_on` it is not.
    let own = usize::from(tokio::task::try_id().is_some());
    let awake = (0..metrics.num_workers())
        .filter(|worker| metrics.worker_park_unpark_count(*worker).is_multiple_of(2))
        .count();
    awake > own || metrics.global_queue_depth() > 0
}

/// Without these counters every turn pauses, which gives the other threads time enough.
#[cfg(not(target_has_atomic = "64"))]
fn others_work(_handle: &Handle) -> bool {
    std::thread::sleep(PAUSE);
    false
}
