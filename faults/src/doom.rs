//! Doom: the order to a process to kill itself at a crash point, and the broker that carries it out.
//!
//! The process kills itself with SIGKILL: nothing of it runs on, no destructor, no answer that is
//! still to come. Only the line of its history that names the point is written before.

use std::collections::HashMap;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use rustix::process::{Signal, getpid, kill_process};
use tireless::{
    Backend, Claim, Claimed, Outcome, Push, Pushed, Renew, Renewed, Settle, SettleAnswer, Tick,
    Ticked, Wait, Woken,
};
use tireless_testkit::{Layer, Layered};

use crate::crash_point::{Point, Stage, Verb};
use crate::history::{Pen, Word};
use crate::random::below;

/// A process whose call is on its way dies at a random moment within this time, which is of the order
/// of a round trip on one machine.
const IN_FLIGHT: Duration = Duration::from_micros(500);

/// Where a process dies, and at which pass. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Doom {
    point: Point,
    pass: u64,
    passed: Arc<AtomicU64>,
    pen: Pen,
}

impl Doom {
    /// The words that tell a process of it.
    pub fn words(point: Point, pass: u64) -> Vec<String> {
        vec![format!("crash_at={point}"), format!("crash_pass={pass}")]
    }

    /// Reads it from the words of a command line; none if they have none.
    ///
    /// # Errors
    /// For a point that there is not, and a pass that is no number.
    pub fn read(words: &HashMap<&str, &str>, pen: &Pen) -> Result<Option<Self>> {
        let Some(point) = words.get("crash_at") else { return Ok(None) };
        let pass = words.get("crash_pass").context("crash_pass=.. is missing")?.parse()?;
        let (point, passed) = (point.parse()?, Arc::default());
        Ok(Some(Self { point, pass, passed, pen: pen.clone() }))
    }

    /// The broker whose calls pass the points.
    pub fn over(&self, inner: Arc<dyn Backend>) -> Arc<dyn Backend> {
        Arc::new(Layered(Doomed { inner, doom: self.clone() }))
    }

    /// Passes a point, or dies there.
    pub fn pass(&self, verb: Verb, stage: Stage) {
        if self.is_due(verb, stage) {
            self.note();
            die();
        }
    }

    fn is_due(&self, verb: Verb, stage: Stage) -> bool {
        let here = self.point == Point { verb, stage };
        here && self.passed.fetch_add(1, Ordering::Relaxed) + 1 == self.pass
    }

    fn note(&self) {
        self.pen.write_or_exit([Word::Crash { point: self.point }]);
    }

    async fn call<T>(&self, verb: Verb, call: impl Future<Output = T>) -> T {
        self.pass(verb, Stage::Before);
        if self.is_due(verb, Stage::Sent) {
            return self.die_in_flight(call).await;
        }
        let answer = call.await;
        self.pass(verb, Stage::Answered);
        answer
    }

    /// Sends the request and dies a moment later, whether it is answered by then or not.
    async fn die_in_flight<T>(&self, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        self.note();
        let answered = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_ready())).await;
        // A thread, and not a timer of the runtime: those count milliseconds.
        thread::spawn(|| {
            thread::sleep(Duration::from_micros(below(IN_FLIGHT.as_micros() as u64 + 1)));
            die();
        });
        if !answered {
            call.await;
        }
        pending().await
    }
}

/// Ends this process at once.
fn die() -> ! {
    let _ = kill_process(getpid(), Signal::KILL);
    // Not reached: the signal is there when the call returns.
    std::process::abort()
}

#[derive(Debug)]
struct Doomed {
    inner: Arc<dyn Backend>,
    doom: Doom,
}

#[async_trait]
impl Layer for Doomed {
    fn inner(&self) -> &Arc<dyn Backend> {
        &self.inner
    }

    async fn push(&self, push: &Push) -> tireless::Result<Vec<Pushed>> {
        self.doom.call(Verb::Push, self.inner.push(push)).await
    }

    async fn claim(&self, claim: &Claim) -> Claimed {
        self.doom.call(Verb::Claim, self.inner.claim(claim)).await
    }

    async fn settle(&self, settle: &Settle) -> tireless::Result<SettleAnswer> {
        let mut outcomes = settle.outcomes.iter().map(|one| &one.outcome);
        let gives_back = outcomes.any(|outcome| matches!(outcome, Outcome::Release { .. }));
        let verb = if gives_back { Verb::Release } else { Verb::Settle };
        self.doom.call(verb, self.inner.settle(settle)).await
    }

    async fn renew(&self, renew: &Renew) -> Renewed {
        let verb = if renew.lease.is_zero() { Verb::Leave } else { Verb::Renew };
        self.doom.call(verb, self.inner.renew(renew)).await
    }

    async fn wait(&self, wait: &Wait) -> tireless::Result<Woken> {
        self.doom.call(Verb::Wait, self.inner.wait(wait)).await
    }

    async fn tick(&self, tick: &Tick) -> Ticked {
        let verb = if tick.reclaim.is_some() { Verb::Reclaim } else { Verb::Tick };
        self.doom.call(verb, self.inner.tick(tick)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_words_are_read_and_it_is_due_once() {
        let path = std::env::temp_dir().join(format!("doom-{}", std::process::id()));
        let pen = Pen::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let point = Point { verb: Verb::Claim, stage: Stage::Sent };
        let told = Doom::words(point, 2);
        let words = told.iter().map(|word| word.split_once('=').unwrap()).collect();
        let doom = Doom::read(&words, &pen).unwrap().unwrap();
        assert!(!doom.is_due(Verb::Claim, Stage::Before));
        assert!(!doom.is_due(Verb::Claim, Stage::Sent));
        assert!(doom.is_due(Verb::Claim, Stage::Sent));
        assert!(!doom.is_due(Verb::Claim, Stage::Sent));
        assert!(Doom::read(&HashMap::new(), &pen).unwrap().is_none());
        for wrong in [&[("crash_at", "claim.sent")][..], &[("crash_at", "x"), ("crash_pass", "1")]]
        {
            assert!(Doom::read(&wrong.iter().copied().collect(), &pen).is_err(), "{wrong:?}");
        }
    }
}
