//! B10: any future may be dropped at any await. Each call is dropped after every number of polls,
//! right then and also when its answer has come but was not looked at; then it is sent again.

use std::collections::HashSet;
use std::time::Duration;

use tireless_core::{
    ClaimMode, List, Moved, Pushed, Removed, Selection, Settled, State, TaskId, Tick,
};

use crate::Harness;
use crate::fixtures::{
    Actor, Bench, LONG, at_every_poll, bury, every_outcome, fail, ids, own, task_after, task_named,
    tasks,
};

/// B10: a push that was dropped happened once or never, and can be sent again.
pub async fn a_dropped_push_happened_once_or_never(h: &dyn Harness) {
    let b = Bench::new(h);
    let rounds = at_every_poll(async |drop| {
        let push = b.push_call(tasks(3));
        let ended = drop.half_way(b.broker.push(&push)).await.is_some();
        let answer = b.broker.push(&push).await;
        let accepted = answer.as_deref().is_ok_and(|all| *all == [Pushed::Accepted; 3]);
        assert!(accepted, "{drop:?}: {answer:?}");
        ended
    })
    .await;
    b.holds(&format!("ready {}", 3 * rounds)).await;
    assert_eq!(drain(&b).await, 3 * rounds);
}

/// B10: a claim that was dropped gives the same tasks when it is sent again.
pub async fn a_dropped_claim_can_be_sent_again(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let mut pushed = Vec::new();
    let rounds = at_every_poll(async |drop| {
        pushed.extend(b.push(3).await);
        let claim = ada.claim_call(3, ClaimMode::Shared);
        let ended = drop.half_way(b.broker.claim(&claim)).await.is_some();
        let taken = ada.send(&claim).await.tasks;
        assert_eq!(ids(&taken), pushed[pushed.len() - 3..], "{drop:?}");
        ada.ack(&taken).await;
        ended
    })
    .await;
    b.holds("nothing").await;
    assert_eq!(b.counts().await.done, 3 * rounds as u64);
}

/// B10: a claim that was dropped and given up is given back by the next renewal.
pub async fn a_dropped_claim_strands_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(20).await;
    at_every_poll(async |drop| {
        let claim = ada.claim_call(3, ClaimMode::Shared);
        let ended = drop.half_way(b.broker.claim(&claim)).await.is_some();
        settle_down(&b).await;
        ada.renew(&[]).await;
        b.holds("ready 20").await;
        ended
    })
    .await;
    assert_eq!(drain(&b).await, 20);
}

/// B10: a suspect whose claim was dropped can be claimed again, or given back.
pub async fn a_dropped_lone_claim_strands_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let id = b.push(1).await[0];
    b.make_suspect(id).await;
    at_every_poll(async |drop| {
        let claim = ada.claim_call(1, ClaimMode::Alone);
        let ended = drop.half_way(b.broker.claim(&claim)).await.is_some();
        if drop.woken {
            assert_eq!(ids(&ada.send(&claim).await.tasks), [id]);
        }
        settle_down(&b).await;
        ada.renew(&[]).await;
        assert_eq!(b.counts().await.suspects, 1, "{drop:?}");
        ended
    })
    .await;
    let taken = ada.claim_alone().await;
    assert_eq!((taken[0].history.crashes, taken[0].history.lone_crashes), (2, 0));
    ada.ack(&taken).await;
    b.holds("nothing").await;
}

/// B10: a settle that was dropped can be sent again and is applied once.
pub async fn a_dropped_settle_is_applied_once(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let mut sent = 0;
    for outcomes in [vec![tireless_core::Outcome::ACK; 3], vec![fail(LONG)], every_outcome()] {
        let rounds = at_every_poll(async |drop| {
            b.push(outcomes.len()).await;
            let claimed = ada.claim(outcomes.len()).await;
            let settled = claimed.iter().zip(&outcomes);
            let settled = settled.map(|(task, outcome)| (task.claim, task.id, outcome.clone()));
            let settle = ada.settle_call(settled.collect());
            let ended = drop.half_way(b.broker.settle(&settle)).await.is_some();
            let answer = ada.send_settle(&settle).await;
            assert_eq!(answer.settled, vec![Settled::Applied; outcomes.len()], "{drop:?}");
            // What was released comes first at the next claim: it goes.
            let back = b.worker().claim(9).await;
            assert_eq!(back.len(), if outcomes.len() > 3 { 2 } else { 0 }, "{drop:?}");
            let other = b.worker();
            drain_of(&other).await;
            ended
        })
        .await;
        sent += rounds;
    }
    assert!(sent >= 6);
}

/// B10: renewals that were dropped leave what was named, and give back the rest once.
pub async fn a_dropped_renewal_loses_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    at_every_poll(async |drop| {
        let ada = b.worker();
        b.push(3).await;
        let (kept, left) = (ada.claim(2).await, ada.claim(1).await);
        assert_eq!(left.len(), 1);
        let beat = ada.renew_call(&[kept[0].claim], LONG);
        let ended = drop.half_way(b.broker.renew(&beat)).await.is_some();
        settle_down(&b).await;
        assert_eq!(ada.send_renew(&beat).await.lost, Vec::<u64>::new());
        b.holds("ready 1, running 2").await;
        let leaving = ada.renew_call(&[], Duration::ZERO);
        let left = drop.half_way(b.broker.renew(&leaving)).await.is_some();
        settle_down(&b).await;
        ada.send_renew(&leaving).await;
        b.holds("ready 3").await;
        assert_eq!(drain(&b).await, 3);
        ended && left
    })
    .await;
}

/// B10: a wait that was dropped takes no task, and no later answer.
pub async fn a_dropped_wait_loses_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let mut pushed = 0;
    at_every_poll(async |drop| {
        let wait = b.wait_call(drop.polls % 2 == 1);
        // One with a ring in store, and one whose time passes.
        pushed += b.push(1).await.len();
        let rung = drop.half_way(b.broker.wait(&wait)).await.is_some();
        b.hush().await;
        let (broker, long) = (b.broker.clone(), wait.timeout * 2);
        let waiting =
            tokio::spawn(async move { drop.half_way(broker.wait(&wait)).await.is_some() });
        h.advance(long).await;
        let passed = waiting.await.is_ok_and(|ended| ended);
        assert_eq!(b.counts().await.ready, pushed as u64, "{drop:?}");
        rung && passed
    })
    .await;
    assert_eq!(drain(&b).await, pushed);
}

/// B10: a tick that was dropped moved each task once or not at all.
pub async fn a_dropped_tick_moves_each_task_once(h: &dyn Harness) {
    let b = Bench::new(h);
    let mut all = HashSet::new();
    at_every_poll(async |drop| {
        let unit = b.unit();
        let due = vec![task_after(unit / 2), task_after(unit / 2)];
        all.extend(due.iter().map(|task| task.id));
        assert!(b.push_these(due).await.is_ok());
        let dying = b.push(3).await;
        all.extend(&dying);
        let mortal = b.mortal();
        assert_eq!(ids(&mortal.claim(3).await), dying);
        b.pass_unit().await;
        let reclaim = Some(b.permission().await);
        let tick =
            Tick { queues: vec![b.queue.clone()], limit: 100, beat: LONG, anew: false, reclaim };
        let ended = drop.half_way(b.broker.tick(&tick)).await.is_some();
        settle_down(&b).await;
        assert!(b.broker.tick(&tick).await[0].1.is_ok());
        b.holds("ready 5").await;
        let ada = b.worker();
        let taken = ada.claim(9).await;
        for task in &taken {
            let crashes = u32::from(dying.contains(&task.id));
            assert_eq!(task.history.crashes, crashes, "{drop:?}");
        }
        ada.ack(&taken).await;
        ended
    })
    .await;
    assert_eq!(b.counts().await.done, all.len() as u64);
}

/// B10: what an operator does may be dropped and repeated.
pub async fn dropped_administration_can_be_repeated(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    at_every_poll(async |drop| {
        b.push(2).await;
        ada.finish(&ada.claim(2).await, bury()).await;
        let dead = Selection::Oldest { state: State::Dead, limit: 9 };
        let mut ended = drop.half_way(b.broker.requeue(&b.queue, &dead)).await.is_some();
        settle_down(&b).await;
        let moved: Moved = b.broker.requeue(&b.queue, &dead).await.unwrap_or_default();
        assert!(moved.moved == 0 || moved.moved == 2, "{moved:?}");
        b.holds("ready 2").await;
        ended &= drop.half_way(b.broker.pause(&b.queue)).await.is_some();
        assert!(b.broker.pause(&b.queue).await.is_ok());
        assert!(b.worker().claim(9).await.is_empty(), "{drop:?}");
        ended &= drop.half_way(b.broker.resume(&b.queue)).await.is_some();
        assert!(b.broker.resume(&b.queue).await.is_ok());
        let waiting: Vec<TaskId> = b.listed(State::Ready).await;
        ended &= drop.half_way(b.broker.remove(&b.queue, &waiting[..1])).await.is_some();
        settle_down(&b).await;
        let removed = b.broker.remove(&b.queue, &waiting[..1]).await;
        assert!(matches!(removed.as_deref(), Ok([Removed::Removed | Removed::Missing])));
        b.holds("ready 1").await;
        ended &= drop.half_way(b.broker.purge(&b.queue, State::Ready, 9)).await.is_some();
        assert!(b.broker.purge(&b.queue, State::Ready, 9).await.is_ok());
        b.holds("nothing").await;
        ended &= drop.half_way(b.broker.discard(&b.queue)).await.is_some();
        assert!(b.broker.discard(&b.queue).await.is_ok());
        ended
    })
    .await;
}

/// B10: a question that was dropped leaves its answer to nobody else.
pub async fn a_dropped_question_answers_no_other(h: &dyn Harness) {
    let b = Bench::new(h);
    let waiting = [b.push_one(task_named("order-1")).await, b.push(1).await[0]];
    let list = List { queue: b.queue.clone(), state: State::Ready, cursor: 0, limit: 9 };
    at_every_poll(async |drop| {
        let mut ended = drop.half_way(b.broker.counts(&b.queue)).await.is_some();
        assert_eq!(b.listed(State::Ready).await.len(), 2, "{drop:?}");
        ended &= drop.half_way(b.broker.list(&list)).await.is_some();
        b.holds("ready 2").await;
        ended &= drop.half_way(b.broker.show(&b.queue, waiting[0])).await.is_some();
        assert_eq!(b.find(&own("order-1")).await, Some(waiting[0]), "{drop:?}");
        ended &= drop.half_way(b.broker.find(&b.queue, &own("order-1"))).await.is_some();
        assert!(b.broker.queues().await.is_ok_and(|queues| queues.contains(&b.queue)));
        ended &= drop.half_way(b.broker.queues()).await.is_some();
        assert_eq!(b.state(waiting[1]).await, Some(State::Ready));
        ended &= drop.half_way(b.broker.workers()).await.is_some();
        assert!(b.broker.server().await.is_ok(), "{drop:?}");
        ended &= drop.half_way(b.broker.server()).await.is_some();
        assert!(b.broker.workers().await.is_ok(), "{drop:?}");
        ended
    })
    .await;
    assert_eq!(drain(&b).await, 2);
}

/// Lets a call that was dropped on this side come to its end on the other.
async fn settle_down(b: &Bench<'_>) {
    for _ in 0..3 {
        b.counts().await;
    }
}

/// Takes and acks all that is ready; how many that were. Nothing else may be anywhere.
async fn drain(b: &Bench<'_>) -> usize {
    let drained = drain_of(&b.worker()).await;
    b.holds("nothing").await;
    drained
}

async fn drain_of(worker: &Actor) -> usize {
    let mut drained = 0;
    loop {
        let tasks = worker.claim(100).await;
        if tasks.is_empty() {
            return drained;
        }
        worker.ack(&tasks).await;
        drained += tasks.len();
    }
}
