//! A layer that looks at every answer of a broker: errors that no lost reply explains, and answers
//! to another question.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tireless_core::{
    Backend, Claim, ClaimFrom, Claimed, Push, Pushed, QueueClaimed, Renew, Renewed, Result, Settle,
    SettleAnswer, Settled, Tick, Ticked, Wait, Woken,
};
use tireless_testkit::{Layer, Layered};

use super::book::Book;

pub(super) struct Watch {
    inner: Arc<dyn Backend>,
    book: Arc<Book>,
    /// Whether tasks of this broker may have crashed before: where workers die on purpose.
    crashes: bool,
}

impl Watch {
    pub(super) fn over(
        inner: Arc<dyn Backend>,
        book: &Arc<Book>,
        crashes: bool,
    ) -> Arc<dyn Backend> {
        Arc::new(Layered(Self { inner, book: book.clone(), crashes }))
    }

    fn seen<T>(&self, answer: Result<T>) -> Result<T> {
        if let Err(error) = &answer {
            self.book.failed(error);
        }
        answer
    }

    fn claimed(&self, from: &ClaimFrom, answer: &QueueClaimed) {
        if answer.tasks.len() > from.max {
            self.book.foreign(format!("{} tasks for {from:?}", answer.tasks.len()));
        }
        if !self.crashes {
            answer.tasks.iter().for_each(|task| self.book.crashes_seen(task.history.crashes));
        }
    }

    fn same<T: PartialEq + fmt::Debug>(&self, what: &str, asked: &T, answered: &T) {
        if asked != answered {
            self.book.foreign(format!("{what}: asked {asked:?}, answered {answered:?}"));
        }
    }
}

#[async_trait]
impl Layer for Watch {
    fn inner(&self) -> &Arc<dyn Backend> {
        &self.inner
    }

    async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
        let answer = self.seen(self.inner.push(push).await)?;
        self.same("push", &push.tasks.len(), &answer.len());
        Ok(answer)
    }

    async fn claim(&self, claim: &Claim) -> Claimed {
        let answers = self.inner.claim(claim).await;
        for ((queue, answer), from) in answers.iter().zip(&claim.queues) {
            self.same("claim", &from.queue, queue);
            match answer {
                Ok(answer) => self.claimed(from, answer),
                Err(error) => self.book.failed(error),
            }
        }
        answers
    }

    async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
        let answer = self.seen(self.inner.settle(settle).await)?;
        self.same("settle", &settle.outcomes.len(), &answer.settled.len());
        for settled in &answer.settled {
            if *settled == Settled::LeaseLost {
                self.book.lease_lost();
            }
        }
        Ok(answer)
    }

    async fn renew(&self, renew: &Renew) -> Renewed {
        let answers = self.inner.renew(renew).await;
        for ((queue, answer), held) in answers.iter().zip(&renew.held) {
            self.same("renew", &held.queue, queue);
            match answer {
                Err(error) => self.book.failed(error),
                Ok(renewed) if !renewed.lost.iter().all(|lost| held.claims.contains(lost)) => {
                    self.book.foreign(format!("lost {:?} of {held:?}", renewed.lost));
                }
                Ok(_) => {}
            }
        }
        answers
    }

    async fn wait(&self, wait: &Wait) -> Result<Woken> {
        let woken = self.seen(self.inner.wait(wait).await)?;
        if let Woken::Rang(queue) = &woken
            && !wait.queues.iter().any(|on| on.queue == *queue)
        {
            self.book.foreign(format!("{queue} rang for {wait:?}"));
        }
        if let Woken::Claimed(answers) = &woken {
            let asked = wait.claim.iter().flat_map(|claim| &claim.queues);
            self.same("wait", &wait.queues.len(), &answers.len());
            answers.iter().zip(asked).for_each(|(answer, from)| self.claimed(from, answer));
        }
        Ok(woken)
    }

    async fn tick(&self, tick: &Tick) -> Ticked {
        let answers = self.inner.tick(tick).await;
        for ((queue, answer), asked) in answers.iter().zip(&tick.queues) {
            self.same("tick", asked, queue);
            if let Err(error) = answer {
                self.book.failed(error);
            }
        }
        answers
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("inner", &self.inner).finish_non_exhaustive()
    }
}
