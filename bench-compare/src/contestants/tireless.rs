//! tireless itself, over either client: typed tasks, as users write them.

use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tireless::{
    Backend, Client, ConnectOptions, Data, Inspect, Producer, QueueName, Task, TaskResult,
    WorkerPool, connect_with,
};
use tokio_util::sync::CancellationToken;

use crate::contestant::{Body, Caller, Contestant, CrashSafety, Facts, Fenced, Kind};
use crate::tally::Tally;

const QUEUE: &str = "compare";
const SLOTS: usize = 100;

pub(super) const REDIS_RS: Facts = Facts {
    name: "tireless, redis-rs",
    package: "tireless",
    kind: Kind::Tireless,
    crash_safety: CrashSafety {
        survives: true,
        fenced: Fenced::ByClaim,
        why: "a claim moves tasks into the worker's lease in one script; what is not acknowledged \
              comes back when the lease of 15 s ends, and a late ack finds its claim gone",
    },
    settings: "concurrency 100",
    caveat: "single pushes that are under way together share calls; finished tasks leave nothing \
             behind",
};

pub(super) const FRED: Facts = Facts { name: "tireless, fred", ..REDIS_RS };

#[derive(Serialize, Deserialize, Task)]
#[task(queue = "compare")]
struct Nothing {
    text: String,
}

impl From<Body> for Nothing {
    fn from(body: Body) -> Self {
        Self { text: body.text }
    }
}

async fn nothing(_: Nothing, tally: Data<Arc<Tally>>) -> TaskResult {
    tally.ran();
    Ok(())
}

pub(super) struct Tireless {
    broker: Arc<dyn Backend>,
    producer: Producer,
    queue: QueueName,
}

impl Tireless {
    pub(super) async fn prepare(url: &str, client: Client) -> Result<Self> {
        let mut options = ConnectOptions::default();
        options.client = Some(client);
        let broker = connect_with(url, options).await?;
        let producer = Producer::new(broker.clone());
        Ok(Self { broker, producer, queue: QueueName::new(QUEUE)? })
    }
}

#[async_trait]
impl Contestant for Tireless {
    fn caller(&self) -> Box<dyn Caller> {
        Box::new(Pushes(self.producer.clone()))
    }

    async fn work(&self, tally: Arc<Tally>, stop: CancellationToken) -> Result<()> {
        let pool = WorkerPool::new(self.broker.clone()).data(tally).handle(nothing);
        pool.concurrency(SLOTS).run_until(stop.cancelled_owned()).await?;
        Ok(())
    }

    async fn unsettled(&self) -> Result<u64> {
        let counts = self.broker.counts(&self.queue).await?;
        Ok(counts.ready + counts.running + counts.scheduled + counts.failed + counts.dead)
    }
}

struct Pushes(Producer);

#[async_trait]
impl Caller for Pushes {
    async fn push_one(&mut self, body: Body) -> Result<()> {
        self.0.push(Nothing::from(body)).await?;
        Ok(())
    }

    async fn push_batch(&mut self, bodies: Vec<Body>) -> Result<bool> {
        self.0.push_all(bodies.into_iter().map(Nothing::from)).await?;
        Ok(true)
    }
}
