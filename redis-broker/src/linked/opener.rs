//! Opens links: tries that belong to no call, so that no call can cut one short.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tireless_core::{Error, ErrorKind, Operation, Result};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::address::Address;
use crate::connect_error::ConnectError;
use crate::link::Link;
use crate::patience;

use super::greet;

/// What all tries of one client share.
#[derive(Debug)]
pub(super) struct Opener {
    address: Address,
    /// How long a link of a server that is known to be away is waited for.
    patience: Duration,
    /// Where links live: the runtime that the client was made on. A caller's may be gone sooner.
    runtime: Mutex<Handle>,
    /// The longest pause between two tries, in milliseconds.
    longest_pause: AtomicU64,
    outage: Mutex<Outage>,
}

/// The tries to connect that failed in a row.
#[derive(Debug, Default)]
struct Outage {
    failures: u32,
    next_try: Option<Instant>,
    /// Why the last one failed.
    trouble: Option<String>,
}

type Ended = std::result::Result<(), Arc<Error>>;

/// A try under way, or one that has ended.
struct Try {
    end: Shared<BoxFuture<'static, Ended>>,
    task: AbortHandle,
}

/// One try at a time for one kind of link; dropping it ends the try.
pub(super) struct Door {
    under_way: Mutex<Option<Try>>,
    /// How long a link is waited for.
    patience: Duration,
}

impl Opener {
    /// To be called on the runtime that is to carry the links.
    pub(super) fn new(address: Address, patience: Duration) -> Self {
        Self {
            address,
            patience,
            runtime: Mutex::new(Handle::current()),
            longest_pause: AtomicU64::new(patience::LONGEST_PAUSE.as_millis() as u64),
            outage: Mutex::default(),
        }
    }

    /// Makes no pause between two tries longer than this from now on.
    pub(super) fn keep_pauses_within(&self, longest: Duration) {
        self.longest_pause.fetch_min(longest.as_millis() as u64, Ordering::Relaxed);
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    fn outage(&self) -> MutexGuard<'_, Outage> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connects once, after the pause that earlier failures ask for. Takes its own time, and not
    /// being done by then is a failure like others.
    async fn open<L: Link>(&self) -> Result<L> {
        let next_try = self.outage().next_try;
        if let Some(at) = next_try {
            sleep_until(at).await;
        }
        let began = Instant::now();
        // Boxed: compilers bound how deep the futures of one program are nested in each other.
        let greeting = Box::pin(greet::<L>(&self.address));
        let error = match timeout(patience::CONNECT, greeting).await {
            Ok(Ok(link)) => {
                *self.outage() = Outage::default();
                return Ok(link);
            }
            Ok(Err(error)) => error,
            Err(_) => ConnectError::TimedOut(patience::CONNECT),
        };
        let error = error.explain(&self.address);
        self.failed(&error, began);
        Err(error)
    }

    /// The pause counts from when the try began: one that met silence has taken longer already, and
    /// the server may be back since.
    fn failed(&self, error: &Error, began: Instant) {
        let longest = Duration::from_millis(self.longest_pause.load(Ordering::Relaxed));
        let mut outage = self.outage();
        outage.failures = outage.failures.saturating_add(1);
        outage.next_try = Some(began + patience::pause(outage.failures, longest));
        outage.trouble = Some(error.message().to_owned());
    }

    /// The task of a try has ended without a word: its runtime is shut down, or it panicked.
    fn lost(&self) -> Error {
        let message = "the task that connects to redis was ended; is its runtime shut down?";
        let error = Error::new(ErrorKind::Unavailable, Operation::Connect, message);
        // Whoever waits for it lives.
        if let Ok(handle) = Handle::try_current() {
            *self.runtime.lock().unwrap_or_else(PoisonError::into_inner) = handle;
        }
        self.failed(&error, Instant::now());
        error
    }

    fn is_away(&self) -> bool {
        self.outage().failures > 0
    }

    fn out_of_patience(&self, after: Duration) -> Error {
        match self.outage().trouble.clone() {
            Some(text) => Error::new(ErrorKind::Unavailable, Operation::Connect, text),
            None => ConnectError::TimedOut(after).explain(&self.address),
        }
    }
}

impl Door {
    pub(super) fn new(patience: Duration) -> Self {
        Self { under_way: Mutex::default(), patience }
    }

    /// Takes what `take` finds; while that is nothing, waits for tries that hand their link to
    /// `keep`, for its patience at most, or for the opener's once a try has failed.
    ///
    /// Cancel-safe: the try goes on, for whoever comes next.
    pub(super) async fn get<L: Link, T>(
        &self,
        opener: &Arc<Opener>,
        take: impl Fn() -> Option<T>,
        keep: impl Fn(L) + Clone + Send + 'static,
    ) -> Result<T> {
        let began = Instant::now();
        loop {
            let end = match self.enter(opener, &take, &keep) {
                Ok(found) => return Ok(found),
                Err(end) => end,
            };
            // Behind others in line patience helps; for a server that is away it only keeps the
            // caller from looking elsewhere.
            let patience =
                if opener.is_away() { self.patience.min(opener.patience) } else { self.patience };
            match timeout_at(began + patience, end).await {
                Ok(Err(error)) if !error.is_retryable() => return Err(Error::clone(&error)),
                Ok(_) => {}
                Err(_) => return Err(opener.out_of_patience(patience)),
            }
        }
    }

    fn enter<L: Link, T>(
        &self,
        opener: &Arc<Opener>,
        take: impl Fn() -> Option<T>,
        keep: &(impl Fn(L) + Clone + Send + 'static),
    ) -> std::result::Result<T, Shared<BoxFuture<'static, Ended>>> {
        // Looked for under the lock: a link of a try that has just ended is there by now.
        let mut door = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = take() {
            return Ok(found);
        }
        if let Some(under_way) = door.as_ref().filter(|found| !found.task.is_finished()) {
            return Err(under_way.end.clone());
        }
        let (trying, keep) = (Arc::clone(opener), keep.clone());
        let runtime = opener.runtime.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let task = runtime.spawn(async move { trying.open().await.map(keep).map_err(Arc::new) });
        let (abort, losing) = (task.abort_handle(), Arc::clone(opener));
        let end = task.map(move |ended| ended.unwrap_or_else(|_| Err(Arc::new(losing.lost()))));
        let end = end.boxed().shared();
        *door = Some(Try { end: end.clone(), task: abort });
        Err(end)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let door = self.under_way.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = door {
            under_way.task.abort();
        }
    }
}

#[cfg(test)]
#[path = "opener_tests.rs"]
mod tests;
