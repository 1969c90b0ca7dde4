//! Masters are killed, and replicas take over: named by sentinels, or by a Cluster.
//!
//! Before each kill the replicas are cut off for a moment, so that the master has what nobody else
//! has yet: what was confirmed too soon is then lost.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use async_trait::async_trait;
use tireless::{Durability, QueueName};
use tireless_testkit::server::TestServer;
use tireless_testkit::set_up::{TestCluster, TestSentinels};
use tireless_tests::{Library, Stream, Traffic};

use crate::fault::{Fault, Report, Run};
use crate::late::Lateness;
use crate::library::{OverAny, over_asked};

mod views;

/// How long replicas are cut off before their master is killed: less than they may be silent.
const BEHIND: Duration = Duration::from_millis(300);

/// From the promotion on.
const RUN_AGAIN: Duration = Duration::from_secs(10);

/// From the restart on: sentinels take ten seconds and more to make a replica of it.
const CONFIRMED_AGAIN: Duration = Duration::from_secs(30);

/// For everything to flow again.
const PATIENCE: Duration = Duration::from_secs(60);

/// Nobody waits for its replicas: it tells when tasks are run again, also while no replica is there.
const QUICK: Stream<'_> =
    Stream { queue: "quick", durability: Durability::Stored, after: Duration::ZERO };

/// Tasks wait in the store, or they would have been run before anybody could lose them.
const WAIT: Duration = Duration::from_secs(1);

/// So many that one of them is where the other is.
const SURE: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// The fault.
#[derive(Debug)]
pub(super) enum Failover {
    /// Behind sentinels.
    Sentinels,
    /// In a Cluster.
    Cluster,
}

#[async_trait]
impl Fault for Failover {
    fn name(&self) -> &'static str {
        match self {
            Self::Sentinels => "sentinel-failover",
            Self::Cluster => "cluster-failover",
        }
    }

    fn bar(&self) -> &'static str {
        match self {
            Self::Sentinels => {
                "20 SIGKILLs of the master behind sentinels under load: with Replicated(1) nothing \
                 confirmed is lost, and tasks are run again within 10 s of the promotion"
            }
            Self::Cluster => {
                "10 SIGKILLs of a Cluster's master under load: with Replicated(1) nothing confirmed \
                 is lost, and tasks are run again within 10 s of the promotion"
            }
        }
    }

    fn full(&self) -> (u64, &'static str) {
        match self {
            Self::Sentinels => (20, "kills"),
            Self::Cluster => (10, "kills"),
        }
    }

    fn small(&self) -> f64 {
        match self {
            Self::Sentinels => 0.05,
            Self::Cluster => 0.1,
        }
    }

    fn catches(&self) -> &'static [&'static str] {
        &["ConfirmsTooSoon"]
    }

    async fn run(&self, run: &Run) -> Result<Report> {
        over_asked(self, run)
    }
}

#[async_trait(?Send)]
impl OverAny for Failover {
    async fn over<L: Library>(&self, run: &Run) -> Result<Report> {
        match self {
            Self::Sentinels => kill_masters::<L, _>(self, TestSentinels::start(1)?, run).await,
            Self::Cluster => kill_masters::<L, _>(self, TestCluster::start(1)?, run).await,
        }
    }
}

async fn kill_masters<L: Library, S: SetUp>(
    fault: &Failover,
    mut set_up: S,
    run: &Run,
) -> Result<Report> {
    let kills = run.times(fault.full().0, 1);
    let sure = |queue| Stream { queue, durability: Durability::REPLICATED, after: WAIT };
    let streams: Vec<_> = SURE.into_iter().map(sure).chain([QUICK]).collect();
    let traffic = Traffic::of_streams::<L>(&set_up.url(), &streams).await;
    let lateness = Lateness::watch();
    let (mut elected, mut quick, mut all) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut still = Vec::new();
    run.progress.set_length(kills);
    for _ in 0..kills {
        let key = traffic.tag(QUICK.queue);
        let master = set_up.master(&key)?;
        let replicas = replicas_of(set_up.servers());
        replicas.iter().try_for_each(|place| set_up.servers()[*place].stop())?;
        // What is on its way already would be read by who goes on.
        set_up.servers()[master].ask(&["CLIENT", "KILL", "TYPE", "replica"])?;
        tokio::time::sleep(BEHIND).await;
        set_up.servers_mut()[master].kill();
        let killed = Instant::now();
        replicas.iter().try_for_each(|place| set_up.servers()[*place].cont())?;
        let promoted = promoted(|| set_up.master(&key).is_ok_and(|now| now != master)).await?;
        elected = elected.max(promoted - killed);
        still.extend(
            try_to_go_on(&traffic, &[QUICK.queue], RUN_AGAIN, set_up.servers()).await.err(),
        );
        quick = quick.max(promoted.elapsed());
        // From here on there is somebody to confirm again.
        set_up.servers_mut()[master].restart()?;
        still.extend(try_to_go_on(&traffic, &SURE, CONFIRMED_AGAIN, set_up.servers()).await.err());
        all = all.max(promoted.elapsed());
        if !still.is_empty() {
            break;
        }
        set_up.until_healthy()?;
        run.progress.inc(1);
    }
    let sum = traffic.end_within(PATIENCE).await;
    let lost: Vec<_> = SURE.iter().flat_map(|queue| sum.lost_of(queue)).collect();
    let mut report = Report { n: kills, ..Report::default() };
    report.count("accepted", sum.accepted as u64);
    report.count("lost", lost.len() as u64);
    report.count("lost, and never confirmed", sum.lost_of(QUICK.queue).len() as u64);
    report.count("extra runs", sum.excess as u64);
    report.demand(still.is_empty(), || format!("{still:?} stood still for {PATIENCE:?}"));
    report.demand(sum.drained, || "the queues were not drained in time".to_owned());
    report.demand(lost.is_empty(), || {
        let some = &lost[..lost.len().min(5)];
        format!("{} confirmed and lost, such as {some:?}", lost.len())
    });
    report.seconds("a replica is promoted after", elected);
    report.within("tasks are run again after", quick, RUN_AGAIN);
    report.seconds("pushes are confirmed again after", all);
    report.seconds("this process is late by", lateness.worst());
    Ok(report)
}

/// Waits until more tasks of these queues run; says how the servers fare if they do not by `soon`.
async fn try_to_go_on(
    traffic: &Traffic,
    queues: &[&str],
    soon: Duration,
    servers: &[TestServer],
) -> Result<(), Vec<QueueName>> {
    let going_on = traffic.try_to_go_on(queues, PATIENCE);
    tokio::pin!(going_on);
    let went_on = tokio::select! {
        biased;
        went_on = &mut going_on => went_on,
        () = tokio::time::sleep(soon) => {
            let told = views::views(servers);
            eprintln!("no 30 more tasks of each of {queues:?} ran within {soon:?}\n{told}");
            going_on.await
        }
    };
    went_on.map(|_| ())
}

/// Those that follow one now.
fn replicas_of(servers: &[TestServer]) -> Vec<usize> {
    let follows = |server: &TestServer| {
        server.ask(&["INFO", "replication"]).is_ok_and(|info| info.contains("role:slave"))
    };
    (0..servers.len()).filter(|place| follows(&servers[*place])).collect()
}

/// Servers of which one is the master of a key, and others may become it.
trait SetUp {
    fn url(&self) -> String;
    fn servers(&self) -> &[TestServer];
    fn servers_mut(&mut self) -> &mut [TestServer];
    fn master(&self, key: &str) -> Result<usize>;
    fn until_healthy(&self) -> Result<()>;
}

impl SetUp for TestSentinels {
    fn url(&self) -> String {
        self.url()
    }

    fn servers(&self) -> &[TestServer] {
        &self.servers
    }

    fn servers_mut(&mut self) -> &mut [TestServer] {
        &mut self.servers
    }

    fn master(&self, _key: &str) -> Result<usize> {
        Ok(self.master()?)
    }

    fn until_healthy(&self) -> Result<()> {
        Ok(self.until_healthy()?)
    }
}

impl SetUp for TestCluster {
    fn url(&self) -> String {
        self.url()
    }

    fn servers(&self) -> &[TestServer] {
        &self.servers
    }

    fn servers_mut(&mut self) -> &mut [TestServer] {
        &mut self.servers
    }

    fn master(&self, key: &str) -> Result<usize> {
        Ok(self.master_of(key)?)
    }

    fn until_healthy(&self) -> Result<()> {
        Ok(self.until_healthy()?)
    }
}

async fn promoted(is_so: impl Fn() -> bool) -> Result<Instant> {
    let begin = Instant::now();
    while !is_so() {
        (begin.elapsed() < PATIENCE).then_some(()).context("no replica was promoted")?;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(Instant::now())
}
