//! All who take part: pools, producers, echoes, graves and their schedulers.

use std::sync::Arc;
use std::time::Duration;

use tireless::{RequeueScheduler, RunningPool};
use tireless_core::{Backend, Counts, QueueName};
use tireless_redis_broker::link::Link;
use tokio::task::JoinHandle;

use super::echo::SharedClient;
use super::graves::Graves;
use super::stage::Stage;
use super::watch::Watch;
use super::{DRAINED, Scale, load};
use crate::{Library, eventually};

pub(super) fn left(counts: &Counts) -> u64 {
    counts.ready + counts.running + counts.scheduled + counts.failed + counts.inbox
}

/// The queues: one that is always busy, one whose pools mostly wait.
const BUSY: &str = "busy";
const QUIET: &str = "quiet";

/// All who take part.
pub(super) struct Cast {
    pools: Vec<RunningPool>,
    producers: Vec<JoinHandle<()>>,
    graves: Vec<JoinHandle<Graves>>,
    schedulers: Vec<JoinHandle<()>>,
}

impl Cast {
    pub(super) async fn assemble<L: Library>(
        stage: &Arc<Stage>,
        server: &str,
        scale: &Scale,
    ) -> Self {
        let mut cast =
            Self { pools: vec![], producers: vec![], graves: vec![], schedulers: vec![] };
        for _ in 0..scale.pools {
            for (queue, pause) in [(BUSY, 20), (QUIET, 120)] {
                cast.work(stage, stage.connect::<L>(false).await, queue, pause).await;
            }
        }
        // The echoes share a connection with claims, outcomes and pushes.
        let (client, broker) =
            SharedClient::<L::Link>::connect(&stage.url, stage.settings.clone()).await;
        cast.work(stage, Watch::over(broker, &stage.book, false), BUSY, 20).await;
        cast.echo(stage, client, 2 + scale.pools);
        let plain = load::push_plain(stage.clone(), server.to_owned(), QUIET);
        cast.producers.push(tokio::spawn(plain));
        for number in 0..2 * scale.pools {
            let graves = Graves::new(stage, stage.connect::<L>(true).await, number);
            cast.schedulers.push(scheduler(stage.connect::<L>(true).await, &graves.queue));
            cast.graves.push(tokio::spawn(graves.run()));
        }
        cast
    }

    /// A pool and a producer that share a connection.
    async fn work(
        &mut self,
        stage: &Arc<Stage>,
        broker: Arc<dyn Backend>,
        queue: &'static str,
        pause_ms: u64,
    ) {
        self.pools.push(load::pool(stage, broker.clone(), queue).await);
        let pause = Duration::from_millis(pause_ms);
        self.producers.push(tokio::spawn(load::push(stage.clone(), broker, queue, pause)));
    }

    fn echo<K: Link>(&mut self, stage: &Arc<Stage>, client: SharedClient<K>, callers: usize) {
        let client = Arc::new(client);
        for caller in 0..callers {
            let (client, stage) = (client.clone(), stage.clone());
            self.producers.push(tokio::spawn(async move { client.echo(caller, &stage).await }));
        }
    }

    /// Waits until all is drained and lets everybody go; how many tasks went through graves.
    pub(super) async fn end(self, observer: &dyn Backend) -> u64 {
        for producer in self.producers {
            producer.await.expect("no panic");
        }
        let mut through_graves = 0;
        for graves in self.graves {
            let graves = tokio::time::timeout(DRAINED, graves).await;
            through_graves += graves.expect("what died comes back").expect("no panic").pushed;
        }
        let drained = async || {
            let mut all = 0;
            for queue in [BUSY, QUIET] {
                let queue = QueueName::new(queue).expect("a legal name");
                all += left(&observer.counts(&queue).await.expect("counts"));
            }
            all == 0
        };
        eventually("drained", DRAINED, drained).await;
        for scheduler in self.schedulers {
            scheduler.abort();
        }
        for pool in self.pools {
            pool.shutdown().await;
        }
        through_graves
    }
}

fn scheduler(broker: Arc<dyn Backend>, queue: &QueueName) -> JoinHandle<()> {
    let scheduler = RequeueScheduler::new(broker).queue(queue).beat(Duration::from_millis(200));
    tokio::spawn(async {
        scheduler.run_until(std::future::pending()).await.expect("a scheduler");
    })
}
