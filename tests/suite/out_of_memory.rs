//! B2 at the store's memory limit: push is refused whole, everything that frees memory goes on.

use std::time::Duration;

use tireless_core::{ErrorKind, Outcome, Reentry, Selection, State};
use tireless_testkit::Harness;
use tireless_testkit::fixtures::{Bench, bury, fail, release, snooze, task};
use tireless_tests::{OwnServer, Raw, RedisRs};

const LONG: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn the_backlog_drains_at_maxmemory_and_push_is_refused_whole() {
    let own = OwnServer::<RedisRs>::fresh().await;
    let bench = Bench::new(&own);
    let actor = bench.worker();
    bench.push(200).await;
    let mut raw = Raw::connect(&own.server.url()).await;
    raw.command(&[b"CONFIG", b"SET", b"maxmemory-policy", b"noeviction"]).await;
    raw.command(&[b"CONFIG", b"SET", b"maxmemory", b"1"]).await;

    let error = bench.push_these(vec![task()]).await.expect_err("a push at the limit");
    assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{error}");
    bench.holds("ready 200").await;

    let held = actor.claim(60).await;
    let outcomes = [Outcome::ACK, fail(LONG), bury(), snooze(LONG), release(Reentry::Back)];
    for (tasks, outcome) in held.chunks(12).zip(outcomes) {
        actor.finish(tasks, outcome).await;
    }
    bench.holds("ready 152, scheduled 12, failed 12, dead 12").await;
    actor.renew(&[]).await;
    bench.tick().await;
    bench.reap().await;
    for state in [State::Dead, State::Failed] {
        let selection = Selection::Oldest { state, limit: 5 };
        let moved = bench.broker.requeue(&bench.queue, &selection).await.expect("a requeue");
        assert_eq!(moved.moved, 5);
    }
    bench.broker.purge(&bench.queue, State::Scheduled, 100).await.expect("a purge");
    bench.broker.pause(&bench.queue).await.expect("a pause");
    bench.broker.resume(&bench.queue).await.expect("a resume");
    while let held @ [_, ..] = &actor.claim(50).await[..] {
        actor.ack(held).await;
    }
    bench.holds("failed 7, dead 7").await;
}
