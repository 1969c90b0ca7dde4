//! Brokers that mix queues up.

use tireless_core::{
    Claim, Claimed, Counts, Error, ErrorKind, Operation, PerQueue, Push, Pushed, QueueName, Renew,
    Renewed, Result,
};

use super::broken;

fn folded(queue: &QueueName) -> QueueName {
    QueueName::new(queue.as_str().to_ascii_lowercase()).unwrap_or_else(|_| queue.clone())
}

broken! {
    /// B13: two names that differ share their keys.
    FoldsNames {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            self.inner.push(&Push { queue: folded(&push.queue), ..push.clone() }).await
        }

        async fn claim(&self, claim: &Claim) -> Claimed {
            let mut lower = claim.clone();
            lower.queues.iter_mut().for_each(|from| from.queue = folded(&from.queue));
            let answers = self.inner.claim(&lower).await;
            let named = |(from, (_, answer)): (&tireless_core::ClaimFrom, _)| {
                (from.queue.clone(), answer)
            };
            claim.queues.iter().zip(answers).map(named).collect()
        }

        async fn counts(&self, queue: &QueueName) -> Result<Counts> {
            self.inner.counts(&folded(queue)).await
        }
    }
}

/// One error in an answer makes errors of all.
fn hide_all<T>(answers: PerQueue<T>) -> PerQueue<T> {
    if answers.iter().all(|(_, answer)| answer.is_ok()) {
        return answers;
    }
    let error = || Error::new(ErrorKind::Unavailable, Operation::Run, "one queue had an error");
    answers.into_iter().map(|(queue, _)| (queue, Err(error()))).collect()
}

broken! {
    /// B15: an error on one queue hides all others.
    OneErrorHidesAll {
        async fn renew(&self, renew: &Renew) -> Renewed {
            hide_all(self.inner.renew(renew).await)
        }
    }
}

broken! {
    /// B15: answers in an order of its own.
    AnswersInAnyOrder {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let mut answers = self.inner.claim(claim).await;
            answers.reverse();
            answers
        }
    }
}

broken! {
    /// B15: does not tell when to look again.
    NeverTellsWhenToLook {
        async fn claim(&self, claim: &Claim) -> Claimed {
            let mut answers = self.inner.claim(claim).await;
            for (_, answer) in &mut answers {
                if let Ok(answer) = answer {
                    answer.next_due = None;
                }
            }
            answers
        }
    }
}

broken! {
    /// B15: one queue that refuses a claim hides what it took of all others.
    OneRefusedClaimHidesAll {
        async fn claim(&self, claim: &Claim) -> Claimed {
            hide_all(self.inner.claim(claim).await)
        }
    }
}
