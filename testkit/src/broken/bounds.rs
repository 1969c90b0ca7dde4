//! Brokers whose work or memory has no bound.

use std::time::Duration;

use tireless_core::{
    Claim, Claimed, List, Outcome, Page, Push, Pushed, Result, Settle, SettleAnswer, State, Tick,
    Ticked, limits,
};

use super::broken;

broken! {
    /// B7: takes a batch of any size.
    TakesAnyBatch {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            if push.tasks.len() <= limits::TASKS_PER_CALL {
                return self.inner.push(push).await;
            }
            let mut answers = Vec::new();
            for part in push.tasks.chunks(limits::TASKS_PER_CALL) {
                let call = self.memory.call();
                let part = Push { tasks: part.to_vec(), call, ..push.clone() };
                answers.extend(self.inner.push(&part).await?);
            }
            Ok(answers)
        }
    }
}

broken! {
    /// B7: takes what fits of a batch that is too large, and then refuses it.
    TakesPartOfWhatItRefuses {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            if push.tasks.len() > limits::TASKS_PER_CALL {
                let tasks = push.tasks[..limits::TASKS_PER_CALL].to_vec();
                let call = self.memory.call();
                self.inner.push(&Push { tasks, call, ..push.clone() }).await?;
            }
            self.inner.push(push).await
        }
    }
}

broken! {
    /// B7: takes outcomes of any number.
    TakesAnySettle {
        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            if settle.outcomes.len() <= limits::TASKS_PER_CALL {
                return self.inner.settle(settle).await;
            }
            let mut whole = SettleAnswer::default();
            for part in settle.outcomes.chunks(limits::TASKS_PER_CALL) {
                let (outcomes, call) = (part.to_vec(), self.memory.call());
                let part = Settle { outcomes, call, ..settle.clone() };
                whole.settled.extend(self.inner.settle(&part).await?.settled);
            }
            Ok(whole)
        }
    }
}

broken! {
    /// B7: a tick goes on until nothing is due, whatever its limit.
    TicksToTheEnd {
        async fn tick(&self, tick: &Tick) -> Ticked {
            let mut answers = self.inner.tick(tick).await;
            while answers.iter().any(|(_, answer)| answer.as_ref().is_ok_and(|one| one.more)) {
                for ((_, answer), (_, next)) in answers.iter_mut().zip(self.inner.tick(tick).await) {
                    if let (Ok(answer), Ok(next)) = (answer, next) {
                        answer.promoted += next.promoted;
                        answer.more = next.more;
                    }
                }
            }
            answers
        }
    }
}

broken! {
    /// B7: fills a claim up to the tasks asked for, however many bytes they are.
    ClaimsAnyBytes {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let mut number = claim.number * 1_000;
            let renumbered = |number| Claim { number, ..claim.clone() };
            let mut answers = self.inner.claim(&renumbered(number)).await;
            loop {
                number += 1;
                let more = self.inner.claim(&renumbered(number)).await;
                let mut found = false;
                for ((_, answer), (_, next)) in answers.iter_mut().zip(more) {
                    if let (Ok(answer), Ok(next)) = (answer, next) {
                        found |= !next.tasks.is_empty();
                        answer.more = next.more;
                        answer.tasks.extend(next.tasks);
                    }
                }
                if !found {
                    return answers;
                }
            }
        }
    }
}

broken! {
    /// B7: lists everything on one page.
    ListsEverythingAtOnce {
        async fn list(&self, list: &List) -> Result<Page> {
            let mut whole = Page::default();
            let mut list = list.clone();
            loop {
                let page = self.inner.list(&list).await?;
                whole.tasks.extend(page.tasks);
                match page.next {
                    Some(next) => list.cursor = next,
                    None => return Ok(whole),
                }
            }
        }
    }
}

broken! {
    /// B12: keeps finished tasks that nobody asked to keep.
    KeepsFinishedTasks {
        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            let mut settle = settle.clone();
            for settlement in &mut settle.outcomes {
                if settlement.outcome == Outcome::ACK {
                    settlement.outcome = Outcome::Ack { keep: Some(Duration::from_secs(3600)) };
                }
            }
            self.inner.settle(&settle).await
        }
    }
}

broken! {
    /// B12: drops the oldest dead, and tells nobody.
    DropsInSilence {
        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            let mut answer = self.inner.settle(settle).await?;
            answer.dropped = 0;
            Ok(answer)
        }
    }
}

broken! {
    /// B12: what was to be kept for a while is kept for ever.
    KeepsForEver {
        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            let mut settle = settle.clone();
            for settlement in &mut settle.outcomes {
                if let Outcome::Ack { keep: Some(time) } = &mut settlement.outcome {
                    *time = Duration::MAX;
                }
            }
            self.inner.settle(&settle).await
        }
    }
}

/// As many as the harness of the memory broker keeps dead.
const CAP: u64 = 2_000;

broken! {
    /// B12: at the cap of the dead it drops the oldest of those that wait, too.
    TrimsWhatWaits {
        async fn tick(&self, tick: &Tick) -> Ticked {
            let answers = self.inner.tick(tick).await;
            for (queue, _) in &answers {
                let counts = self.inner.counts(queue).await.unwrap_or_default();
                let waiting = [
                    (State::Ready, counts.ready),
                    (State::Scheduled, counts.scheduled),
                    (State::Failed, counts.failed),
                ];
                for (state, count) in waiting {
                    for _ in CAP..count {
                        drop(self.inner.purge(queue, state, 1).await);
                    }
                }
            }
            answers
        }
    }
}
