//! Bodies that are huge or deep, for typed handlers, written past the producer that would refuse
//! them: they are run or buried with their bytes, and good tasks go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tireless::prelude::*;
use tireless_core::{Codec, Envelope, State, TaskId, TypeName};
use tireless_testkit::server::shared_url;
use tireless_tests::{Library, Pace, Raw, Site, eventually, fresh_namespace, key_of, small_cap};

#[derive(Serialize, Deserialize, Task)]
#[task(name = "Tree")]
struct Tree {
    tree: serde_json::Value,
}

const DEEP: usize = 100_000;
const HUGE: usize = 8 * 1024 * 1024;

/// Bodies with whether they can be read.
fn bodies() -> Vec<(Vec<u8>, bool)> {
    let nested = |open: &str, close: &str| {
        format!(r#"{{"tree":{}1{}}}"#, open.repeat(DEEP), close.repeat(DEEP)).into_bytes()
    };
    vec![
        (nested("[", "]"), false),
        (nested(r#"{"a":"#, "}"), false),
        (format!(r#"{{"tree":{}"#, "[".repeat(DEEP)).into_bytes(), false),
        (format!(r#"{{"tree":"{}"}}"#, "x".repeat(HUGE)).into_bytes(), true),
        (format!(r#"{{"tree":[{}1]}}"#, "1,".repeat(HUGE / 4)).into_bytes(), true),
        (vec![0xff; HUGE], false),
        (br#"{"tree":1e999}"#.to_vec(), false),
        (Vec::new(), false),
        (br#"{"tree":"good"}"#.to_vec(), true),
    ]
}

async fn they_are_run_or_buried_with_their_bytes<L: Library>() {
    let url = shared_url().expect("a server");
    let settings = small_cap(fresh_namespace());
    let namespace = settings.namespace.clone();
    let site = Site::open::<L>(crate::WORKER, &url, settings).await;
    let mut raw = Raw::connect(&url).await;
    let (mut readable, mut dead) = (0, Vec::new());
    for (body, reads) in bodies() {
        let mut envelope = Envelope::raw(body);
        envelope.task_type = TypeName::new("Tree").ok();
        envelope.codec = Codec::JSON;
        let (id, bytes) = (TaskId::new(), envelope.encode().expect("an envelope"));
        let key = |part| key_of(&namespace, &site.queue, part);
        raw.command(&[b"HSET", key("tasks").as_bytes(), id.as_bytes(), &bytes]).await;
        raw.command(&[b"LPUSH", key("ready").as_bytes(), id.as_bytes()]).await;
        if reads {
            readable += 1;
        } else {
            dead.push((id, bytes));
        }
    }
    let run = Arc::new(AtomicUsize::new(0));
    let count = run.clone();
    let handler = move |task: Tree| {
        count.fetch_add(usize::from(!task.tree.is_null()), Ordering::Relaxed);
        async { TaskResult::Ok(()) }
    };
    let pool = site.pool(4, Pace::DEFAULT).queue(&site.queue).handle(handler);
    let pool = pool.start().await.expect("a pool");
    eventually("all were looked at", Duration::from_secs(60), async || {
        let counts = site.counts().await;
        counts.ready + counts.running == 0
    })
    .await;
    let summary = pool.shutdown().await;
    assert_eq!((run.load(Ordering::Relaxed), summary.panicked), (readable, 0));
    let buried = super::listed(&*site.broker, &site.queue, State::Dead).await;
    let mut buried: Vec<(TaskId, Bytes)> =
        buried.into_iter().map(|task| (task.id, task.envelope)).collect();
    buried.sort();
    dead.sort();
    assert!(buried == dead, "{} of {} are dead with their bytes", buried.len(), dead.len());
    for (id, _) in dead {
        let task = site.broker.show(&site.queue, id).await.expect("a look").expect("a task");
        assert!(task.failures.0[0].failure.kind().starts_with("undecodable"), "{task:?}");
    }
}

over_both!(they_are_run_or_buried_with_their_bytes);
