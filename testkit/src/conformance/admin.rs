//! The operator's hand (B1, B2, B8, B12).

use tireless_core::{ErrorKind, Outcome, Removed, Selection, State, TaskId};

use crate::Harness;
use crate::fixtures::{Bench, LONG, bury, fail, ids, keep, refusal, task_after, task_named};

/// B1: requeueing by hand moves failed and dead tasks by id and leaves all others alone.
pub async fn requeueing_ids_moves_failed_and_dead(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let later = b.push_one(task_after(LONG)).await;
    b.push(4).await;
    let held = ada.claim(3).await;
    ada.finish(&held[..1], fail(LONG)).await;
    ada.finish(&held[1..2], bury()).await;
    let mut chosen = ids(&held);
    chosen.extend(b.listed(State::Ready).await);
    chosen.extend([later, TaskId::new()]);
    let moved = b.broker.requeue(&b.queue, &Selection::Ids(chosen)).await;
    assert_eq!(moved.unwrap_or_default().moved, 2);
    b.holds("ready 3, running 1, scheduled 1").await;
}

/// B8: what is requeued by id enters in the order in which it is named.
pub async fn requeued_ids_enter_as_they_are_named(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(4).await;
    let held = ada.claim(4).await;
    ada.finish(&held[..2], fail(LONG)).await;
    ada.finish(&held[2..], bury()).await;
    let chosen: Vec<TaskId> = [3, 0, 2, 1].map(|at| held[at].id).to_vec();
    let moved = b.broker.requeue(&b.queue, &Selection::Ids(chosen.clone())).await;
    assert_eq!(moved.unwrap_or_default().moved, 4);
    assert_eq!(ids(&ada.claim(4).await), chosen);
}

/// B1: requeueing the oldest of a state is bounded and tells whether there is more.
pub async fn requeueing_the_oldest_goes_in_steps(h: &dyn Harness) {
    for (outcome, state) in [(fail(LONG), State::Failed), (bury(), State::Dead)] {
        let b = Bench::new(h);
        let ada = b.worker();
        b.push(5).await;
        ada.finish(&ada.claim(5).await, outcome).await;
        let some = Selection::Oldest { state, limit: 3 };
        let first = b.broker.requeue(&b.queue, &some).await.unwrap_or_default();
        assert_eq!((first.moved, first.more), (3, true));
        let second = b.broker.requeue(&b.queue, &some).await.unwrap_or_default();
        assert_eq!((second.moved, second.more), (2, false));
        b.holds("ready 5").await;
    }
}

/// B12: requeueing by hand forgets attempts, crashes and returns; failures and own id stay.
pub async fn requeueing_by_hand_starts_afresh(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let id = b.push_one(task_named("order-1")).await;
    ada.finish(&ada.claim(1).await, fail(b.unit())).await;
    b.pass_unit().await;
    b.mortal().claim(1).await;
    b.reap().await;
    ada.finish(&ada.claim(1).await, bury()).await;
    let dead = Selection::Oldest { state: State::Dead, limit: 1 };
    assert!(b.broker.requeue(&b.queue, &dead).await.is_ok());
    let held = ada.claim_one().await;
    let history = &held.history;
    assert_eq!((history.attempts, history.crashes, history.returns), (0, 0, 0));
    assert!(history.own_id.is_some());
    assert_eq!(b.detail(id).await.failures.0.len(), 2);
}

/// B2: requeueing by hand what is neither failed nor dead is refused.
pub async fn requeueing_other_states_is_refused(h: &dyn Harness) {
    let b = Bench::new(h);
    for state in [State::Ready, State::Running, State::Scheduled, State::Done] {
        let selection = Selection::Oldest { state, limit: 1 };
        let error = refusal(b.broker.requeue(&b.queue, &selection).await);
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{state}");
    }
}

/// B1: removing takes tasks out of whatever place they are in, but not from a worker.
pub async fn removing_takes_all_but_running_tasks(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(5).await;
    let held = ada.claim(4).await;
    ada.finish(&held[..1], fail(LONG)).await;
    ada.finish(&held[1..2], bury()).await;
    ada.finish(&held[2..3], keep(LONG)).await;
    let later = b.push_one(task_after(LONG)).await;
    let ready = b.listed(State::Ready).await[0];
    let all = [held[0].id, held[1].id, held[2].id, held[3].id, later, ready, TaskId::new()];
    let answer = b.broker.remove(&b.queue, &all).await.unwrap_or_default();
    let (gone, held_on, missing) = (Removed::Removed, Removed::Running, Removed::Missing);
    assert_eq!(answer, [gone, gone, gone, held_on, gone, gone, missing]);
    b.holds("running 1").await;
    assert_eq!(b.worker().claim(9).await, [], "a removed task is not given out");
    ada.ack(&held[3..]).await;
    for id in all {
        assert_eq!(b.state(id).await, None);
    }
    let again = b.broker.remove(&b.queue, &all[..2]).await.unwrap_or_default();
    assert_eq!(again, [missing, missing]);
}

/// B1: a suspect can be removed.
pub async fn a_suspect_can_be_removed(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push(1).await[0];
    b.make_suspect(id).await;
    let answer = b.broker.remove(&b.queue, &[id]).await.unwrap_or_default();
    assert_eq!(answer, [Removed::Removed]);
    b.holds("nothing").await;
    assert_eq!(b.worker().claim_alone().await, []);
}

/// B8: a task removed from the middle of the ready list leaves the others in order.
pub async fn removing_keeps_the_others_in_order(h: &dyn Harness) {
    let b = Bench::new(h);
    let pushed = b.push(5).await;
    assert!(b.broker.remove(&b.queue, &[pushed[1], pushed[3]]).await.is_ok());
    assert_eq!(b.listed(State::Ready).await, [pushed[0], pushed[2], pushed[4]]);
    b.holds("ready 3").await;
    let mut taken = Vec::new();
    for _ in 0..5 {
        taken.extend(ids(&b.worker().claim(2).await));
    }
    assert_eq!(taken, [pushed[0], pushed[2], pushed[4]]);
}

/// B7: a claim gives at least one task if one is ready, whatever was removed before it.
pub async fn a_claim_passes_over_removed_tasks(h: &dyn Harness) {
    let b = Bench::new(h);
    let pushed = b.push(20).await;
    assert!(b.broker.remove(&b.queue, &pushed[..15]).await.is_ok());
    let ada = b.worker();
    assert_eq!(ids(&ada.claim(1).await), [pushed[15]]);
    let mut rest = Vec::new();
    for _ in 0..4 {
        rest.extend(ids(&ada.claim(10).await));
    }
    assert_eq!(rest, pushed[16..]);
}

/// B12: purging empties one state in steps, and touches no other.
pub async fn purging_empties_one_state(h: &dyn Harness) {
    let states = [State::Ready, State::Scheduled, State::Failed, State::Dead, State::Done];
    for state in states {
        let b = Bench::new(h);
        let ada = b.worker();
        let outcomes = [keep(LONG), bury(), fail(LONG)];
        for outcome in outcomes {
            b.push(3).await;
            ada.finish(&ada.claim(3).await, outcome).await;
        }
        b.push(3).await;
        for _ in 0..3 {
            b.push_one(task_after(LONG)).await;
        }
        let doomed = b.listed(state).await;
        assert_eq!(doomed.len(), 3);
        let first = b.broker.purge(&b.queue, state, 2).await.unwrap_or_default();
        assert_eq!((first.removed, first.more), (2, true), "{state}");
        let second = b.broker.purge(&b.queue, state, 5).await.unwrap_or_default();
        assert_eq!((second.removed, second.more), (1, false), "{state}");
        for other in states {
            let left = if other == state { 0 } else { 3 };
            assert_eq!(b.listed(other).await.len(), left, "{other} after purging {state}");
        }
        assert_eq!(b.state(doomed[0]).await, None);
    }
}

/// B2: running tasks cannot be purged.
pub async fn purging_running_tasks_is_refused(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(1).await;
    b.worker().claim(1).await;
    let error = refusal(b.broker.purge(&b.queue, State::Running, 5).await);
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    b.holds("running 1").await;
}

/// B1: a paused queue gives nothing; what runs, is pushed or falls due goes on.
pub async fn a_paused_queue_gives_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(2).await;
    let held = ada.claim_one().await;
    assert!(b.broker.pause(&b.queue).await.is_ok());
    assert!(b.counts().await.paused);
    let answer = ada.look(5).await;
    assert_eq!((answer.tasks.len(), answer.paused), (0, true));
    b.push(1).await;
    b.push_one(task_after(b.unit())).await;
    assert_eq!(ada.renew(&[held.claim]).await.lost, [0; 0]);
    assert_eq!(ada.say(&held, Outcome::ACK).await, tireless_core::Settled::Applied);
    b.pass_unit().await;
    b.tick().await;
    b.holds("ready 3").await;
    assert!(b.broker.resume(&b.queue).await.is_ok());
    let answer = ada.look(5).await;
    assert_eq!((answer.tasks.len(), answer.paused), (3, false));
    assert!(!b.counts().await.paused);
}

/// B4: a claim sent again while its queue is paused still gives what it took.
pub async fn a_pause_hides_no_claim(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(2).await;
    let claim = ada.claim_call(1, tireless_core::ClaimMode::Shared);
    let first = ada.send(&claim).await.tasks;
    assert!(b.broker.pause(&b.queue).await.is_ok());
    assert_eq!(ada.send(&claim).await.tasks, first);
}

/// B15: a claim on a paused queue still promotes what is due.
pub async fn a_paused_queue_still_promotes(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push_one(task_after(b.unit())).await;
    assert!(b.broker.pause(&b.queue).await.is_ok());
    b.pass_unit().await;
    assert_eq!(b.worker().look(5).await.promoted, 1);
    b.holds("ready 1").await;
}

/// B10: pausing twice and resuming twice is safe.
pub async fn pausing_can_be_repeated(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(1).await;
    for _ in 0..2 {
        assert!(b.broker.pause(&b.queue).await.is_ok());
    }
    assert_eq!(b.worker().claim(1).await, []);
    for _ in 0..2 {
        assert!(b.broker.resume(&b.queue).await.is_ok());
    }
    assert_eq!(b.worker().claim(1).await.len(), 1);
}

/// B12: only an empty queue that nobody serves can be discarded, and nothing is left of it then.
pub async fn only_an_empty_queue_is_discarded(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let discard = async || b.broker.discard(&b.queue).await.unwrap_or_else(|e| panic!("{e}"));
    b.push(1).await;
    assert!(!discard().await, "it holds a task");
    ada.ack(&ada.claim(1).await).await;
    assert!(!discard().await, "a worker lives in it");
    ada.leave().await;
    assert!(discard().await);
    assert_eq!(b.counts().await.done, 0);
    let queues = b.broker.queues().await.unwrap_or_else(|e| panic!("{e}"));
    assert!(!queues.contains(&b.queue));
}

/// B12: with a queue goes the ring that its bell has kept, for a task that somebody took meanwhile.
pub async fn a_discarded_queue_is_silent(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    ada.ack(&ada.claim(1).await).await;
    ada.leave().await;
    b.discard().await;
    assert!(!b.rings().await);
    b.push(1).await;
    assert!(b.rings().await, "made again, it rings");
}

/// B12: a queue with a raw body in its inbox is not discarded, nor is the body lost.
pub async fn a_queue_with_a_raw_body_is_not_discarded(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let discard = async || b.broker.discard(&b.queue).await.unwrap_or_else(|e| panic!("{e}"));
    h.push_plain(&b.queue, "raw".into()).await;
    assert!(!discard().await, "nothing else stands in it");
    assert_eq!(b.counts().await.inbox, 1);
    ada.look(1).await;
    ada.leave().await;
    assert!(!discard().await, "a worker was there that takes no raw bodies");
    let bob = b.worker();
    let held = bob.claim_inbox(5).await.tasks;
    assert_eq!(held.len(), 1, "the body is still there");
    bob.ack(&held).await;
    bob.leave().await;
    assert!(discard().await);
}
