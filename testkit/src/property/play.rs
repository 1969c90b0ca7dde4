//! Plays steps on a broker and on the model, and compares.

mod claims;
mod operator;
mod settles;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tireless_core::{
    Call, ErrorKind, NewTask, OwnId, Push, Pushed, Settle, SettleAnswer, TaskId, When,
};

use super::model::{Hand, Model, Place};
use super::step::{Delay, OWN_IDS, PushOne, Sent, Step};
use crate::Harness;
use crate::fixtures::{Actor, Bench, DropAt, LONG, own, task};

/// What lasts a moment lasts this long; real stores are waited for.
const MOMENT: Duration = Duration::from_millis(3);

/// Calls of the producer that stay open behind the newest one.
const OPEN_CALLS: u64 = 3;

/// A worker of the play.
struct Player {
    actor: Actor,
    hand: Hand,
    /// The number of its last claim, and which of its claims took part in the play.
    claims: Vec<tireless_core::Claim>,
    settles: Vec<(Settle, SettleAnswer)>,
}

struct Play<'h> {
    bench: Bench<'h>,
    model: Model,
    players: Vec<Player>,
    pushes: Vec<(Push, Vec<Pushed>)>,
}

/// Plays a sequence in a queue of its own. `seen` counts the steps, for the shrinking.
pub(super) async fn play(harness: &dyn Harness, steps: Vec<Step>, seen: Option<Arc<AtomicUsize>>) {
    let bench = Bench::new(harness);
    let players = (0..3).map(|_| Player::new(bench.worker())).collect();
    let mut play = Play { bench, model: Model::default(), players, pushes: Vec::new() };
    for step in steps {
        if let Some(seen) = &seen {
            seen.fetch_add(1, Ordering::SeqCst);
        }
        play.step(step).await;
        play.check_counts().await;
    }
    play.check_states().await;
}

impl Player {
    fn new(actor: Actor) -> Self {
        Self { actor, hand: Hand::default(), claims: Vec::new(), settles: Vec::new() }
    }
}

impl Play<'_> {
    async fn step(&mut self, step: Step) {
        match step {
            Step::Push(tasks, sent) => self.push(tasks, sent).await,
            Step::LatePush(back) => self.late_push(back).await,
            Step::Claim { worker, max, alone, mortal, sent } => {
                self.claim(worker, max, alone, mortal, sent).await;
            }
            Step::LateClaim { worker, back } => self.late_claim(worker, back).await,
            Step::Settle { worker, picks, sent } => self.settle(worker, picks, sent).await,
            Step::Foreign { worker, task, verdict } => self.foreign(worker, task, verdict).await,
            Step::LateSettle { worker, back } => self.late_settle(worker, back).await,
            Step::Renew { worker, named, sent } => self.renew(worker, named, sent).await,
            Step::Leave(worker) => self.leave(worker).await,
            Step::Tick { reclaim } => self.tick(reclaim).await,
            Step::Pass => self.pass().await,
            Step::RequeueAll { dead } => self.requeue_all(dead).await,
            Step::RequeueOne(task) => self.requeue_one(task).await,
            Step::Remove(task) => self.remove(task).await,
            Step::Purge(state) => self.purge(state).await,
            Step::Pause(pause) => self.pause(pause).await,
        }
    }

    fn player(&mut self, worker: u8) -> &mut Player {
        let at = usize::from(worker) % self.players.len();
        &mut self.players[at]
    }

    /// Replaces a worker that is no more with a new one.
    fn replace(&mut self, worker: u8) {
        let fresh = Player::new(self.bench.worker());
        *self.player(worker) = fresh;
    }

    async fn pass(&self) {
        self.bench.harness.advance(MOMENT * 2).await;
    }

    async fn push(&mut self, tasks: Vec<PushOne>, sent: Sent) {
        let wait = tasks.iter().any(|task| task.delay == Delay::Moment);
        let (mut batch, mut expected) = (Vec::new(), Vec::new());
        for one in tasks {
            let living = one.living.and_then(|number| self.model.living(number));
            let new = NewTask {
                id: living.unwrap_or_else(TaskId::new),
                when: when(one.delay),
                own_id: one.own.map(own_id),
                ..task()
            };
            let exists = living.or_else(|| one.own.and_then(|name| self.model.named(name)));
            match exists {
                Some(id) => expected.push(Pushed::Exists { id }),
                None => {
                    self.model.add(new.id, one.own, one.delay);
                    expected.push(Pushed::Accepted);
                }
            }
            batch.push(new);
        }
        let mut push = self.bench.push_call(batch);
        let number = push.call.number;
        push.call = Call { number, answered: number.saturating_sub(1 + OPEN_CALLS) };
        match sent {
            Sent::Once => {}
            Sent::Twice => drop(self.bench.broker.push(&push).await),
            Sent::Dropped(polls) => {
                DropAt::polls(polls.into()).half_way(self.bench.broker.push(&push)).await;
            }
        }
        let answer = self.bench.broker.push(&push).await;
        assert_eq!(answer.as_ref().ok(), Some(&expected), "push: {answer:?}");
        self.pushes.push((push, expected));
        if wait {
            self.pass().await;
        }
    }

    async fn late_push(&mut self, back: u8) {
        let Some(at) = self.pushes.len().checked_sub(1 + usize::from(back)) else { return };
        let (push, first) = &self.pushes[at];
        let mark = self.pushes.last().map_or(0, |(newest, _)| newest.call.answered);
        match self.bench.broker.push(push).await {
            Ok(answer) => {
                assert!(push.call.number > mark, "a call below the mark was taken");
                assert_eq!(&answer, first);
            }
            Err(error) => {
                assert!(push.call.number <= mark, "an open call was refused: {error}");
                assert_eq!(error.kind(), ErrorKind::Stale);
            }
        }
    }

    async fn tick(&mut self, reclaim: bool) {
        let reclaim = if reclaim { Some(self.bench.permission().await) } else { None };
        // Asking for the time ticks as well.
        if reclaim.is_some() {
            self.model.promote();
        }
        let (scheduled, failed) = self.model.due();
        self.model.promote();
        let (mut taken, mut buried) = (0, 0);
        if reclaim.is_some() {
            let mut hands = Vec::new();
            for worker in 0..self.players.len() as u8 {
                if self.player(worker).hand.dead {
                    hands.push(std::mem::take(&mut self.player(worker).hand));
                    self.replace(worker);
                }
            }
            (taken, buried) = self.model.reclaim(hands);
        }
        let answer = self.bench.tick_with(reclaim).await;
        assert_eq!((answer.promoted, answer.requeued), (scheduled, failed), "tick");
        assert_eq!((answer.reclaimed, answer.poisoned), (taken, buried), "tick");
    }

    async fn check_counts(&self) {
        let counts = self.bench.counts().await;
        let model = &self.model;
        let seen = [
            counts.ready,
            counts.suspects,
            counts.running,
            counts.scheduled,
            counts.failed,
            counts.dead,
            counts.kept,
            counts.done,
            counts.pushed,
        ];
        let expected = [
            model.count(|place| place == Place::Ready),
            model.suspects.len() as u64,
            model.count(|place| place == Place::Running),
            model.count(|place| matches!(place, Place::Scheduled { .. })),
            model.count(|place| matches!(place, Place::Failed { .. })),
            model.count(|place| place == Place::Dead),
            model.count(|place| place == Place::Kept),
            model.done,
            model.pushed,
        ];
        let names = "ready, suspects, running, scheduled, failed, dead, kept, done, pushed";
        assert_eq!(seen, expected, "{names}");
        assert_eq!(counts.paused, model.paused);
    }

    async fn check_states(&self) {
        use tireless_core::State;
        for (id, task) in &self.model.tasks {
            let expected = match task.place {
                Place::Ready => Some(State::Ready),
                Place::Running => Some(State::Running),
                Place::Scheduled { .. } => Some(State::Scheduled),
                Place::Failed { .. } => Some(State::Failed),
                Place::Dead => Some(State::Dead),
                Place::Kept => Some(State::Done),
                Place::Gone => None,
            };
            assert_eq!(self.bench.state(*id).await, expected, "{id}");
        }
        for name in 0..OWN_IDS {
            let found = self.bench.find(&own_id(name)).await;
            assert_eq!(found, self.model.named(name), "the task under {}", own_id(name));
        }
    }
}

/// One of the few own ids.
fn own_id(name: u8) -> OwnId {
    own(&format!("own-{name}"))
}

/// A delay as a push has it.
fn when(delay: Delay) -> When {
    match delay {
        Delay::None => When::Now,
        later => When::After(length(later)),
    }
}

/// A delay as a duration.
fn length(delay: Delay) -> Duration {
    match delay {
        Delay::None => Duration::ZERO,
        Delay::Moment => MOMENT,
        Delay::Long => LONG,
    }
}
