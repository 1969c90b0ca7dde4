//! The fault `replies`: everything that tireless sends to Redis goes through a proxy that drops,
//! cuts, delays and repeats replies of each kind of command, under load. In the end all queues are
//! drained and the record must say: nothing lost, nothing pushed twice, no answer taken for
//! another's, and no run too many.
//!
//! # What may run twice
//! Nothing. A run is repeated only when a lease ends, or when its claim was given up before its
//! answer came (and then it never began). Leases here last a minute and no row of lost replies
//! does, so each task runs as often as it asks, an outcome whose effect was cut off is written
//! again under the same number, and no crash is charged. Workers that die on purpose, so that there
//! is something to reclaim, have queues of their own.

mod book;
mod echo;
mod graves;
mod load;
mod stage;
mod watch;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tireless::{RequeueScheduler, RunningPool};
use tireless_core::{Backend, Counts, QueueName};
use tireless_redis_broker::Settings;
use tireless_testkit::server::TestServer;
use tokio::task::JoinHandle;

pub use book::Findings;

use crate::proxy::{Odds, Proxy, Strike, Struck};
use crate::{Library, Raw, eventually, fresh_namespace};
use echo::SharedClient;
use graves::Graves;
use stage::Stage;

/// The kinds of commands that are to be struck as often as asked: every script that a pool, a
/// producer or a scheduler runs, waiting, looking into an inbox, and a plain echo.
pub const KINDS: [&str; 12] = [
    "push", "claim", "ack", "settle", "renew", "tick", "reclaim", "beat", "blpop", "blmove",
    "lmove", "echo",
];

/// How long may pass until all is drained once nothing is struck any more: held commands end after
/// twelve seconds, and then it is a machine's work.
const DRAINED: Duration = Duration::from_secs(120);

/// How much is to be struck.
#[derive(Clone, Debug)]
pub struct Scale {
    /// How often each kind of command is struck.
    pub each: u64,
    /// How many pools work beside each other on each of the two ordinary queues: more, where more
    /// is to be struck.
    pub pools: usize,
    /// After how long it counts as hanging.
    pub limit: Duration,
    /// What chance begins with.
    pub seed: u64,
    /// What commands are struck with, in turn.
    pub menu: Vec<Strike>,
}

impl Scale {
    /// So many strikes of each kind, with every strike that a client can survive.
    pub fn of(each: u64) -> Self {
        let limit = Duration::from_secs(90 + 2 * each);
        let pools = usize::try_from(each / 100).unwrap_or(usize::MAX).clamp(3, 16);
        Self { each, pools, limit, seed: each, menu: menu() }
    }
}

/// One in 25 is a hole, which costs its caller five seconds, and one a delay beyond that.
fn menu() -> Vec<Strike> {
    let cut = Strike::Cut(0);
    let short = Strike::Delay(Duration::from_millis(20));
    let long = Strike::Delay(Duration::from_millis(600));
    let too_long = Strike::Delay(Duration::from_secs(6));
    let (before, first, second) = (Strike::CutBefore, Strike::Repeat, Strike::Resend);
    vec![
        cut,
        before,
        first,
        short,
        second,
        Strike::Hole,
        cut,
        before,
        long,
        first,
        cut,
        second,
        cut,
        before,
        short,
        cut,
        first,
        cut,
        too_long,
        before,
        second,
        cut,
        short,
        before,
        cut,
    ]
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was struck.
    pub struck: Struck,
    /// How many commands went through the proxy.
    pub commands: u64,
    /// How many connections were made.
    pub connections: usize,
    /// What the record says.
    pub findings: Findings,
    /// Tasks that the store says were pushed, less those that the record says.
    pub pushed_twice: i128,
    /// Tasks that the store says were done, less those that the record says.
    pub done_twice: i128,
    /// Tasks that are still somewhere.
    pub left: u64,
    /// Tasks that died.
    pub dead: u64,
    /// How long it took, draining included.
    pub took: Duration,
}

impl Report {
    /// What is wrong; nothing if all is as promised.
    pub fn faults(&self) -> Vec<String> {
        let found = &self.findings;
        let counted = [
            ("tasks lost", found.lost),
            ("tasks not run as often as they asked", found.unfinished),
            ("runs too many", found.excess),
            ("runs of what nobody pushed", found.unknown),
            ("outcomes refused", found.lease_lost),
            ("crashes charged to the living", found.crashes),
            ("tasks left", self.left),
            ("tasks dead", self.dead),
        ];
        let counted = counted.into_iter().filter(|(_, count)| *count > 0);
        let mut faults: Vec<_> = counted.map(|(what, count)| format!("{count} {what}")).collect();
        for (what, more) in [("pushed", self.pushed_twice), ("done", self.done_twice)] {
            if more != 0 {
                faults.push(format!("the store counts {more} tasks {what} beyond the record"));
            }
        }
        faults.extend(found.foreign.iter().take(20).cloned());
        faults
    }

    /// How often this kind of command was struck.
    pub fn struck_of(&self, kind: &str) -> u64 {
        self.struck.get(kind).map_or(0, |of| of.values().sum())
    }
}

/// Runs the fault over one client library, on a server of its own.
///
/// Panics when the server cannot be had, when strikes do not come to an end within the scale's
/// limit, or when the queues are not drained two minutes later.
pub async fn run<L: Library>(scale: &Scale) -> Report {
    let begin = Instant::now();
    let server = TestServer::start().expect("a server");
    let proxy = Proxy::to(server.port()).await;
    let stage = Stage::new(proxy.url(), Settings::of(fresh_namespace()));
    let cast = Cast::assemble::<L>(&stage, &server.url(), scale).await;
    proxy.strikes().at_random(odds(scale));
    let struck = async || {
        let struck = proxy.strikes().struck();
        let of = |kind: &&str| struck.get(*kind).map_or(0, |of| of.values().sum::<u64>());
        KINDS.iter().all(|kind| of(&kind) >= scale.each)
    };
    forget_scripts_until(&server.url(), async || {
        eventually("all kinds struck", scale.limit, struck).await;
    })
    .await;
    stage.close();
    proxy.strikes().clear();
    let observer = L::connect(&server.url(), stage.settings.clone()).await.expect("a server");
    let graves = cast.end(&*observer).await;
    let mut report = Report {
        struck: proxy.strikes().struck(),
        commands: proxy.strikes().seen().values().sum(),
        connections: proxy.accepted(),
        findings: stage.book.findings(),
        pushed_twice: -i128::from(graves),
        done_twice: -i128::from(graves),
        left: 0,
        dead: 0,
        took: begin.elapsed(),
    };
    report.pushed_twice -= i128::from(report.findings.accepted);
    report.done_twice -= i128::from(report.findings.accepted);
    for queue in observer.queues().await.expect("queues") {
        let counts = observer.counts(&queue).await.expect("counts");
        report.left += left(&counts);
        report.dead += counts.dead + counts.dropped;
        report.pushed_twice += i128::from(counts.pushed);
        report.done_twice += i128::from(counts.done);
    }
    report
}

fn odds(scale: &Scale) -> Odds {
    // What is rarely sent is struck more often, or it would take for ever.
    let of_kind = [
        ("renew", 80),
        ("beat", 120),
        ("tick", 60),
        ("reclaim", 300),
        ("blpop", 100),
        ("blmove", 100),
        ("lmove", 60),
        ("settle", 60),
        ("script load", 100),
    ];
    Odds {
        seed: scale.seed,
        per_mille: 20,
        of_kind: of_kind.map(|(kind, odds)| (kind.to_owned(), odds)).into(),
        most: scale.each,
        menu: scale.menu.clone(),
    }
}

/// Lets the server forget its scripts each second, so that loading them is struck too.
async fn forget_scripts_until(server: &str, end: impl AsyncFnOnce()) {
    let forgetting = async {
        let mut raw = Raw::connect(server).await;
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            raw.command(&[b"SCRIPT", b"FLUSH"]).await;
        }
    };
    tokio::select! {
        () = end() => {}
        () = forgetting => {}
    }
}

fn left(counts: &Counts) -> u64 {
    counts.ready + counts.running + counts.scheduled + counts.failed + counts.inbox
}

/// The queues: one that is always busy, one whose pools mostly wait.
const BUSY: &str = "busy";
const QUIET: &str = "quiet";

/// All who take part.
struct Cast {
    pools: Vec<RunningPool>,
    producers: Vec<JoinHandle<()>>,
    graves: Vec<JoinHandle<Graves>>,
    schedulers: Vec<JoinHandle<()>>,
}

impl Cast {
    async fn assemble<L: Library>(stage: &Arc<Stage>, server: &str, scale: &Scale) -> Self {
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
        cast.work(stage, watch::Watch::over(broker, &stage.book, false), BUSY, 20).await;
        cast.echo(stage, client);
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

    fn echo<K: tireless_redis_broker::link::Link>(
        &mut self,
        stage: &Arc<Stage>,
        client: SharedClient<K>,
    ) {
        let client = Arc::new(client);
        for caller in 0..5 {
            let (client, stage) = (client.clone(), stage.clone());
            self.producers.push(tokio::spawn(async move { client.echo(caller, &stage).await }));
        }
    }

    /// Waits until all is drained and lets everybody go; how many tasks went through graves.
    async fn end(self, observer: &dyn Backend) -> u64 {
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

/// The table of strikes, one line a kind.
pub fn table(struck: &Struck) -> String {
    let names: Vec<_> = ["hole", "cut", "cut before", "delay", "repeat", "resend"].into();
    let line = |(kind, of): (&String, &BTreeMap<&str, u64>)| {
        let counts: Vec<_> = names
            .iter()
            .map(|name| format!("{name} {}", of.get(name).copied().unwrap_or(0)))
            .collect();
        format!("{kind:14} {}", counts.join(", "))
    };
    struck.iter().map(line).collect::<Vec<_>>().join("\n")
}
