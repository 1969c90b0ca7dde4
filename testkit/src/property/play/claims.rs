//! Claims, their late copies, and heartbeats.

use std::time::Duration;

use tireless_core::{ClaimMode, ClaimedTask, QueueClaimed, TaskId};

use super::{MOMENT, Play};
use crate::fixtures::{DropAt, LONG, ids};
use crate::property::model::{Held, Model};
use crate::property::step::Sent;

impl Play<'_> {
    pub(super) async fn claim(
        &mut self,
        worker: u8,
        max: u8,
        alone: bool,
        mortal: bool,
        sent: Sent,
    ) {
        let hand = &self.player(worker).hand;
        // Who runs a task alone takes nothing beside it, and the dead take nothing at all.
        if hand.dead || hand.claims.values().any(|held| held.alone) {
            return;
        }
        let free = hand.claims.is_empty();
        if mortal && free {
            self.replace(worker);
        }
        let mode = if alone && free { ClaimMode::Alone } else { ClaimMode::Shared };
        let mut claim = self.player(worker).actor.claim_call(max.into(), mode);
        if mortal && free {
            claim.lease = MOMENT;
        }
        match sent {
            Sent::Once => {}
            Sent::Twice => drop(self.bench.broker.claim(&claim).await),
            Sent::Dropped(polls) => {
                DropAt::polls(polls.into()).half_way(self.bench.broker.claim(&claim)).await;
            }
        }
        let answer = self.player(worker).actor.send(&claim).await;
        let (scheduled, failed) = self.model.due();
        if sent == Sent::Once {
            assert_eq!((answer.promoted, answer.requeued), (scheduled, failed), "moved by a claim");
        }
        self.model.promote();
        compare(&mut self.model, &answer, max.into(), mode);
        let player = self.player(worker);
        player.claims.push(claim.clone());
        let took = !answer.tasks.is_empty();
        if took {
            let held = Held { ids: ids(&answer.tasks), alone: mode == ClaimMode::Alone };
            player.hand.claims.insert(claim.number, held);
        }
        if mortal && free {
            self.pass().await;
            if took {
                self.player(worker).hand.dead = true;
            } else {
                self.replace(worker);
            }
        }
    }

    pub(super) async fn late_claim(&mut self, worker: u8, back: u8) {
        let player = self.player(worker);
        let Some(at) = player.claims.len().checked_sub(1 + usize::from(back)) else { return };
        if player.hand.dead {
            return;
        }
        let claim = player.claims[at].clone();
        let expected: Vec<TaskId> =
            player.hand.claims.get(&claim.number).map(|held| held.ids.clone()).unwrap_or_default();
        let answer = player.actor.send(&claim).await;
        assert_eq!(ids(&answer.tasks), expected, "a late copy of claim {}", claim.number);
        self.model.promote();
    }

    pub(super) async fn renew(&mut self, worker: u8, bits: u8, sent: Sent) {
        let player = self.player(worker);
        let last = player.actor.next_claim() - 1;
        let named: Vec<u64> = (1..=last).filter(|number| bits >> (number % 8) & 1 == 1).collect();
        let renew = player.actor.renew_call(&named, LONG);
        let mut lost = named.clone();
        lost.retain(|number| !player.hand.claims.contains_key(number));
        let unnamed: Vec<u64> =
            player.hand.claims.keys().copied().filter(|number| !named.contains(number)).collect();
        let back: Vec<Held> =
            unnamed.iter().filter_map(|number| player.hand.claims.remove(number)).collect();
        player.hand.dead = false;
        let released: usize = back.iter().map(|held| held.ids.len()).sum();
        self.model.give_back(back);
        match sent {
            Sent::Once => {}
            Sent::Twice => drop(self.bench.broker.renew(&renew).await),
            Sent::Dropped(polls) => {
                DropAt::polls(polls.into()).half_way(self.bench.broker.renew(&renew)).await;
            }
        }
        let mut answer = self.player(worker).actor.send_renew(&renew).await;
        answer.lost.sort_unstable();
        assert_eq!(answer.lost, lost, "lost claims");
        if sent == Sent::Once {
            assert_eq!(answer.released, released as u64, "given back");
        }
    }

    pub(super) async fn leave(&mut self, worker: u8) {
        let player = self.player(worker);
        let hand = std::mem::take(&mut player.hand);
        let named: Vec<u64> = hand.claims.keys().copied().collect();
        let renew = player.actor.renew_call(&named, Duration::ZERO);
        let answer = player.actor.send_renew(&renew).await;
        let held: Vec<Held> = hand.claims.into_values().collect();
        let released: usize = held.iter().map(|held| held.ids.len()).sum();
        assert_eq!(answer.released, released as u64, "given back when leaving");
        self.model.give_back(held);
        self.replace(worker);
    }
}

/// Compares what a new claim took with what the model says it takes.
fn compare(model: &mut Model, answer: &QueueClaimed, max: usize, mode: ClaimMode) {
    let expected = match mode {
        _ if model.paused => 0,
        ClaimMode::Shared => max.min(model.takeable()),
        ClaimMode::Alone => max.min(1).min(model.suspects.len()),
    };
    let taken = answer.tasks.len();
    // A removed task may leave its number behind in the ready list, and cost a place.
    let enough = if model.removed_ready { expected.min(1) } else { expected };
    assert!(
        (enough..=expected).contains(&taken),
        "a {mode:?} claim of {max} took {taken} tasks, not {expected}"
    );
    for task in &answer.tasks {
        let right = match mode {
            ClaimMode::Shared => model.take(task.id),
            ClaimMode::Alone => model.take_suspect(task.id),
        };
        assert!(right, "{} was taken out of turn", task.id);
        compare_history(model, task);
    }
    assert_eq!(answer.suspects, model.suspects.len() as u64, "suspects");
    assert_eq!(answer.paused, model.paused);
    if !model.paused {
        assert_eq!(answer.more, model.takeable() > 0, "more");
    }
}

fn compare_history(model: &Model, task: &ClaimedTask) {
    let (seen, known) = (&task.history, &model.tasks[&task.id]);
    let seen = (seen.attempts, seen.crashes, seen.lone_crashes, seen.returns);
    let expected = (known.attempts, known.crashes, known.lone_crashes, known.returns);
    assert_eq!(seen, expected, "attempts, crashes, lone crashes and returns of {}", task.id);
}
