//! Claims of suspects over Redis: one over all queues (B11.3).

use std::collections::HashSet;

use tireless_core::{Claim, Claimed, Effect, Operation};

use crate::broker::{RedisBroker, is_away, twice};
use crate::client::RedisClient;
use crate::{parse, request};

impl<C: RedisClient> RedisBroker<C> {
    /// One suspect of the first queue that has one; the others are only looked at. A server that is
    /// away is asked for one of them: to wait for it as often as there are queues is longer than a
    /// call may take.
    pub(crate) async fn claim_alone(&self, claim: &Claim) -> Claimed {
        let mut answers: Claimed = Vec::with_capacity(claim.queues.len());
        let (mut taken, mut seen) = (false, HashSet::new());
        for from in &claim.queues {
            if !seen.insert(&from.queue) {
                let refused = twice(Operation::Claim, &from.queue);
                answers.push((from.queue.clone(), Err(refused)));
                continue;
            }
            let last = answers.last().and_then(|(_, last)| last.as_ref().err());
            if let Some(away) = last.filter(|error| is_away(error))
                && !self.runner.client().has_slots()
            {
                answers.push((from.queue.clone(), Err(away.clone())));
                continue;
            }
            let mut from = from.clone();
            if taken {
                from.max = 0;
            }
            let answer = match request::claim(&self.keys(&from.queue), claim, &from) {
                Ok(call) => self.runner.run_one(Operation::Claim, call).await,
                Err(refused) => Err(refused),
            };
            let answer = answer.and_then(|reply| parse::claimed(reply, claim.number));
            // An answer that was lost may have taken one.
            taken |= match &answer {
                Ok(answer) => !answer.tasks.is_empty(),
                Err(error) => error.effect() == Effect::Maybe || error.is_retryable(),
            };
            answers.push((from.queue, answer));
        }
        answers
    }
}
