//! The yardstick: what the server could do with none of a task system's care.
//!
//! Pushes are bare `LPUSH`es. The worker is two loops on one connection, so that the server never
//! waits for an answer to be read: each takes a hundred bodies from the list into a hash in one
//! script, and removes its hundred before in the same round trip. No lease, no retry, nobody who
//! takes anything back.

use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Script};
use tokio_util::sync::CancellationToken;

use crate::contestant::{Body, Caller, Contestant, CrashSafety, Facts, Fenced, Kind};
use crate::server::connect;
use crate::tally::Tally;

const LIST: &str = "bare:list";
const HELD: &str = "bare:held";
const IDS: &str = "bare:ids";
const BATCH: usize = 100;

/// Fields of the hash, and bodies.
type Taken = (Vec<u64>, Vec<Vec<u8>>);

/// Bodies have no ids of their own: a counter makes the fields.
const TAKE: &str = "
local bodies = redis.call('RPOP', KEYS[1], ARGV[1])
if not bodies then return nil end
local id = redis.call('INCRBY', KEYS[3], #bodies)
local fields, ids = {}, {}
for i, body in ipairs(bodies) do
  ids[i] = id - i
  fields[2 * i - 1] = id - i
  fields[2 * i] = body
end
redis.call('HSET', KEYS[2], unpack(fields))
return {ids, bodies}";

pub(super) const FACTS: Facts = Facts {
    name: "bare Redis",
    package: "redis",
    kind: Kind::Yardstick,
    crash_safety: CrashSafety {
        survives: false,
        fenced: Fenced::No,
        why: "what was taken stays in a hash that nobody looks into",
    },
    settings: "claims of 100 by a script, acknowledged by HDEL of 100, two on their way",
    caveat: "no task system: no lease, no retry, no id, no envelope; what the rest is held against",
};

pub(super) struct Bare {
    shared: MultiplexedConnection,
    waiting: MultiplexedConnection,
    take: String,
}

impl Bare {
    pub(super) async fn prepare(url: &str) -> Result<Self> {
        let (mut shared, waiting) = (connect(url).await?, connect(url).await?);
        let take = Script::new(TAKE).load_async(&mut shared).await?;
        Ok(Self { shared, waiting, take })
    }

    /// One of the loops: ends when nothing is left, after acknowledging all.
    async fn take_all(&self, tally: &Tally) -> Result<()> {
        let mut connection = self.shared.clone();
        let mut acks: Option<Cmd> = None;
        loop {
            let mut pipe = redis::pipe();
            if let Some(acks) = acks.take() {
                pipe.add_command(acks).ignore();
            }
            pipe.cmd("EVALSHA").arg(&self.take).arg(3).arg(LIST).arg(HELD).arg(IDS).arg(BATCH);
            let (taken,): (Option<Taken>,) = pipe.query_async(&mut connection).await?;
            let Some((ids, bodies)) = taken else { return Ok(()) };
            bodies.iter().for_each(|_| tally.ran());
            let mut ack = redis::cmd("HDEL");
            ack.arg(HELD).arg(ids);
            acks = Some(ack);
        }
    }

    /// Waits for one more and handles it.
    async fn wait(&self, tally: &Tally) -> Result<()> {
        let mut wait = redis::cmd("BRPOP");
        wait.arg(LIST).arg(0);
        let _: (String, Vec<u8>) = wait.query_async(&mut self.waiting.clone()).await?;
        tally.ran();
        Ok(())
    }
}

#[async_trait]
impl Contestant for Bare {
    fn caller(&self) -> Box<dyn Caller> {
        Box::new(Pushes(self.shared.clone()))
    }

    async fn work(&self, tally: Arc<Tally>, stop: CancellationToken) -> Result<()> {
        loop {
            tokio::try_join!(self.take_all(&tally), self.take_all(&tally))?;
            tokio::select! {
                waited = self.wait(&tally) => waited?,
                () = stop.cancelled() => return Ok(()),
            }
        }
    }

    async fn unsettled(&self) -> Result<u64> {
        let mut pipe = redis::pipe();
        pipe.cmd("LLEN").arg(LIST).cmd("HLEN").arg(HELD);
        let (waiting, held): (u64, u64) = pipe.query_async(&mut self.shared.clone()).await?;
        Ok(waiting + held)
    }
}

struct Pushes(MultiplexedConnection);

#[async_trait]
impl Caller for Pushes {
    async fn push_one(&mut self, body: Body) -> Result<()> {
        let mut push = redis::cmd("LPUSH");
        push.arg(LIST).arg(body.text).exec_async(&mut self.0).await?;
        Ok(())
    }

    async fn push_batch(&mut self, bodies: Vec<Body>) -> Result<bool> {
        let mut push = redis::cmd("LPUSH");
        push.arg(LIST);
        for body in bodies {
            push.arg(body.text);
        }
        push.exec_async(&mut self.0).await?;
        Ok(true)
    }
}
