//! What operators see (B7, B9).

use tireless_core::{NewTask, State, TaskId, WorkerInfo};

use crate::Harness;
use crate::fixtures::{Bench, LONG, bury, fail, keep, snooze, task, task_after};

/// B7: the counts of a queue that does not exist are all zero.
pub async fn an_unknown_queue_holds_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    assert_eq!(b.counts().await, tireless_core::Counts::default());
    for state in State::ALL {
        assert_eq!(b.listed(state).await, []);
    }
    assert_eq!(b.show(tireless_core::TaskId::new()).await, None);
}

/// B7: counts tell of every place.
pub async fn counts_tell_of_every_place(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(12).await;
    let held = ada.claim(10).await;
    ada.ack(&held[..2]).await;
    ada.finish(&held[2..3], keep(LONG)).await;
    ada.finish(&held[3..5], bury()).await;
    ada.finish(&held[5..6], fail(LONG)).await;
    ada.finish(&held[6..7], snooze(LONG)).await;
    let counts = b.counts().await;
    assert_eq!((counts.ready, counts.suspects, counts.running), (2, 0, 3));
    assert_eq!((counts.scheduled, counts.failed, counts.dead, counts.kept), (1, 1, 2, 1));
    assert_eq!((counts.done, counts.dropped, counts.pushed), (3, 0, 12));
    assert_eq!((counts.inbox, counts.workers, counts.paused), (0, 1, false));
}

/// B7: the inbox is counted by itself.
pub async fn counts_tell_of_the_inbox(h: &dyn Harness) {
    let b = Bench::new(h);
    h.push_plain(&b.queue, "one".into()).await;
    h.push_plain(&b.queue, "two".into()).await;
    let counts = b.counts().await;
    assert_eq!((counts.inbox, counts.ready), (2, 0));
}

/// B8: scheduled and failed tasks are listed by due time, dead and done ones the oldest first.
pub async fn listings_have_an_order(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let late = b.push_one(task_after(LONG * 2)).await;
    let soon = b.push_one(task_after(LONG)).await;
    let scheduled = b.list(State::Scheduled).await;
    assert_eq!([scheduled[0].id, scheduled[1].id], [soon, late]);
    assert!(scheduled[0].at < scheduled[1].at);
    let pushed = b.push(4).await;
    let held = ada.claim(4).await;
    ada.finish(&held[..1], fail(LONG * 2)).await;
    ada.finish(&held[1..2], fail(LONG)).await;
    assert_eq!(b.listed(State::Failed).await, [pushed[1], pushed[0]]);
    ada.finish(&held[3..], bury()).await;
    h.advance(b.unit() / 4).await;
    ada.finish(&held[2..3], bury()).await;
    assert_eq!(b.listed(State::Dead).await, [pushed[3], pushed[2]]);
    assert!(b.list(State::Dead).await.iter().all(|task| task.at.is_some()));
}

/// B9: a task is shown with its body, history, failures, place and holder.
pub async fn a_task_is_shown_whole(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let id = b.push(1).await[0];
    ada.finish(&ada.claim(1).await, fail(b.unit())).await;
    let failed = b.detail(id).await;
    assert_eq!((failed.state, failed.worker), (State::Failed, None));
    assert!(failed.summary.at.is_some());
    assert_eq!(failed.summary.history.attempts, 1);
    assert_eq!(failed.failures.0[0].failure, crate::fixtures::failure());
    b.pass_unit().await;
    let held = ada.claim_one().await;
    let running = b.detail(id).await;
    assert_eq!((running.state, running.worker), (State::Running, Some(ada.id)));
    assert_eq!(running.summary.envelope, held.envelope);
    assert_eq!(running.failures.0.len(), 1);
}

/// B7: live workers are listed with what they tell about themselves.
pub async fn workers_tell_about_themselves(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let mut beat = ada.renew_call(&[], LONG);
    let mut info = WorkerInfo::default();
    info.host = "host-1".into();
    info.pid = 4_711;
    info.concurrency = 8;
    info.queues = vec![b.queue.to_string()];
    beat.info = info.clone();
    let now = ada.send_renew(&beat).await.now;
    let workers = b.broker.workers().await.unwrap_or_else(|error| panic!("{error}"));
    let view = workers.iter().find(|worker| worker.id == ada.id);
    let view = view.unwrap_or_else(|| panic!("it is not listed"));
    assert_eq!(view.info, info);
    assert!(view.lease_until >= now.after(LONG / 2), "{}", view.lease_until);
}

/// B7: a worker whose lease has ended is not listed as living.
pub async fn dead_workers_are_not_listed(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.mortal();
    ada.renew(&[]).await;
    b.pass_unit().await;
    let workers = b.broker.workers().await.unwrap_or_else(|error| panic!("{error}"));
    assert!(workers.iter().all(|worker| worker.id != ada.id));
    assert_eq!(b.counts().await.workers, 0);
}

/// B7: a queue that is worked on is among the queues.
pub async fn queues_in_use_are_listed(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(1).await;
    let ada = b.worker();
    ada.claim(1).await;
    ada.renew(&[1]).await;
    let queues = b.broker.queues().await.unwrap_or_else(|error| panic!("{error}"));
    assert!(queues.contains(&b.queue));
}

/// B7: the age of the oldest ready task is known.
pub async fn the_oldest_ready_task_has_an_age(h: &dyn Harness) {
    let b = Bench::new(h);
    assert_eq!(b.counts().await.oldest_ready_ms, 0);
    let old = b.push_one(made_before(&b, 60_000).await).await;
    b.push_one(made_before(&b, 3_000).await).await;
    let age = b.counts().await.oldest_ready_ms;
    assert!((60_000..600_000).contains(&age), "{age} ms");
    let removed = b.broker.remove(&b.queue, &[old]).await;
    removed.unwrap_or_else(|error| panic!("{error}"));
    let age = b.counts().await.oldest_ready_ms;
    assert!((3_000..60_000).contains(&age), "{age} ms once the older one is removed");
}

/// B7: a suspect is ready too, and so has an age.
pub async fn a_suspect_has_an_age(h: &dyn Harness) {
    let b = Bench::new(h);
    let suspect = b.push_one(made_before(&b, 60_000).await).await;
    b.make_suspect(suspect).await;
    let age = b.counts().await.oldest_ready_ms;
    assert!((60_000..600_000).contains(&age), "{age} ms");
}

/// A task with an id that was made so many milliseconds before the store's time.
async fn made_before(b: &Bench<'_>, millis: u64) -> NewTask {
    let mut id = *TaskId::new().as_bytes();
    let made = b.tick().await.now.millis() - millis;
    id[..6].copy_from_slice(&made.to_be_bytes()[2..]);
    NewTask { id: TaskId::from_bytes(id), ..task() }
}

/// B7: the store says what it is.
pub async fn the_store_says_what_it_is(h: &dyn Harness) {
    let server = h.broker().server().await.unwrap_or_else(|error| panic!("{error}"));
    assert!(!server.name.is_empty());
}
