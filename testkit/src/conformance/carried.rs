//! B14: a claim that a wait carries takes what the same claim takes by itself, once.

use std::collections::BTreeSet;
use std::time::Duration;

use tireless_core::{Claim, ClaimMode, ErrorKind, QueueClaimed, TaskId, Wait, WaitOn, Woken};

use super::several_queues::claim_over;
use crate::Harness;
use crate::fixtures::{Actor, Bench, LONG, tasks};

fn wait_with(b: &Bench<'_>, claim: &Claim, timeout: Duration) -> Wait {
    let inbox = claim.queues[0].inbox;
    Wait { timeout, claim: Some(claim.clone()), ..b.wait_call(inbox) }
}

/// What a wait that ended has claimed, if that was carried out.
fn carried_out(woken: Woken) -> Option<QueueClaimed> {
    match woken {
        Woken::Claimed(mut answers) => {
            assert_eq!(answers.len(), 1, "one answer a queue");
            Some(answers.remove(0))
        }
        _ => None,
    }
}

/// What the claim took, as the wait and the claim by itself tell: they must agree.
async fn taken(ada: &Actor, claim: &Claim, woken: Woken) -> Vec<TaskId> {
    let ids = |answer: &QueueClaimed| answer.tasks.iter().map(|task| task.id).collect::<Vec<_>>();
    let told = carried_out(woken);
    let again = ada.send(claim).await;
    assert!(again.tasks.iter().all(|task| task.claim == claim.number));
    if let Some(told) = &told {
        assert_eq!(ids(told), ids(&again), "what the wait told is what the claim took");
    }
    ids(&again)
}

/// B14: what rings for a wait that carries a claim is taken by it, or by the same claim after it.
pub async fn a_carried_claim_takes_what_rang(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let claim = ada.claim_call(1, ClaimMode::Shared);
    let waiting = b.start_waiting(&wait_with(&b, &claim, LONG));
    h.advance(b.unit()).await;
    let ids = b.push(3).await;
    let woken = b.ended(waiting).await;
    assert_eq!(taken(&ada, &claim, woken).await, ids[..1]);
    assert_eq!(b.counts().await.running, 1);
    assert_eq!(ada.claim(5).await.len(), 2, "the others are there for all");
}

/// B14: a ring that was kept ends a wait at once, its claim included.
pub async fn a_carried_claim_takes_what_is_there(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let ids = b.push(2).await;
    let claim = ada.claim_call(5, ClaimMode::Shared);
    let woken = b.ended(b.start_waiting(&wait_with(&b, &claim, LONG))).await;
    assert_eq!(taken(&ada, &claim, woken).await, ids);
}

/// B14: when the time is up, a carried claim may look, and takes nothing where nothing is.
pub async fn a_carried_claim_may_find_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let claim = ada.claim_call(1, ClaimMode::Shared);
    let waiting = b.start_waiting(&wait_with(&b, &claim, b.unit()));
    h.advance(b.unit() * 4).await;
    let woken = b.ended(waiting).await;
    assert_eq!(taken(&ada, &claim, woken).await, []);
    let ids = b.push(1).await;
    assert_eq!(taken(&ada, &claim, Woken::TimedOut).await, [], "its number is spent");
    assert_eq!(ada.claim_one().await.id, ids[0]);
}

/// B14: a dropped wait loses nothing that its claim has taken, and takes nothing twice.
pub async fn a_dropped_wait_loses_nothing_that_it_claimed(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let mut held = BTreeSet::new();
    for round in 0..8_u32 {
        let claim = ada.claim_call(1, ClaimMode::Shared);
        let waiting = b.start_waiting(&wait_with(&b, &claim, LONG));
        h.advance(b.unit() / 8 * (round % 3)).await;
        let ids = b.push(1).await;
        waiting.abort();
        let woken = waiting.await.map_or(Woken::TimedOut, |woken| woken.expect("it is answered"));
        // It may have looked before there was anything; then its number is spent.
        let mut now_held = taken(&ada, &claim, woken).await;
        if now_held.is_empty() {
            now_held = ada.claim(5).await.iter().map(|task| task.id).collect();
        }
        assert_eq!(now_held, ids);
        held.extend(now_held);
    }
    assert_eq!((held.len(), b.counts().await.running), (8, 8));
}

/// B4, B14: a worker that leaves takes its carried claims with it.
pub async fn a_carried_claim_is_spent_by_leaving(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    ada.look(1).await;
    let claim = ada.claim_call(1, ClaimMode::Shared);
    let waiting = b.start_waiting(&wait_with(&b, &claim, LONG));
    h.advance(b.unit()).await;
    ada.leave().await;
    b.push(1).await;
    let woken = b.ended(waiting).await;
    assert!(carried_out(woken).is_none_or(|answer| answer.tasks.is_empty()));
    assert_eq!((b.counts().await.running, b.counts().await.ready), (0, 1));
}

/// B14: a renewal that does not name a carried claim gives back what it took.
pub async fn a_renewal_gives_back_what_a_carried_claim_took(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(2).await;
    let claim = ada.claim_call(2, ClaimMode::Shared);
    b.ended(b.start_waiting(&wait_with(&b, &claim, LONG))).await;
    ada.renew(&[]).await;
    assert_eq!((b.counts().await.running, b.counts().await.ready), (0, 2));
}

/// B14: a wait whose claim takes raw bodies too ends with one that another program pushed.
pub async fn a_carried_claim_takes_in_a_plain_push(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let mut claim = ada.claim_call(1, ClaimMode::Shared);
    claim.queues[0].inbox = true;
    let waiting = b.start_waiting(&wait_with(&b, &claim, LONG));
    h.advance(b.unit()).await;
    h.push_plain(&b.queue, "plain".into()).await;
    let woken = b.ended(waiting).await;
    assert_eq!(taken(&ada, &claim, woken).await.len(), 1);
    assert_eq!(b.counts().await.running, 1);
}

/// B14: each of several waiters with a claim gets what it took, and nobody what another took.
pub async fn carried_claims_of_several_workers_share(h: &dyn Harness) {
    let b = Bench::new(h);
    let workers: Vec<_> = (0..3).map(|_| b.worker()).collect();
    let claims: Vec<_> = workers.iter().map(|w| w.claim_call(1, ClaimMode::Shared)).collect();
    let waits: Vec<_> =
        claims.iter().map(|claim| b.start_waiting(&wait_with(&b, claim, b.unit() * 4))).collect();
    h.advance(b.unit()).await;
    assert!(b.push_these(tasks(3)).await.is_ok());
    h.advance(b.unit() * 8).await;
    let mut seen = BTreeSet::new();
    for ((ada, claim), waiting) in workers.iter().zip(&claims).zip(waits) {
        let woken = b.ended(waiting).await;
        for id in taken(ada, claim, woken).await {
            assert!(seen.insert(id), "{id} was taken twice");
        }
    }
    assert_eq!(b.counts().await.running, seen.len() as u64);
    assert!(!seen.is_empty(), "a ring brings a task");
}

/// B14: a wait carries a claim of the queues that it waits for, and of no other.
pub async fn a_carried_claim_is_of_the_queues_waited_for(h: &dyn Harness) {
    let (b, other) = (Bench::new(h), Bench::new(h));
    let claim = other.worker().claim_call(1, ClaimMode::Shared);
    let wait = Wait { timeout: Duration::ZERO, claim: Some(claim), ..b.wait_call(false) };
    let refused = b.broker.wait(&wait).await.expect_err("it names another queue");
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
}

/// A wait for several queues that carries a claim of one task of each.
fn wait_over(benches: &[&Bench<'_>]) -> Wait {
    let on = |b: &&Bench<'_>| WaitOn { queue: b.queue.clone(), inbox: false };
    let claim = Some(claim_over(benches, 1));
    Wait { queues: benches.iter().map(on).collect(), timeout: LONG, claim }
}

/// What the wait's claim took of each queue, as the wait and the claim by itself tell.
async fn taken_of_each(h: &dyn Harness, wait: &Wait, woken: Woken) -> Vec<Vec<TaskId>> {
    let ids = |answer: &QueueClaimed| answer.tasks.iter().map(|task| task.id).collect::<Vec<_>>();
    let claim = wait.claim.as_ref().expect("it carries one");
    let again = h.broker().claim(claim).await.into_iter();
    let again: Vec<_> = again
        .map(|(queue, answer)| ids(&answer.unwrap_or_else(|error| panic!("{queue}: {error}"))))
        .collect();
    if let Woken::Claimed(told) = woken {
        let told: Vec<_> = told.iter().map(ids).collect();
        assert_eq!(told, again, "what the wait told is what the claim took, queue by queue");
    }
    again
}

/// B14, B15: a claim of several queues that a wait carries takes of each of them.
pub async fn a_carried_claim_of_several_queues_takes_of_each(h: &dyn Harness) {
    let (one, two, three) = (Bench::new(h), Bench::new(h), Bench::new(h));
    let (first, last) = (one.push(2).await, three.push(1).await);
    let wait = wait_over(&[&one, &two, &three]);
    let woken = one.ended(one.start_waiting(&wait)).await;
    let taken = taken_of_each(h, &wait, woken).await;
    assert_eq!(taken, [first[..1].to_vec(), vec![], last]);
    one.holds("ready 1, running 1").await;
    two.holds("nothing").await;
    three.holds("running 1").await;
}

/// B14, B15: a ring of one of several queues ends a wait that carries a claim of all.
pub async fn one_of_several_queues_ends_a_wait_with_a_claim(h: &dyn Harness) {
    let (one, two) = (Bench::new(h), Bench::new(h));
    let wait = wait_over(&[&one, &two]);
    let waiting = one.start_waiting(&wait);
    h.advance(one.unit()).await;
    let ids = two.push(1).await;
    let woken = one.ended(waiting).await;
    assert_eq!(taken_of_each(h, &wait, woken).await, [vec![], ids]);
}
