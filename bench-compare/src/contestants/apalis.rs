//! apalis over apalis-redis.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use apalis::prelude::{BackendExt, BoxDynError, Data, TaskSink, WorkerBuilder, WorkerBuilderExt};
use apalis_redis::{Config, RedisStorage};
use async_trait::async_trait;
use redis::aio::{ConnectionManagerConfig, MultiplexedConnection};
use tokio_util::sync::CancellationToken;

use crate::contestant::{Body, Caller, Contestant, CrashSafety, Facts, Fenced, Kind};
use crate::server::connect;
use crate::tally::Tally;

const WORKER: &str = "compare-worker";
const SLOTS: usize = 500;
const POLL: Duration = Duration::from_millis(10);

/// A fetch that takes longer than [`POLL`] leaves the poll's timer unarmed until the next heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// How many tasks one step of [`MOVE`] moves; far below what a script can unpack.
const STEP: usize = 1_000;

/// What the promotion of a fetch does, in steps that it survives.
const MOVE: &str = "
local due = redis.call('ZPOPMIN', KEYS[1], ARGV[1])
if #due == 0 then return 0 end
local ids = {}
for i = 1, #due, 2 do ids[#ids + 1] = due[i] end
redis.call('RPUSH', KEYS[2], unpack(ids))
return #ids";

pub(super) const FACTS: Facts = Facts {
    name: "apalis-redis",
    package: "apalis-redis",
    kind: Kind::Peer,
    crash_safety: CrashSafety {
        survives: true,
        fenced: Fenced::ByWorker,
        why: "a fetch moves tasks into the worker's in-flight set; others put them back when it \
              missed its heartbeats, after 300 s by default; an ack is refused unless that set \
              has the task",
    },
    settings: "batch_size 500, concurrency 500, lock_tasks and emit_events off, a poll each 10 ms \
               and a heartbeat each second (by itself it looks at new tasks with its heartbeat, \
               each 30 s)",
    caveat: "a push puts each task into the scheduled set, and a fetch fails once about 8,000 are \
             due: before the drain they were moved to its active list in steps of 1,000. Results \
             and data of finished tasks are kept until it is told to vacuum",
};

pub(super) struct Apalis {
    storage: RedisStorage<Body>,
    connection: MultiplexedConnection,
}

impl Apalis {
    pub(super) async fn prepare(url: &str) -> Result<Self> {
        // Without this, half a second of a busy server counts as a lost connection.
        let patient = ConnectionManagerConfig::new().set_response_timeout(None);
        let client = redis::Client::open(url)?;
        let manager = client.get_connection_manager_with_config(patient).await?;
        let config = Config::default()
            .queue("compare")
            .batch_size(SLOTS)
            .heartbeat_interval(HEARTBEAT)
            .lock_tasks(false)
            .emit_events(false);
        let storage = RedisStorage::new(manager).with_config(config);
        Ok(Self { storage, connection: connect(url).await? })
    }
}

async fn nothing(_: Body, tally: Data<Arc<Tally>>) -> Result<(), BoxDynError> {
    tally.ran();
    Ok(())
}

#[async_trait]
impl Contestant for Apalis {
    fn caller(&self) -> Box<dyn Caller> {
        Box::new(Pushes(self.storage.clone()))
    }

    async fn before_drain(&self) -> Result<()> {
        let config = self.storage.get_config();
        let (from, to) = (config.scheduled_jobs_set(), config.active_jobs_list());
        let script = redis::Script::new(MOVE);
        let mut connection = self.connection.clone();
        loop {
            let mut step = script.key(&from);
            step.key(&to).arg(STEP);
            if step.invoke_async::<usize>(&mut connection).await? == 0 {
                return Ok(());
            }
        }
    }

    async fn work(&self, tally: Arc<Tally>, stop: CancellationToken) -> Result<()> {
        let worker = WorkerBuilder::new(WORKER)
            .backend(self.storage.clone().poll_with_interval(POLL))
            .data(tally)
            .concurrency(SLOTS)
            .build(nothing);
        let stop = async move {
            stop.cancelled().await;
            std::io::Result::Ok(())
        };
        worker.run_until(stop).await?;
        Ok(())
    }

    async fn unsettled(&self) -> Result<u64> {
        let config = self.storage.get_config();
        let in_flight = format!("{}:{WORKER}", config.inflight_jobs_set());
        let mut pipe = redis::pipe();
        pipe.cmd("ZCARD").arg(config.scheduled_jobs_set());
        pipe.cmd("LLEN").arg(config.active_jobs_list()).cmd("SCARD").arg(in_flight);
        let counts: (u64, u64, u64) = pipe.query_async(&mut self.connection.clone()).await?;
        Ok(counts.0 + counts.1 + counts.2)
    }
}

struct Pushes(RedisStorage<Body>);

#[async_trait]
impl Caller for Pushes {
    async fn push_one(&mut self, body: Body) -> Result<()> {
        self.0.push(body).await?;
        Ok(())
    }

    async fn push_batch(&mut self, bodies: Vec<Body>) -> Result<bool> {
        self.0.push_bulk(bodies).await?;
        Ok(true)
    }
}
