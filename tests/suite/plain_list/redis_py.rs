//! The program in `examples/plain-list`, run by a Python that has redis-py.

use std::path::Path;
use std::process::Command;

use super::*;

/// Runs the program and returns what it prints.
async fn producer(url: &str, list: &[u8], failed_set: &[u8], words: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/plain-list/producer.py");
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("redis-py");
    let mut command = Command::new(tireless_tests::redis_py(&home));
    command.arg(script).args(words).env("REDIS_URL", url);
    command.env("TASK_LIST", String::from_utf8_lossy(list).as_ref());
    command.env("FAILED_SET", String::from_utf8_lossy(failed_set).as_ref());
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.expect("no panic").expect("the producer");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

impl Plain {
    async fn producer(&self, words: &[&str]) -> String {
        producer(&self.url, &self.list, &self.failed_set, words).await
    }
}

async fn a_producer_that_knows_only_lpush_is_served<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    let runs = Runs::default();
    let pool = runs.pool(&plain, Duration::from_secs(4)).await;
    let bodies = ["hello", "{\"n\": 9007199254740993, \"to\": []}", "gr\u{fc}\u{df}e"];
    plain.producer(&[["push", "bad 1", "bad 2"].as_slice(), &bodies].concat()).await;
    let seen = async || plain.producer(&["failed"]).await == "bad 1\nbad 2\n";
    eventually("seen by SMEMBERS", SOON, seen).await;
    plain.producer(&["forget", "bad 2"]).await;
    eventually("done", SOON, async || plain.is_done(4).await).await;
    assert_eq!((runs.of(b"bad 1"), runs.of(b"bad 2")), (vec![1, 2], vec![1]));
    for body in bodies {
        assert_eq!(runs.of(body.as_bytes()), [1], "{body}");
    }
    assert_eq!(plain.producer(&["failed"]).await, "");
    pool.shutdown().await;
}

async fn its_push_is_picked_up_at_once<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    let late = Arc::new(Mutex::new(Vec::new()));
    let pool = late_pool(plain.site.pool(5, Pace::DEFAULT), &plain.site.queue, &late).await;
    plain.producer(&["tick", "20"]).await;
    eventually("picked up", SOON, async || late.lock().expect("samples").len() == 20).await;
    check_late(&format!("redis-py to {}", L::NAME), &late);
    pool.shutdown().await;
}

async fn the_inbox_of_a_queue_of_our_own_is_served<L: Library>() {
    let url = shared_url().expect("a server");
    let namespace = fresh_namespace();
    let settings = Settings::of(namespace.clone());
    let site = Site::open::<L>(WORKER, &url, settings).await;
    let late = Arc::new(Mutex::new(Vec::new()));
    let pool = late_pool(site.pool(5, Pace::DEFAULT), &site.queue, &late).await;
    let inbox = format!("tireless:{{{namespace}/{}/0}}:inbox", site.queue);
    producer(&url, inbox.as_bytes(), b"", &["tick", "20"]).await;
    eventually("done", SOON, async || site.counts().await.done == 20).await;
    check_late(&format!("redis-py to the inbox, {}", L::NAME), &late);
    pool.shutdown().await;
}

crate::over_both!(
    ignore "needs redis-py: cargo xtask test --all":
    a_producer_that_knows_only_lpush_is_served,
    its_push_is_picked_up_at_once,
    the_inbox_of_a_queue_of_our_own_is_served,
);
