//! A Redis client without a Redis: it gives one answer, made beforehand, to every script.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tireless_core::ClaimedTask;
use tireless_redis_broker::client::{ClientError, Command, RedisClient};
use tireless_redis_broker::reply::Reply;

/// See the module's words.
#[derive(Debug)]
pub struct CannedClient {
    script: Reply,
}

impl CannedClient {
    /// Every script answers this.
    pub fn answering(script: Reply) -> Self {
        Self { script }
    }

    fn answer(&self, command: &Command) -> Reply {
        match command.words.first().map(|word| &word[..]) {
            Some(b"EVALSHA") => self.script.clone(),
            // What a broker asks before it is made: whether the server is new enough, and keeps
            // what it is given.
            Some(b"COMMAND") => Reply::Array(vec![Reply::Array(Vec::new())]),
            _ => text("maxmemory:0\r\nmaxmemory_policy:noeviction\r\n"),
        }
    }
}

#[async_trait]
impl RedisClient for CannedClient {
    async fn send(&self, commands: Vec<Command>) -> Vec<Result<Reply, ClientError>> {
        commands.iter().map(|command| Ok(self.answer(command))).collect()
    }

    async fn block(&self, commands: Vec<Command>, _: Duration) -> Vec<Result<Reply, ClientError>> {
        self.send(commands).await
    }
}

/// What `lua/claim.lua` answers when it gives these tasks, none of which has been through anything,
/// and more are left.
pub fn claimed(tasks: &[ClaimedTask]) -> Reply {
    let ids: Vec<u8> = tasks.iter().flat_map(|task| *task.id.as_bytes()).collect();
    let envelopes = tasks.iter().map(|task| Reply::Bytes(task.envelope.clone())).collect();
    // The time, more, next due, suspects, your turn, paused, promoted, requeued; ids,
    // envelopes, histories.
    let numbers = [1_000_000_000_000, 1, -1, 0, 0, 0, 0, 0].map(Reply::Int);
    let tasks = [Reply::Bytes(ids.into()), Reply::Array(envelopes), Reply::Array(Vec::new())];
    Reply::Array(numbers.into_iter().chain(tasks).collect())
}

/// What `lua/push.lua` answers when it accepts all.
pub fn accepted() -> Reply {
    text("")
}

/// What `lua/ack.lua` answers when all is applied and nothing was dropped.
pub fn applied() -> Reply {
    text("0:")
}

fn text(text: &'static str) -> Reply {
    Reply::Bytes(Bytes::from_static(text.as_bytes()))
}
