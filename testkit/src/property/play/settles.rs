//! Settles, those of strangers, and late copies.

use tireless_core::{Outcome, Reentry, ReleaseReason, Settled, TaskId};

use super::{Play, length};
use crate::fixtures::LONG;
use crate::fixtures::{DropAt, bury, failure, keep, snooze};
use crate::property::step::{Delay, Sent, Verdict};

impl Play<'_> {
    pub(super) async fn settle(&mut self, worker: u8, picks: Vec<(u8, Verdict)>, sent: Sent) {
        let hand = &self.player(worker).hand;
        let held: Vec<(u64, TaskId)> = hand
            .claims
            .iter()
            .flat_map(|(number, held)| held.ids.iter().map(|id| (*number, *id)))
            .collect();
        if held.is_empty() {
            return;
        }
        let batch: Vec<(u64, TaskId, Verdict)> = picks
            .into_iter()
            .map(|(number, verdict)| (held[usize::from(number) % held.len()], verdict))
            .map(|((claim, id), verdict)| (claim, id, verdict))
            .collect();
        self.settle_batch(worker, &batch, sent).await;
    }

    /// Settles on the model and on the broker; a task named twice is settled once.
    async fn settle_batch(&mut self, worker: u8, batch: &[(u64, TaskId, Verdict)], sent: Sent) {
        let (mut expected, mut front, mut back) = (Vec::new(), Vec::new(), Vec::new());
        let mut wait = false;
        for (claim, id, verdict) in batch {
            let mut hand = std::mem::take(&mut self.player(worker).hand);
            let settled = self.model.settle(&mut hand, *claim, *id);
            self.player(worker).hand = hand;
            expected.push(settled);
            if settled == Settled::Applied {
                self.model.apply(*id, *verdict);
                wait |= delay_of(*verdict) == Delay::Moment;
                match verdict {
                    Verdict::Release { delay: Delay::None, front: true } => front.push(*id),
                    Verdict::Release { delay: Delay::None, .. } | Verdict::Unknown => {
                        back.push(*id);
                    }
                    _ => {}
                }
            }
        }
        self.model.enter_released(&front, &back);
        let outcomes =
            batch.iter().map(|(claim, id, verdict)| (*claim, *id, outcome(*verdict))).collect();
        let mut settle = self.player(worker).actor.settle_call(outcomes);
        // Nothing is given up, so that every late copy gets its first answer.
        settle.call.answered = 0;
        match sent {
            Sent::Once => {}
            Sent::Twice => drop(self.bench.broker.settle(&settle).await),
            Sent::Dropped(polls) => {
                DropAt::polls(polls.into()).half_way(self.bench.broker.settle(&settle)).await;
            }
        }
        let answer = self.player(worker).actor.send_settle(&settle).await;
        assert_eq!(answer.settled, expected, "settle");
        if !self.player(worker).hand.dead {
            self.player(worker).settles.push((settle, answer));
        }
        if wait {
            self.pass().await;
        }
    }

    pub(super) async fn foreign(&mut self, worker: u8, number: u8, verdict: Verdict) {
        let known = &self.model.known;
        let Some(id) = known.get(usize::from(number) % known.len().max(1)).copied() else { return };
        let claim = u64::from(number % 7);
        let hand = &self.player(worker).hand;
        let holds = hand.claims.get(&claim).is_some_and(|held| held.ids.contains(&id));
        if !holds {
            let outcomes = vec![(claim, id, outcome(verdict))];
            let actor = &self.player(worker).actor;
            let mut settle = actor.settle_call(outcomes);
            settle.call.answered = 0;
            assert_eq!(
                actor.send_settle(&settle).await.settled,
                [Settled::LeaseLost],
                "a stranger was heard"
            );
        }
    }

    pub(super) async fn late_settle(&mut self, worker: u8, back: u8) {
        let player = self.player(worker);
        let Some(at) = player.settles.len().checked_sub(1 + usize::from(back)) else { return };
        let (settle, first) = &player.settles[at];
        let answer = player.actor.send_settle(settle).await;
        assert_eq!(&answer, first, "a late copy of a settle");
    }
}

fn delay_of(verdict: Verdict) -> Delay {
    match verdict {
        Verdict::Fail { delay, .. }
        | Verdict::Release { delay, .. }
        | Verdict::Snooze { delay } => delay,
        _ => Delay::None,
    }
}

fn outcome(verdict: Verdict) -> Outcome {
    let end = |front| if front { Reentry::Front } else { Reentry::Back };
    match verdict {
        Verdict::Ack => Outcome::ACK,
        Verdict::Keep => keep(LONG),
        Verdict::Fail { delay, front } => {
            Outcome::Fail { failure: failure(), retry_in: length(delay), reentry: end(front) }
        }
        Verdict::Release { delay, front } => {
            let reason = ReleaseReason::Unfinished;
            Outcome::Release { after: length(delay), reason, reentry: end(front) }
        }
        Verdict::Unknown => {
            let (after, reason) = (length(Delay::None), ReleaseReason::Unknown);
            Outcome::Release { after, reason, reentry: Reentry::Back }
        }
        Verdict::Bury => bury(),
        Verdict::Snooze { delay } => snooze(length(delay)),
    }
}
