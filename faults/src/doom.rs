//! Doom: the order to a process to kill itself at a crash point, and the broker that carries it out.
//!
//! The process kills itself with SIGKILL: nothing of it runs on, no destructor, no answer that is
//! still to come. Only the line of its history that names the point is written before.
//!
//! It lives on while it holds a task that has been alone in a crash already: after the third such
//! crash the task is poison (B11), and nobody could tell this innocent one from a guilty one.

use std::collections::{HashMap, HashSet};
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use rustix::process::{Signal, getpid, kill_process};
use tireless::broker::{
    Claim, Claimed, Outcome, Push, Pushed, QueueClaimed, Renew, Renewed, Settle, SettleAnswer,
    Tick, Ticked, Wait, Woken,
};
use tireless::{Backend, TaskId};
use tireless_testkit::{Layer, Layered};

use crate::crash_point::{Point, Stage, Verb};
use crate::history::{Pen, Word};
use crate::random::below;

/// A process whose call is on its way dies at a random moment within this time, which is of the order
/// of a round trip on one machine.
const IN_FLIGHT: Duration = Duration::from_micros(500);

/// Where a process dies, and from which pass on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Doom {
    point: Point,
    pass: u64,
    passed: Arc<AtomicU64>,
    spared: Arc<Mutex<HashSet<TaskId>>>,
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
        let (passed, spared) = (Arc::default(), Arc::default());
        Ok(Some(Self { point: point.parse()?, pass, passed, spared, pen: pen.clone() }))
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
        here && self.passed.fetch_add(1, Ordering::Relaxed) + 1 >= self.pass
            && self.spared().is_empty()
    }

    fn spared(&self) -> MutexGuard<'_, HashSet<TaskId>> {
        self.spared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claimed<'a>(&self, answers: impl IntoIterator<Item = &'a QueueClaimed>) {
        let tasks = answers.into_iter().flat_map(|answer| &answer.tasks);
        let again = tasks.filter(|task| task.history.lone_crashes > 0);
        self.spared().extend(again.map(|task| task.id));
    }

    fn settled(&self, settle: &Settle) {
        let mut spared = self.spared();
        settle.outcomes.iter().for_each(|one| {
            spared.remove(&one.id);
        });
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
        let call = async {
            let answers = self.inner.claim(claim).await;
            self.doom.claimed(answers.iter().filter_map(|(_, answer)| answer.as_ref().ok()));
            answers
        };
        self.doom.call(Verb::Claim, call).await
    }

    async fn settle(&self, settle: &Settle) -> tireless::Result<SettleAnswer> {
        let mut outcomes = settle.outcomes.iter().map(|one| &one.outcome);
        let gives_back = outcomes.any(|outcome| matches!(outcome, Outcome::Release { .. }));
        let verb = if gives_back { Verb::Release } else { Verb::Settle };
        let call = async {
            let answer = self.inner.settle(settle).await?;
            self.doom.settled(settle);
            Ok(answer)
        };
        self.doom.call(verb, call).await
    }

    async fn renew(&self, renew: &Renew) -> Renewed {
        let verb = if renew.lease.is_zero() { Verb::Leave } else { Verb::Renew };
        self.doom.call(verb, self.inner.renew(renew)).await
    }

    async fn wait(&self, wait: &Wait) -> tireless::Result<Woken> {
        let call = async {
            let woken = self.inner.wait(wait).await?;
            if let Woken::Claimed(answers) = &woken {
                self.doom.claimed(answers);
            }
            Ok(woken)
        };
        self.doom.call(Verb::Wait, call).await
    }

    async fn tick(&self, tick: &Tick) -> Ticked {
        let verb = if tick.reclaim.is_some() { Verb::Reclaim } else { Verb::Tick };
        self.doom.call(verb, self.inner.tick(tick)).await
    }
}

#[cfg(test)]
mod tests {
    use tireless::WorkerId;
    use tireless::broker::{Call, Settlement};

    use super::*;

    fn doom(name: &str, words: &[String]) -> Result<Option<Doom>> {
        let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        let pen = Pen::open(&path)?;
        std::fs::remove_file(&path)?;
        Doom::read(&words.iter().filter_map(|word| word.split_once('=')).collect(), &pen)
    }

    #[test]
    fn its_words_are_read_and_it_is_due_from_its_pass_on() {
        let point = Point { verb: Verb::Claim, stage: Stage::Sent };
        let read = doom("doom-read", &Doom::words(point, 2)).unwrap().unwrap();
        assert!(!read.is_due(Verb::Claim, Stage::Before));
        assert!(!read.is_due(Verb::Claim, Stage::Sent));
        assert!(read.is_due(Verb::Claim, Stage::Sent));
        assert!(doom("doom-none", &[]).unwrap().is_none());
        for wrong in ["crash_at=claim.sent", "crash_at=claim crash_pass=1"] {
            let words: Vec<_> = wrong.split(' ').map(str::to_owned).collect();
            assert!(doom("doom-wrong", &words).is_err(), "{wrong}");
        }
    }

    #[test]
    fn it_waits_while_a_task_that_was_alone_in_a_crash_is_held() {
        let point = Point { verb: Verb::Renew, stage: Stage::Before };
        let doom = doom("doom-spared", &Doom::words(point, 1)).unwrap().unwrap();
        let id = TaskId::new();
        doom.spared().insert(id);
        assert!(!doom.is_due(Verb::Renew, Stage::Before));
        let one = Settlement { claim: 1, id, outcome: Outcome::ACK };
        let call = Call { number: 1, answered: 0 };
        let (queue, worker) = ("q".parse().unwrap(), WorkerId::new());
        doom.settled(&Settle { queue, worker, call, outcomes: vec![one] });
        assert!(doom.is_due(Verb::Renew, Stage::Before));
    }
}
