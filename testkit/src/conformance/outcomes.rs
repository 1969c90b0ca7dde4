//! What each outcome does to a task's place, attempts and history (B1, B5, B12).

use std::time::Duration;

use tireless_core::{BuryReason, ClaimMode, Failure, Outcome, Reentry, State, limits};

use crate::Harness;
use crate::fixtures::{Bench, LONG, bury, fail, ids, keep, snooze};

/// B1: failing moves a task to the failed set, due after its delay, and charges an attempt.
pub async fn failing_charges_an_attempt(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    for attempts in 0..3 {
        let held = ada.claim_one().await;
        assert_eq!(held.history.attempts, attempts);
        ada.finish(&[held], fail(b.unit())).await;
        b.holds("failed 1").await;
        b.pass_unit().await;
        assert_eq!(b.tick().await.requeued, 1);
    }
}

/// B1: a failed task waits: it is not requeued before its time.
pub async fn a_failed_task_waits_its_time(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    ada.finish(&ada.claim(1).await, fail(LONG)).await;
    b.pass_unit().await;
    assert_eq!(b.tick().await.requeued, 0);
    assert_eq!(ada.claim(1).await, []);
    b.holds("failed 1").await;
}

/// B1: failing without a delay makes a task due at once.
pub async fn failing_without_delay_is_due_at_once(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let id = b.push(1).await[0];
    ada.finish(&ada.claim(1).await, fail(Duration::ZERO)).await;
    assert_eq!(ids(&ada.claim(1).await), [id]);
}

/// B1: releasing makes a task ready at once, and charges nothing.
pub async fn releasing_charges_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    for _ in 0..3 {
        let held = ada.claim_one().await;
        assert_eq!((held.history.attempts, held.history.crashes), (0, 0));
        ada.finish(&[held], Outcome::RELEASE).await;
        b.holds("ready 1").await;
    }
}

/// B1: snoozing moves a task to the scheduled set, and charges nothing.
pub async fn snoozing_charges_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    for _ in 0..3 {
        let held = ada.claim_one().await;
        assert_eq!((held.history.attempts, held.history.crashes), (0, 0));
        ada.finish(&[held], snooze(b.unit())).await;
        b.holds("scheduled 1").await;
        b.pass_unit().await;
    }
}

/// B1: burying moves a task to the dead set, and charges an attempt.
pub async fn burying_charges_an_attempt(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let id = b.push(1).await[0];
    ada.finish(&ada.claim(1).await, bury()).await;
    b.holds("dead 1").await;
    let detail = b.detail(id).await;
    assert_eq!((detail.state, detail.summary.history.attempts), (State::Dead, 1));
    b.pass_unit().await;
    b.tick().await;
    b.holds("dead 1").await;
}

/// B5: a burial is kept with its reason, and the failure's kind behind it.
pub async fn a_burial_names_its_reason(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let cases = [
        (BuryReason::Exhausted, "io", "exhausted/io"),
        (BuryReason::Asked, "", "asked"),
        (BuryReason::Undecodable, "json", "undecodable/json"),
        (BuryReason::Unknown, "", "unknown"),
        (BuryReason::Poison, "abort", "poison/abort"),
    ];
    for (reason, kind, stored) in cases {
        let id = b.push(1).await[0];
        let failure = Failure::new(kind, "why");
        ada.finish(&ada.claim(1).await, Outcome::Bury { reason, failure }).await;
        let newest = b.detail(id).await.failures.0.remove(0).failure;
        assert_eq!((newest.kind(), newest.text()), (stored, "why"));
    }
}

/// B12: failures are kept newest first, five of them, with attempt and time.
pub async fn the_last_failures_are_kept(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let id = b.push(1).await[0];
    let before = b.tick().await.now;
    for run in 1..=7 {
        let failure = Failure::new("io", format!("run {run}"));
        let outcome = Outcome::Fail { failure, retry_in: Duration::ZERO, reentry: Reentry::Back };
        ada.finish(&[ada.claim_one().await], outcome).await;
    }
    let now = b.tick().await.now;
    let failures = b.detail(id).await.failures.0;
    let seen: Vec<(u32, &str)> =
        failures.iter().map(|entry| (entry.attempt, entry.failure.text())).collect();
    assert_eq!(seen, [(7, "run 7"), (6, "run 6"), (5, "run 5"), (4, "run 4"), (3, "run 3")]);
    assert!(failures.iter().all(|entry| before <= entry.at && entry.at <= now));
}

/// B12: all failures but the newest are cut.
pub async fn earlier_failures_are_cut(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let id = b.push(1).await[0];
    for _ in 0..3 {
        let failure = Failure::new("io", "x".repeat(limits::LAST_FAILURE_BYTES));
        let outcome = Outcome::Fail { failure, retry_in: Duration::ZERO, reentry: Reentry::Back };
        ada.finish(&[ada.claim_one().await], outcome).await;
    }
    let failures = b.detail(id).await.failures.0;
    assert_eq!(failures[0].failure.text().len(), limits::LAST_FAILURE_BYTES);
    for earlier in &failures[1..] {
        let size = earlier.failure.text().len();
        assert!(size > 200 && size <= limits::EARLIER_FAILURE_BYTES, "{size}");
    }
}

/// B5: a mixed batch settles each task in its own way.
pub async fn a_mixed_batch_is_settled(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(6).await;
    let outcomes = [Outcome::ACK, keep(LONG), fail(LONG), Outcome::RELEASE, bury(), snooze(LONG)];
    let batch = ada
        .claim(6)
        .await
        .into_iter()
        .zip(outcomes)
        .map(|(task, outcome)| (task.claim, task.id, outcome))
        .collect();
    let answers = ada.settle(batch).await;
    assert_eq!(answers, [tireless_core::Settled::Applied; 6]);
    b.holds("ready 1, scheduled 1, failed 1, dead 1, kept 1").await;
    assert_eq!(b.counts().await.done, 2);
}

/// B5: tasks of several claims are settled in one batch.
pub async fn a_batch_may_span_claims(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(6).await;
    let mut held = ada.claim(2).await;
    held.extend(ada.claim(2).await);
    held.extend(ada.send(&ada.claim_call(2, ClaimMode::Shared)).await.tasks);
    held.reverse();
    ada.ack(&held).await;
    b.holds("nothing").await;
}
