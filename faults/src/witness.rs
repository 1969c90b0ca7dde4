//! The witness: a broker that writes into the history what the store has said it keeps, outcomes and
//! pushed tasks.
//!
//! A run whose outcome is known to be stored has no excuse to be repeated, whatever befell its worker
//! a moment later; one whose outcome is not may have been in flight. A task whose push was answered is
//! accepted, whether its producer lived to see the answer or not.

use std::sync::Arc;

use async_trait::async_trait;
use tireless::broker::{Outcome, Push, Pushed, Settle, SettleAnswer, Settled};
use tireless::{Backend, Envelope, Result};
use tireless_testkit::{Layer, Layered};

use crate::ground::number;
use crate::history::{Pen, Word};

/// See the module's words.
#[derive(Debug)]
pub struct Witness {
    inner: Arc<dyn Backend>,
    pen: Pen,
}

impl Witness {
    /// Sees all that goes to this broker.
    pub fn over(inner: Arc<dyn Backend>, pen: Pen) -> Arc<dyn Backend> {
        Arc::new(Layered(Self { inner, pen }))
    }
}

#[async_trait]
impl Layer for Witness {
    fn inner(&self) -> &Arc<dyn Backend> {
        &self.inner
    }

    async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
        let answers = self.inner.push(push).await?;
        let ids = push.tasks.iter().filter_map(|task| {
            let envelope = Envelope::decode(&task.envelope).ok()?;
            number(&envelope.body).ok()
        });
        self.pen.write_or_exit(ids.map(|id| Word::Ok { id }));
        Ok(answers)
    }

    async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
        let answer = self.inner.settle(settle).await?;
        let told = settle.outcomes.iter().zip(&answer.settled);
        // What is given back has no run, or one that it does not end.
        let stored = told.filter(|(one, settled)| {
            **settled == Settled::Applied && !matches!(one.outcome, Outcome::Release { .. })
        });
        self.pen.write_or_exit(stored.map(|(one, _)| Word::Stored { task: one.id }));
        Ok(answer)
    }
}
