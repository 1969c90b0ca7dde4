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
mod cast;
mod echo;
mod graves;
mod load;
mod report;
mod stage;
mod watch;

use std::time::{Duration, Instant};

use tireless_redis_broker::Settings;
use tireless_testkit::server::TestServer;

pub use book::Findings;
pub use report::{Report, table};

use crate::proxy::{Odds, Proxy, Strike};
use crate::{Library, Raw, eventually, fresh_namespace};
use cast::{Cast, left};
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
        let limit = Duration::from_secs(300 + 2 * each);
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
        let of = |kind: &str| struck.get(kind).map_or(0, |of| of.values().sum::<u64>());
        KINDS.iter().all(|kind| of(kind) >= scale.each)
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
    // What is rarely sent is struck more often, so that all come to their number at about one time.
    let of_kind = [
        ("claim", 10),
        ("push", 40),
        ("ack", 80),
        ("echo", 100),
        ("settle", 120),
        ("renew", 200),
        ("beat", 300),
        ("tick", 60),
        ("reclaim", 300),
        ("blpop", 100),
        ("blmove", 150),
        ("lmove", 100),
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
