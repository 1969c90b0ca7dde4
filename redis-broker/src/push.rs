//! Push over Redis: it names its queue now and then, and waits for what its durability asks for.

use std::time::Instant;

use futures_util::future::join;
use tireless_core::{Operation, Push, Pushed, QueueName, Result};

use crate::broker::RedisBroker;
use crate::client::RedisClient;
use crate::confirm::Confirmation;
use crate::runner::{ScriptCall, corrupt};
use crate::{parse, request};

impl<C: RedisClient> RedisBroker<C> {
    /// Pushes, and names the queue beside that where it is time to.
    pub(crate) async fn push_named(&self, push: &Push) -> Result<Vec<Pushed>> {
        let call = request::push(&self.keys(&push.queue), push)?;
        if push.tasks.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(confirmation) = Confirmation::of(push.durability) {
            return self.push_surely(push, call, confirmation).await;
        }
        let (mut calls, sent) = (vec![call], Instant::now());
        calls.extend(self.naming(&push.queue, sent));
        let mut answers = self.runner.run(Operation::Push, &calls).await.into_iter();
        let answer = answers.next();
        if answers.next().is_some_and(|named| named.is_ok()) {
            self.told.named(&push.queue, sent);
        }
        let reply = answer.unwrap_or_else(|| Err(corrupt(Operation::Push)))?;
        parse::pushed(reply, push.tasks.len())
    }

    /// What names a queue with a push. One that adopts a list is not named: by its name alone nobody
    /// finds its keys, and would count those of a queue that is not there.
    fn naming(&self, queue: &QueueName, now: Instant) -> Option<ScriptCall> {
        if self.settings.adopted.contains_key(queue) {
            return None;
        }
        self.told.naming(&self.settings.namespace, queue, now)
    }

    /// A push that is answered once it is as sure as it asked for.
    async fn push_surely(
        &self,
        push: &Push,
        call: ScriptCall,
        confirmation: Confirmation,
    ) -> Result<Vec<Pushed>> {
        let sent = Instant::now();
        let naming = self.naming(&push.queue, sent);
        let named = async {
            let Some(naming) = naming else { return false };
            self.runner.run_one(Operation::Push, naming).await.is_ok()
        };
        let (question, hold) = (confirmation.command(), confirmation.timeout());
        let pushed = self.runner.run_and_ask(Operation::Push, &call, &question, hold);
        let ((reply, asked), named) = join(pushed, named).await;
        if named {
            self.told.named(&push.queue, sent);
        }
        let answer = parse::pushed(reply?, push.tasks.len())?;
        confirmation.check(asked, push)?;
        Ok(answer)
    }
}
