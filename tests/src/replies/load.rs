//! The ordinary load: producers that push, pools that run.

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use tireless::prelude::*;
use tireless::{Backoff, RunPolicy, RunningPool};
use tireless_core::Backend;

use super::DRAINED;
use super::stage::Stage;
use crate::Raw;

/// Leases that no row of lost replies outlasts, so that nothing may run twice; and a beat that
/// makes many renewals to be struck.
const LEASE: Duration = Duration::from_secs(60);
const BEAT: Duration = Duration::from_millis(200);

/// How long a failed or snoozed task waits.
const AGAIN: Duration = Duration::from_millis(20);

/// How often a task asks to be run, by its body.
fn wanted(body: &[u8]) -> u32 {
    if body.ends_with(b"done") { 1 } else { 2 }
}

/// A pool on one queue.
pub(super) async fn pool(
    stage: &Arc<Stage>,
    broker: Arc<dyn Backend>,
    queue: &'static str,
) -> RunningPool {
    let at_work = stage.clone();
    let run = move |body: Bytes, context: Context| {
        let stage = at_work.clone();
        async move { run(&stage, body, &context).await }
    };
    let pool = WorkerPool::new(broker).concurrency(16).lease(LEASE).beat(BEAT);
    let policy = RunPolicy { backoff: Backoff::fixed(AGAIN), ..RunPolicy::default() };
    let pool = pool.queue(queue).inbox(true).handle_raw_with(queue, policy, run);
    pool.start().await.expect("a pool")
}

async fn run(stage: &Stage, body: Bytes, context: &Context) -> TaskResult {
    if !body.starts_with(context.queue().as_str().as_bytes()) {
        stage.book.foreign(format!("{body:?} came from {}", context.queue()));
    }
    let runs = stage.book.run(body.clone());
    tokio::time::sleep(Duration::from_millis(u64::from(runs))).await;
    if body.ends_with(b"fail") && context.attempt() == 1 {
        return Err("the first run fails".into());
    }
    if body.ends_with(b"snooze") && runs == 1 {
        return Err(Snooze(AGAIN).into());
    }
    Ok(())
}

/// Bodies that no other call makes, of all that a handler can do.
fn bodies(queue: &str, count: u64) -> Vec<Bytes> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let body = |number: u64| {
        let verb = ["done", "done", "done", "done", "fail", "snooze"][(number % 6) as usize];
        Bytes::from(format!("{queue}/{number}/{verb}"))
    };
    (0..count).map(|_| body(NEXT.fetch_add(1, Ordering::Relaxed))).collect()
}

/// Pushes until the stage closes: mostly batches, at times one with an own id, or some at once that
/// share calls.
pub(super) async fn push(
    stage: Arc<Stage>,
    broker: Arc<dyn Backend>,
    queue: &'static str,
    pause: Duration,
) {
    // Pushes that share calls are not sent again by hand.
    let sharing = Producer::new(broker.clone()).patience(DRAINED);
    let producer = Producer::new(broker).patience(Duration::from_millis(500));
    for call in 0_u64.. {
        if stage.is_over() {
            return;
        }
        let bodies = bodies(queue, if call % 4 == 1 { 5 } else { 1 + call % 3 });
        match call % 4 {
            0 => {
                for body in &bodies {
                    one(&stage, &producer, queue, body).await;
                }
            }
            1 => together(&stage, &sharing, queue, &bodies).await,
            _ => batch(&stage, &producer, queue, &bodies).await,
        }
        stage.book.accepted(bodies.into_iter().map(|body| (body.clone(), wanted(&body))));
        tokio::time::sleep(pause).await;
    }
}

async fn one(stage: &Stage, producer: &Producer, queue: &str, body: &Bytes) {
    let push = producer.push_raw(queue, body.clone()).own_id(body).prepare().expect("a push");
    let receipt = loop {
        match push.send().await {
            Ok(receipt) => break receipt,
            Err(error) if error.is_retryable() => {}
            Err(error) => return stage.book.foreign(format!("push: {error}")),
        }
    };
    if receipt.existed || receipt.id != push.id() {
        stage.book.foreign(format!("pushed {}, answered {receipt:?}", push.id()));
    }
}

async fn together(stage: &Stage, producer: &Producer, queue: &str, bodies: &[Bytes]) {
    // Two go at once, so more are needed for some to share.
    let pushes = bodies.iter().map(|body| producer.push_raw(queue, body.clone()).into_future());
    for receipt in join_all(pushes).await {
        match receipt {
            Ok(receipt) if !receipt.existed => {}
            answer => stage.book.foreign(format!("pushed together, answered {answer:?}")),
        }
    }
}

async fn batch(stage: &Stage, producer: &Producer, queue: &str, bodies: &[Bytes]) {
    let mut push = producer.push_all_raw(queue, bodies.to_vec()).prepare().expect("a batch");
    while let Err(error) = push.send().await {
        if !error.is_retryable() {
            return stage.book.foreign(format!("push: {error}"));
        }
    }
    if push.receipts().len() != bodies.len() || push.receipts().iter().any(|one| one.existed) {
        stage.book.foreign(format!("pushed {}, answered {:?}", bodies.len(), push.receipts()));
    }
}

/// Pushes into the inbox until the stage closes, as any program would, past the proxy.
pub(super) async fn push_plain(stage: Arc<Stage>, server: String, queue: &'static str) {
    let mut raw = Raw::connect(&server).await;
    let inbox = format!("tireless:{{{}/{queue}/0}}:inbox", stage.settings.namespace);
    while !stage.is_over() {
        let bodies = bodies(queue, 1);
        stage.book.accepted(bodies.iter().map(|body| (body.clone(), wanted(body))));
        raw.command(&[b"LPUSH", inbox.as_bytes(), &bodies[0]]).await;
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
}
