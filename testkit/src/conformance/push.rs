//! B3: pushing again is safe.

use tireless_core::{Call, Effect, ErrorKind, NewTask, Outcome, Push, Pushed, Selection, State};

use crate::Harness;
use crate::fixtures::{
    Bench, LONG, bury, fail, own, refusal, snooze, task, task_after, task_named, tasks,
};

/// B3: what was pushed is accepted and ready, and is counted as pushed.
pub async fn what_is_pushed_is_ready(h: &dyn Harness) {
    let b = Bench::new(h);
    let ids = b.push(3).await;
    b.holds("ready 3").await;
    assert_eq!(b.counts().await.pushed, 3);
    assert_eq!(b.listed(State::Ready).await, ids);
}

/// B3: a push of no tasks is answered with no answers.
pub async fn an_empty_push_does_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    assert_eq!(b.push_these(Vec::new()).await.ok(), Some(Vec::new()));
    b.holds("nothing").await;
}

/// B3.1: pushing an id that lives changes nothing, in whatever place it is.
pub async fn an_id_that_lives_exists(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let first = task();
    let id = b.push_one(first.clone()).await;
    let again = NewTask { envelope: "other".into(), ..first };
    let exists = Some(vec![Pushed::Exists { id }]);
    assert_eq!(b.push_these(vec![again.clone()]).await.ok(), exists, "while ready");
    let held = ada.claim_one().await;
    assert_eq!(b.push_these(vec![again.clone()]).await.ok(), exists, "while running");
    b.holds("running 1").await;
    ada.finish(std::slice::from_ref(&held), bury()).await;
    assert_eq!(b.push_these(vec![again]).await.ok(), exists, "while dead");
    b.holds("dead 1").await;
    assert_eq!(b.detail(id).await.summary.envelope, held.envelope, "the first body stays");
}

/// B3.2: an own id points to its task while the task lives, wherever it is.
pub async fn an_own_id_points_to_a_living_task(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let id = b.push_one(task_named("order-1")).await;
    let exists = Some(vec![Pushed::Exists { id }]);
    let again = || b.push_these(vec![task_named("order-1")]);
    assert_eq!(again().await.ok(), exists, "while ready");
    for outcome in [snooze(b.unit()), fail(b.unit()), bury()] {
        let held = ada.claim(1).await;
        assert_eq!(again().await.ok(), exists, "while running");
        ada.finish(&held, outcome.clone()).await;
        assert_eq!(again().await.ok(), exists, "after {}", outcome.verb());
        b.pass_unit().await;
        b.tick().await;
    }
    b.holds("dead 1").await;
    assert_eq!(b.detail(id).await.summary.history.own_id, Some(own("order-1")));
}

/// B3.2: a scheduled task's own id is taken too.
pub async fn an_own_id_points_to_a_scheduled_task(h: &dyn Harness) {
    let b = Bench::new(h);
    let named = NewTask { own_id: Some(own("later")), ..task_after(LONG) };
    let id = b.push_one(named).await;
    let again = b.push_these(vec![task_named("later")]).await;
    assert_eq!(again.ok(), Some(vec![Pushed::Exists { id }]));
    b.holds("scheduled 1").await;
}

/// B3.2: an own id is free again once its task is done.
pub async fn an_own_id_is_free_after_done(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let first = b.push_one(task_named("order-1")).await;
    ada.ack(&ada.claim(1).await).await;
    let second = b.push_one(task_named("order-1")).await;
    assert_ne!(first, second);
    b.holds("ready 1").await;
}

/// B3.2: an own id is free again once its task is done, though the task is kept.
pub async fn an_own_id_is_free_after_done_and_kept(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push_one(task_named("order-1")).await;
    ada.finish(&ada.claim(1).await, Outcome::Ack { keep: Some(LONG) }).await;
    b.push_one(task_named("order-1")).await;
    b.holds("ready 1, kept 1").await;
}

/// B3.2: an own id is free again once its task was removed, or purged.
pub async fn an_own_id_is_free_after_removal(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push_one(task_named("order-1")).await;
    assert!(b.broker.remove(&b.queue, &[id]).await.is_ok());
    b.push_one(task_named("order-1")).await;
    assert!(b.broker.purge(&b.queue, State::Ready, 10).await.is_ok());
    b.push_one(task_named("order-1")).await;
    b.holds("ready 1").await;
}

/// B3.2: own ids are bytes, and each queue has its own.
pub async fn own_ids_are_bytes_of_one_queue(h: &dyn Harness) {
    let (b, other) = (Bench::new(h), Bench::new(h));
    b.push_one(task_named("order-1")).await;
    b.push_one(task_named("Order-1")).await;
    b.push_one(task_named("order-1\0\u{e9}")).await;
    b.push_one(task_named(&"x".repeat(256))).await;
    other.push_one(task_named("order-1")).await;
    b.holds("ready 4").await;
}

/// B3.3: the same push sent again gets the first answer and changes nothing.
pub async fn a_push_sent_again_gets_the_first_answer(h: &dyn Harness) {
    let b = Bench::new(h);
    let lives = b.push_one(task_named("taken")).await;
    let push = b.push_call(vec![task(), task_named("taken"), task_after(LONG)]);
    let first = b.broker.push(&push).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(first, [Pushed::Accepted, Pushed::Exists { id: lives }, Pushed::Accepted]);
    for _ in 0..3 {
        assert_eq!(b.broker.push(&push).await.ok().as_ref(), Some(&first));
    }
    assert_eq!(h.another().await.push(&push).await.ok(), Some(first));
    b.holds("ready 2, scheduled 1").await;
    assert_eq!(b.counts().await.pushed, 3);
}

/// B3.3: also after its tasks have ended: nothing comes back to life.
pub async fn a_push_sent_again_after_the_end_does_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let push = b.push_call(vec![task(), task_named("order-1")]);
    let first = b.broker.push(&push).await.ok();
    ada.ack(&ada.claim(2).await).await;
    b.holds("nothing").await;
    assert_eq!(b.broker.push(&push).await.ok(), first);
    b.holds("nothing").await;
}

/// B3.3: a caller's later calls do not make it forget an open one.
pub async fn an_open_call_outlives_later_ones(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let mut open = b.push_call(tasks(1));
    open.call = Call { number: 10, answered: 3 };
    let mut later = b.push_call(tasks(1));
    later.caller = open.caller;
    later.call = Call { number: 11, answered: 9 };
    let first = b.broker.push(&open).await.ok();
    assert!(b.broker.push(&later).await.is_ok());
    ada.ack(&ada.claim(2).await).await;
    assert_eq!(b.broker.push(&open).await.ok(), first);
    b.holds("nothing").await;
}

/// B3.4: a number at or below a mark that the store has seen is stale, and changes nothing.
pub async fn a_call_that_was_given_up_is_stale(h: &dyn Harness) {
    let b = Bench::new(h);
    let mut push = b.push_call(tasks(1));
    push.call = Call { number: 7, answered: 5 };
    assert!(b.broker.push(&push).await.is_ok());
    for number in [3, 5] {
        let mut late = b.push_call(tasks(1));
        late.call = Call { number, answered: number - 1 };
        let error = refusal(b.broker.push(&late).await);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Stale, Effect::None));
    }
    b.holds("ready 1").await;
    let mut open = b.push_call(tasks(1));
    open.call = Call { number: 6, answered: 5 };
    assert!(b.broker.push(&open).await.is_ok(), "above the mark, though below the last");
}

/// B3.4: a repeat tells what its caller has given up meanwhile, as a new call does.
pub async fn a_repeat_raises_the_mark(h: &dyn Harness) {
    let b = Bench::new(h);
    let mut second = b.push_call(tasks(1));
    second.call = Call { number: 2, answered: 0 };
    assert!(b.broker.push(&second).await.is_ok());
    second.call.answered = 1;
    assert!(b.broker.push(&second).await.is_ok());
    let mut first = b.push_call(tasks(1));
    first.call = Call { number: 1, answered: 0 };
    assert_eq!(refusal(b.broker.push(&first).await).kind(), ErrorKind::Stale);
    b.holds("ready 1").await;
    // Its own answer is there as before.
    assert!(b.broker.push(&second).await.is_ok());
    b.holds("ready 1").await;
}

/// B3.4: callers do not share their marks, nor do the queues of one caller.
pub async fn marks_belong_to_a_caller_in_a_queue(h: &dyn Harness) {
    let (b, other) = (Bench::new(h), Bench::new(h));
    let mut push = b.push_call(tasks(1));
    push.call = Call { number: 9, answered: 8 };
    assert!(b.broker.push(&push).await.is_ok());
    let mut elsewhere = b.push_call(tasks(1));
    elsewhere.queue = other.queue.clone();
    elsewhere.call = Call { number: 1, answered: 0 };
    assert!(b.broker.push(&elsewhere).await.is_ok());
    let mut stranger = other.push_call(tasks(1));
    stranger.queue = b.queue.clone();
    stranger.call = Call { number: 1, answered: 0 };
    assert!(b.broker.push(&stranger).await.is_ok());
    b.holds("ready 2").await;
}

/// B3.5: one that exists does not stop the others, and each has its own answer.
pub async fn a_batch_answers_for_each_task(h: &dyn Harness) {
    let b = Bench::new(h);
    let old = task();
    let id = b.push_one(old.clone()).await;
    let named = b.push_one(task_named("order-1")).await;
    let batch = vec![task(), old, task_named("order-1"), task()];
    let answer = b.push_these(batch).await.unwrap_or_else(|error| panic!("{error}"));
    let exists = |id| Pushed::Exists { id };
    assert_eq!(answer, [Pushed::Accepted, exists(id), exists(named), Pushed::Accepted]);
    b.holds("ready 4").await;
}

/// B3.5: of two equal ids, or own ids, in one batch the first wins.
pub async fn the_first_of_equals_in_a_batch_wins(h: &dyn Harness) {
    let b = Bench::new(h);
    let (one, named) = (task(), task_named("order-1"));
    let twin = NewTask { envelope: "twin".into(), ..one.clone() };
    let batch = vec![one.clone(), twin, named.clone(), task_named("order-1")];
    let answer = b.push_these(batch).await.unwrap_or_else(|error| panic!("{error}"));
    let exists = |id| Pushed::Exists { id };
    assert_eq!(answer, [Pushed::Accepted, exists(one.id), Pushed::Accepted, exists(named.id)]);
    b.holds("ready 2").await;
    assert_eq!(b.detail(one.id).await.summary.envelope, one.envelope);
}

/// B3.6: a refused push says that it had no effect, and had none.
pub async fn a_refusal_says_that_nothing_happened(h: &dyn Harness) {
    let b = Bench::new(h);
    let error = refusal(b.push_these(tasks(1_001)).await);
    assert_eq!((error.kind(), error.effect()), (ErrorKind::TooLarge, Effect::None));
    assert!(!error.is_retryable());
    b.holds("nothing").await;
}

/// B3.3: a task that an operator requeued is not doubled by its first push sent again.
pub async fn a_push_sent_again_after_a_requeue_does_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let push = b.push_call(tasks(1));
    let first = b.broker.push(&push).await.ok();
    ada.finish(&ada.claim(1).await, bury()).await;
    let all = Selection::Oldest { state: State::Dead, limit: 10 };
    assert!(b.broker.requeue(&b.queue, &all).await.is_ok());
    assert_eq!(b.broker.push(&push).await.ok(), first);
    b.holds("ready 1").await;
}

/// B3.3: a push sent again after its queue was discarded brings nothing back to life.
pub async fn a_push_sent_again_after_a_discard_does_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let push = b.push_call(tasks(1));
    let first = b.broker.push(&push).await.ok();
    ada.ack(&ada.claim(1).await).await;
    ada.leave().await;
    b.discard().await;
    assert_eq!(b.broker.push(&push).await.ok(), first);
    b.holds("nothing").await;
    b.push(1).await;
    assert_eq!(b.counts().await.pushed, 1, "counters start afresh");
}

/// B1, B3.1: an id that was removed while it waited and is pushed again stands there once.
pub async fn a_removed_id_pushed_again_is_one_task(h: &dyn Harness) {
    let b = Bench::new(h);
    let again = task();
    b.push_one(again.clone()).await;
    b.push(1).await;
    assert!(b.broker.remove(&b.queue, &[again.id]).await.is_ok());
    b.push_one(again.clone()).await;
    b.holds("ready 2").await;
    let held = b.worker().claim(10).await;
    assert_eq!(held.iter().filter(|task| task.id == again.id).count(), 1);
    b.holds("running 2").await;
}

/// B3.4: a push that says that its own call, or a later one, is answered is refused.
pub async fn a_push_that_says_it_was_answered_is_refused(h: &dyn Harness) {
    let b = Bench::new(h);
    for (number, answered) in [(1, 1), (3, 7)] {
        let push = Push { call: Call { number, answered }, ..b.push_call(tasks(1)) };
        let error = refusal(b.broker.push(&push).await);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::None));
    }
    b.holds("nothing").await;
    b.push(1).await;
}
