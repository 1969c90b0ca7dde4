//! What the parts of a pool share their state by: std's and tokio's own, at no cost. Under
//! `cfg(shuttle)` stand-ins take their place in tests, and at each use of one a scheduler chooses
//! who goes on: `shuttle_tests` see orders that threads rarely show.

pub(crate) use primitives::*;

#[cfg(not(all(test, shuttle)))]
mod primitives {
    use std::future::Future;

    use tokio_util::task::TaskTracker;

    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize};
    pub(crate) use std::sync::{Mutex, MutexGuard};
    pub(crate) use tokio::spawn;
    pub(crate) use tokio::sync::Notify;

    /// Spawns a task that the tracker waits for.
    pub(crate) fn spawn_tracked(
        tracker: &TaskTracker,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        tracker.spawn(task);
    }
}

#[cfg(all(test, shuttle))]
mod primitives {
    use std::future::Future;
    use std::sync::atomic::Ordering;

    use tokio_util::task::TaskTracker;

    pub(crate) use shuttle::future::spawn;
    pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize};
    pub(crate) use shuttle::sync::{Mutex, MutexGuard};

    pub(crate) fn spawn_tracked(
        tracker: &TaskTracker,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        spawn(tracker.track_future(task));
    }

    /// Tokio's works without a runtime, but lets nobody in before it rings or listens.
    #[derive(Debug, Default)]
    pub(crate) struct Notify {
        inner: tokio::sync::Notify,
        uses: AtomicUsize,
    }

    impl Notify {
        pub(crate) fn new() -> Self {
            Self::default()
        }

        pub(crate) fn notify_one(&self) {
            self.uses.fetch_add(1, Ordering::SeqCst);
            self.inner.notify_one();
        }

        pub(crate) async fn notified(&self) {
            self.uses.fetch_add(1, Ordering::SeqCst);
            self.inner.notified().await;
        }
    }
}
