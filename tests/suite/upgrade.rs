//! A queue that an earlier version left behind is served by this one, and what this one writes can be
//! read by earlier ones of the same layout.
//!
//! `tests/fixtures/layout-N.txt` is a queue as it was when layout N was the newest, with a task in every
//! place. These files never change; a new layout adds one, and so does, with a word after the number, a
//! form that earlier programs of the same layout can live with. The tests go over all of them:
//! `TIRELESS_WRITE_FIXTURE=1 cargo xtask test -- -p tireless-tests upgrade`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tireless::{Context, WorkerPool};
use tireless_core::{Envelope, NewTask, Outcome, Pushed, Reentry, ReleaseReason, State};
use tireless_testkit::Harness;
use tireless_testkit::fixtures::{Bench, LONG, bury, fail, keep, own, release_after};
use tireless_tests::{Library, RedisHarness, WrittenQueue, eventually};

/// The second form of layout 1: a turn has a beginning.
const NEWEST: &str = include_str!("../fixtures/layout-1-turns.txt");

/// All forms that there have been.
const LAYOUTS: [&str; 2] = [include_str!("../fixtures/layout-1.txt"), NEWEST];

fn task(body: &str) -> NewTask {
    NewTask::new(Envelope::raw(body.to_owned()).encode().expect("an envelope"))
}

/// Puts a task, named after its place, into every place of a queue.
async fn furnish(b: &Bench<'_>) {
    let suspect = b.push_one(task("suspect")).await;
    b.make_suspect(suspect).await;
    let returned =
        Outcome::Release { after: LONG, reason: ReleaseReason::Unknown, reentry: Reentry::Front };
    let outcomes = [
        ("kept", keep(LONG)),
        ("failed", fail(LONG)),
        ("dead", bury()),
        ("returned", returned),
        ("given back", release_after(LONG)),
    ];
    let worker = b.mortal();
    for (body, outcome) in outcomes {
        b.push_one(task(body)).await;
        let held = worker.claim_one().await;
        worker.finish(&[held], outcome).await;
    }
    b.push_one(task("running")).await;
    worker.claim_one().await;
    let removed = b.push_one(task("removed")).await;
    b.broker.remove(&b.queue, &[removed]).await.expect("a removal");
    b.push_one(task("ready")).await;
    let mut named = task("named");
    named.own_id = Some(own("its own id"));
    b.push_one(named).await;
    let mut later = task("scheduled");
    later.when = tireless_core::When::After(LONG);
    b.push_one(later).await;
    b.harness.push_plain(&b.queue, "plain".into()).await;
}

async fn an_earlier_layout_is_served<L: Library>() {
    for layout in LAYOUTS {
        let h = RedisHarness::<L>::fresh().await;
        let b = Bench::new(&h);
        WrittenQueue::from_text(layout).write(&mut h.raw().await, &h.key(&b.queue, "")).await;
        let counts = b.counts().await;
        assert_eq!((counts.ready, counts.inbox, counts.suspects), (3, 1, 1));
        b.holds("ready 3, running 1, scheduled 3, failed 1, dead 1, kept 1").await;
        let dead = b.list(State::Dead).await;
        let shown = b.detail(dead[0].id).await;
        assert!(!shown.failures.0.is_empty(), "its failure is still told");
        let found = b.find(&own("its own id")).await.expect("a task");
        assert_eq!(b.state(found).await, Some(State::Ready));
        let mut again = task("named");
        again.own_id = Some(own("its own id"));
        let answers = b.push_these(vec![again]).await.expect("a push");
        assert_eq!(answers, [Pushed::Exists { id: found }]);

        let runs = served(&b).await;
        let expected = [
            ("failed", 2),
            ("given back", 1),
            ("named", 1),
            ("plain", 1),
            ("ready", 1),
            ("returned", 1),
            ("running", 1),
            ("scheduled", 1),
            ("suspect", 1),
        ];
        let expected: BTreeMap<_, _> =
            expected.map(|(body, attempt)| (body.to_owned(), vec![attempt])).into();
        assert_eq!(runs, expected, "each once, with the attempts that it had had");
        b.holds("dead 1").await;
    }
}

/// Runs all that can be run; the attempts of each body.
async fn served(b: &Bench<'_>) -> BTreeMap<String, Vec<u32>> {
    let runs = Arc::new(Mutex::new(BTreeMap::<String, Vec<u32>>::new()));
    let noted = runs.clone();
    let handler = move |body: bytes::Bytes, context: Context| {
        let body = String::from_utf8_lossy(&body).into_owned();
        noted.lock().expect("notes").entry(body).or_default().push(context.attempt());
        async { tireless::TaskResult::Ok(()) }
    };
    let pool = WorkerPool::new(b.broker.clone())
        .queue(&b.queue)
        .inbox(true)
        .lease(Duration::from_secs(3))
        .beat(Duration::from_millis(500))
        .handle_raw(b.queue.as_str(), handler);
    let pool = pool.start().await.expect("a pool");
    eventually("all is done", Duration::from_secs(60), async || {
        let counts = b.counts().await;
        counts.ready + counts.running + counts.scheduled + counts.failed + counts.inbox == 0
            && counts.suspects == 0
    })
    .await;
    pool.shutdown().await;
    std::mem::take(&mut *runs.lock().expect("notes"))
}

async fn what_is_written_has_the_form_of_the_newest_layout<L: Library>() {
    let h = RedisHarness::<L>::fresh().await;
    let b = Bench::new(&h);
    furnish(&b).await;
    let written = WrittenQueue::read(&mut h.raw().await, &h.key(&b.queue, "")).await;
    if std::env::var_os("TIRELESS_WRITE_FIXTURE").is_some() {
        let remark =
            "# A queue with a task in every place. Never changed: see tests/suite/upgrade.rs.\n";
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/layout-1-turns.txt");
        std::fs::write(path, format!("{remark}{}", written.to_text())).expect("a file");
        return;
    }
    let (ours, kept) = (written.form(), WrittenQueue::from_text(NEWEST).form());
    assert_eq!(ours, kept, "a change of the layout: count it up, keep the old file, add a new one");
}

crate::over_both!(an_earlier_layout_is_served, what_is_written_has_the_form_of_the_newest_layout);
