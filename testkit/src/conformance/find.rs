//! B3.7: an own id leads to the task that lives under it.

use tireless_core::{NewTask, OwnId, Pushed, Selection, State, TaskId, limits};

use crate::Harness;
use crate::fixtures::{Bench, LONG, bury, fail, keep, own, snooze, task, task_after, task_named};

/// B3.7: it finds its task wherever that is, and the same one on the whole way.
pub async fn an_own_id_finds_its_task_in_every_place(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let name = own("order-1");
    let id = b.push_one(NewTask { own_id: Some(name.clone()), ..task_after(b.unit()) }).await;
    assert_eq!(b.find(&name).await, Some(id), "while scheduled");
    b.pass_unit().await;
    b.tick().await;
    assert_eq!(b.find(&name).await, Some(id), "while ready");
    for outcome in [snooze(b.unit()), fail(b.unit()), bury()] {
        let held = ada.claim(1).await;
        assert_eq!(b.find(&name).await, Some(id), "while running");
        ada.finish(&held, outcome.clone()).await;
        assert_eq!(b.find(&name).await, Some(id), "after {}", outcome.verb());
        b.pass_unit().await;
        b.tick().await;
    }
    assert_eq!(b.state(id).await, Some(State::Dead));
    let all = Selection::Oldest { state: State::Dead, limit: 10 };
    assert!(b.broker.requeue(&b.queue, &all).await.is_ok());
    assert_eq!(b.find(&name).await, Some(id), "requeued by hand");
    assert_eq!(h.another().await.find(&b.queue, &name).await.ok(), Some(Some(id)));
}

/// B3.7: it finds a task that crashed until it waits apart.
pub async fn an_own_id_finds_a_suspect(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push_one(task_named("order-1")).await;
    b.make_suspect(id).await;
    assert_eq!(b.find(&own("order-1")).await, Some(id));
}

/// B3.7: it finds nothing once its task is done, though the task is kept.
pub async fn an_own_id_finds_nothing_once_its_task_is_done(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    for (name, outcome) in [("gone", tireless_core::Outcome::ACK), ("kept", keep(LONG))] {
        let id = b.push_one(task_named(name)).await;
        assert_eq!(b.find(&own(name)).await, Some(id));
        ada.finish(&ada.claim(1).await, outcome).await;
        assert_eq!(b.find(&own(name)).await, None, "{name}");
    }
    b.holds("kept 1").await;
}

/// B3.7: it finds nothing once its task was removed, or purged.
pub async fn an_own_id_finds_nothing_once_its_task_is_removed(h: &dyn Harness) {
    let b = Bench::new(h);
    let removed = b.push_one(task_named("removed")).await;
    let purged = b.push_one(task_named("purged")).await;
    assert!(b.broker.remove(&b.queue, &[removed]).await.is_ok());
    assert_eq!(b.find(&own("removed")).await, None);
    assert_eq!(b.find(&own("purged")).await, Some(purged));
    assert!(b.broker.purge(&b.queue, State::Ready, 10).await.is_ok());
    assert_eq!(b.find(&own("purged")).await, None);
}

/// B3.7: it finds nothing once its task has fallen out of the dead at their cap.
pub async fn an_own_id_finds_nothing_once_its_task_is_dropped(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let id = b.push_one(task_named("oldest")).await;
    ada.finish(&ada.claim(1).await, bury()).await;
    h.advance(b.unit() / 10).await;
    assert_eq!(b.find(&own("oldest")).await, Some(id));
    let mut left = h.cap();
    while left > 0 {
        b.push(left.min(limits::TASKS_PER_CALL)).await;
        let held = ada.claim(limits::TASKS_PER_CALL).await;
        ada.finish(&held, bury()).await;
        left -= held.len();
    }
    assert_eq!(b.state(id).await, None);
    assert_eq!(b.find(&own("oldest")).await, None);
}

/// B3.7: an own id that is used again after the end of its task finds the later one.
pub async fn an_own_id_that_is_used_again_finds_the_new_task(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let name = own("order-1");
    let first = b.push_one(task_named("order-1")).await;
    assert_eq!(b.find(&name).await, Some(first));
    ada.ack(&ada.claim(1).await).await;
    let second = b.push_one(task_named("order-1")).await;
    assert_eq!(b.find(&name).await, Some(second));
    ada.finish(&ada.claim(1).await, keep(LONG)).await;
    let third = b.push_one(task_named("order-1")).await;
    assert_eq!(b.find(&name).await, Some(third), "the kept one has no own id any more");
}

/// B3.7: it finds what a push of the same own id is answered with.
pub async fn an_own_id_that_existed_finds_the_first_task(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push_one(task_named("order-1")).await;
    let again = b.push_these(vec![task_named("order-1"), task_named("order-2")]).await;
    assert_eq!(again.ok(), Some(vec![Pushed::Exists { id }, Pushed::Accepted]));
    assert_eq!(b.find(&own("order-1")).await, Some(id));
    assert!(b.find(&own("order-2")).await.is_some_and(|other| other != id));
}

/// B3.7: own ids are bytes, of any value, and each finds its own task alone.
pub async fn own_ids_are_found_byte_by_byte(h: &dyn Harness) {
    let b = Bench::new(h);
    let (plain, unknown) = (b.push_one(task()).await, TaskId::new());
    let longest = [b'x'; OwnId::LONGEST];
    let names: [&[u8]; 6] =
        [b"order-1", b"Order-1", b"order-1\0", b"\xff\r\n\0", &longest, plain.as_bytes()];
    let mut pushed = Vec::new();
    for name in names.map(own_bytes) {
        let id = b.push_one(NewTask { own_id: Some(name.clone()), ..task() }).await;
        pushed.push((name, id));
    }
    for (name, id) in pushed {
        assert_eq!(b.find(&name).await, Some(id), "{name}");
    }
    let others: [&[u8]; 4] = [b"order-", b"order-11", b"*", unknown.as_bytes()];
    for name in others.map(own_bytes) {
        assert_eq!(b.find(&name).await, None, "{name}");
    }
}

fn own_bytes(id: &[u8]) -> OwnId {
    OwnId::new(id).unwrap_or_else(|error| panic!("{error}"))
}

/// B3.7: each queue has its own, and one that does not exist has none.
pub async fn own_ids_are_found_in_their_queue(h: &dyn Harness) {
    let (b, other, unused) = (Bench::new(h), Bench::new(h), Bench::new(h));
    let name = own("order-1");
    let here = b.push_one(task_named("order-1")).await;
    other.push(1).await;
    assert_eq!(other.find(&name).await, None, "in another queue");
    let there = other.push_one(task_named("order-1")).await;
    assert_eq!((b.find(&name).await, other.find(&name).await), (Some(here), Some(there)));
    assert_eq!(unused.find(&name).await, None);
}

/// B3.7: it changes nothing, whether it finds a task or none.
pub async fn finding_changes_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push_one(task_named("order-1")).await;
    b.push(2).await;
    let (counts, shown, order) =
        (b.counts().await, b.detail(id).await, b.listed(State::Ready).await);
    for _ in 0..3 {
        assert_eq!(b.find(&own("order-1")).await, Some(id));
        assert_eq!(b.find(&own("order-2")).await, None);
    }
    let mut after = b.counts().await;
    after.oldest_ready_ms = counts.oldest_ready_ms;
    assert_eq!((after, b.detail(id).await, b.listed(State::Ready).await), (counts, shown, order));
    b.push_one(task_named("order-2")).await;
}
