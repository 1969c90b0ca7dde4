//! A clock that stands still until a test moves it: an hour of retries in milliseconds.
//!
//! ```
//! # async fn example() {
//! use std::time::Duration;
//! use tireless_core::Clock;
//! use tireless_testkit::VirtualClock;
//!
//! let clock = VirtualClock::new();
//! let sleep = clock.sleep(Duration::from_secs(3600));
//! let sleeper = tokio::spawn(sleep);
//! clock.advance(Duration::from_secs(3600)).await;
//! assert!(sleeper.is_finished());
//! # }
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tireless_core::{Clock, Sleep, StoreTime};

use crate::idle;

/// Where a new virtual clock's wall time starts: far from zero, and a round number to read.
const START: StoreTime = StoreTime::from_millis(1_000_000_000_000);

/// A clock for tests. Clones show the same time.
///
/// Time moves only inside [`advance`](Self::advance), which steps from one pending sleep to the
/// next, wakes what is due and lets the runtime work until all is quiet before it goes on. Loops
/// that sleep by this clock therefore run exactly as often as they would in real time.
///
/// Works on current-thread and on multi-thread runtimes. Work on tokio's blocking threads, and
/// real input and output, are not seen: wait for those yourself.
#[derive(Clone, Default)]
pub struct VirtualClock(Arc<Mutex<Time>>);

#[derive(Default)]
struct Time {
    now: Duration,
    /// How far wall time has been moved against monotonic time, in milliseconds.
    skew: i64,
    /// Counts everything that happens here, so that quiet can be told from work under way.
    activity: u64,
    next_key: u64,
    sleeps: BTreeMap<SleepKey, Option<Waker>>,
}

type SleepKey = (Duration, u64);

impl VirtualClock {
    /// A clock that starts at monotonic zero, with nobody asleep.
    pub fn new() -> Self {
        Self::default()
    }

    /// Monotonic time, without counting as activity. The same as what users of the clock see.
    pub fn now(&self) -> Duration {
        self.time().now
    }

    /// How many sleeps are pending.
    pub fn sleepers(&self) -> usize {
        self.time().sleeps.len()
    }

    /// When the earliest pending sleep ends; `None` if nobody sleeps.
    pub fn next_wake(&self) -> Option<Duration> {
        self.time().sleeps.keys().next().map(|(deadline, _)| *deadline)
    }

    /// Moves time on by `duration`: steps through the sleeps that end on the way, in order, wakes
    /// them, and lets everything come to rest after each step.
    ///
    /// Cancel-safe: dropped half way, time stays where it got to.
    pub async fn advance(&self, duration: Duration) {
        self.idle().await;
        let target = self.now() + duration;
        while let Some(due) = self.next_wake().filter(|due| *due <= target) {
            self.wake_at(due);
            self.idle().await;
        }
        self.wake_at(target);
        self.idle().await;
    }

    /// Moves to the next pending sleep's end and returns how far that was; `None`, and nothing
    /// moves, if nobody sleeps.
    pub async fn advance_to_next(&self) -> Option<Duration> {
        self.idle().await;
        let step = self.next_wake()?.saturating_sub(self.now());
        self.advance(step).await;
        Some(step)
    }

    /// Advances in steps until `done` answers true; whether it did within `limit`.
    ///
    /// Steps from sleep to sleep, so that little time passes beyond what was needed.
    pub async fn advance_until(&self, limit: Duration, mut done: impl FnMut() -> bool) -> bool {
        let target = self.now() + limit;
        loop {
            self.idle().await;
            if done() {
                return true;
            }
            let Some(due) = self.next_wake().filter(|due| *due <= target) else {
                self.wake_at(target);
                self.idle().await;
                return done();
            };
            self.wake_at(due);
        }
    }

    /// Waits, without moving time, until everything that can run has run and all are asleep.
    pub async fn idle(&self) {
        idle::settle(|| self.time().activity).await;
    }

    /// Moves time on to `now` at once, wakes what is due and waits for nothing: for those who run
    /// their tasks without tokio's runtime.
    pub fn jump(&self, now: Duration) {
        self.wake_at(now);
    }

    /// Moves wall time alone, forwards or (below zero) back: a store's clock that jumps.
    pub fn jump_wall(&self, millis: i64) {
        self.time().skew += millis;
    }

    fn time(&self) -> MutexGuard<'_, Time> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_at(&self, now: Duration) {
        let mut wakers = Vec::new();
        {
            let mut time = self.time();
            time.now = time.now.max(now);
            time.activity += 1;
            while let Some(entry) = time.sleeps.first_entry() {
                if entry.key().0 > now {
                    break;
                }
                wakers.extend(entry.remove());
            }
        }
        // Outside the lock: a waker may run anything.
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Clock for VirtualClock {
    fn monotonic(&self) -> Duration {
        let mut time = self.time();
        time.activity += 1;
        time.now
    }

    fn wall(&self) -> StoreTime {
        let mut time = self.time();
        time.activity += 1;
        let passed = i64::try_from(time.now.as_millis()).unwrap_or(i64::MAX);
        let shift = passed.saturating_add(time.skew);
        StoreTime::from_millis(START.millis().saturating_add_signed(shift))
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let mut time = self.time();
        time.activity += 1;
        let key = (time.now.saturating_add(duration), time.next_key);
        time.next_key += 1;
        if !duration.is_zero() {
            time.sleeps.insert(key, None);
        }
        Box::pin(VirtualSleep { clock: self.clone(), key })
    }
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.time();
        f.debug_struct("VirtualClock")
            .field("now", &time.now)
            .field("sleepers", &time.sleeps.len())
            .finish()
    }
}

struct VirtualSleep {
    clock: VirtualClock,
    key: SleepKey,
}

impl Future for VirtualSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut time = self.clock.time();
        if time.now >= self.key.0 {
            time.activity += 1;
            return Poll::Ready(());
        }
        // Polled again with nothing new, it is no activity: else a test that moves the clock
        // beside a sleep, in one task, would never see it rest.
        let replaced = time.sleeps.insert(self.key, Some(context.waker().clone()));
        drop(time);
        drop(replaced); // outside the lock: dropping a waker may run anything
        Poll::Pending
    }
}

impl Drop for VirtualSleep {
    fn drop(&mut self) {
        let mut time = self.clock.time();
        time.activity += 1;
        let removed = time.sleeps.remove(&self.key);
        drop(time);
        drop(removed); // outside the lock, as above
    }
}

#[cfg(test)]
#[path = "clock_tests.rs"]
mod tests;
