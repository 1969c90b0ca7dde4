//! The faulty broker does what was planned, and otherwise keeps the contract.

#[path = "../../backend-memory/tests/harness/mod.rs"]
mod harness;

use std::sync::Arc;
use std::time::Duration;

use harness::Memory;
use tireless_core::{
    Broker, ClaimMode, Clock, Effect, ErrorKind, Operation, Outcome, Settled, Wait, Woken,
};
use tireless_testkit::fixtures::{Actor, Bench, LONG, tasks};
use tireless_testkit::{Fault, FaultyBroker, Harness, Odds};

async fn store() -> (Memory, Arc<FaultyBroker>) {
    let memory = Memory::fresh().await;
    let clock: Arc<dyn Clock> = Arc::new(memory.clock.clone());
    let broker = Arc::new(FaultyBroker::new(memory.broker()).with_clock(clock));
    (memory, broker)
}

fn worker(b: &Bench<'_>, broker: &Arc<FaultyBroker>) -> Actor {
    Actor::new(broker.clone(), b.queue.clone(), LONG)
}

#[tokio::test]
async fn a_refused_push_did_nothing() {
    let (memory, broker) = store().await;
    let b = Bench::new(&memory);
    broker.faults().plan(Operation::Push, Fault::Refuse);
    let push = b.push_call(tasks(2));
    let error = broker.push(&push).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, Effect::None));
    b.holds("nothing").await;
    assert!(broker.push(&push).await.is_ok());
    b.holds("ready 2").await;
}

#[tokio::test]
async fn a_lost_reply_did_its_work() {
    let (memory, broker) = store().await;
    let b = Bench::new(&memory);
    broker.faults().plan(Operation::Push, Fault::LoseReply);
    let push = b.push_call(tasks(2));
    let error = broker.push(&push).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Timeout, Effect::Maybe));
    b.holds("ready 2").await;
    assert!(broker.push(&push).await.is_ok());
    b.holds("ready 2").await;
    broker.faults().plan(Operation::Claim, Fault::LoseReply);
    let ada = worker(&b, &broker);
    let claim = ada.claim_call(1, ClaimMode::Shared);
    assert!(broker.claim(&claim).await[0].1.is_err());
    b.holds("ready 1, running 1").await;
    assert_eq!(ada.send(&claim).await.tasks.len(), 1);
}

#[tokio::test]
async fn a_delay_lasts_by_the_given_clock() {
    let (memory, broker) = store().await;
    let b = Bench::new(&memory);
    broker.faults().plan(Operation::Push, Fault::Delay(Duration::from_secs(60)));
    let push = b.push_call(tasks(1));
    let late = tokio::spawn({
        let broker = broker.clone();
        async move { broker.push(&push).await.is_ok() }
    });
    memory.advance(Duration::from_secs(59)).await;
    b.holds("nothing").await;
    memory.advance(Duration::from_secs(1)).await;
    assert!(late.await.unwrap());
    b.holds("ready 1").await;
}

#[tokio::test]
async fn a_late_copy_arrives_when_told_and_harms_nobody() {
    let (memory, broker) = store().await;
    let b = Bench::new(&memory);
    let ada = worker(&b, &broker);
    b.push(4).await;
    broker.faults().plan(Operation::Claim, Fault::CopyLater);
    let first = ada.claim(1).await;
    broker.faults().plan(Operation::Settle, Fault::CopyLater);
    assert_eq!(ada.say(&first[0], Outcome::RELEASE).await, Settled::Applied);
    let bob = b.worker();
    assert_eq!(bob.claim(1).await[0].id, first[0].id);
    broker.deliver_late_copies().await;
    b.holds("ready 3, running 1").await;
}

#[tokio::test]
async fn a_script_of_faults_loses_nothing() {
    for seed in 0..20 {
        let (memory, broker) = store().await;
        let b = Bench::new(&memory);
        let odds = Odds { refuse: 15, lose_reply: 15, repeat: 15, copy_later: 15 };
        broker.faults().script(seed, odds);
        for _ in 0..20 {
            let push = b.push_call(tasks(3));
            while broker.push(&push).await.is_err() {}
        }
        let ada = worker(&b, &broker);
        let mut done = 0;
        while done < 60 {
            let claim = ada.claim_call(7, ClaimMode::Shared);
            let held = loop {
                if let (_, Ok(answer)) = broker.claim(&claim).await.remove(0) {
                    break answer.tasks;
                }
            };
            broker.deliver_late_copies().await;
            let outcomes = held.iter().map(|task| (task.claim, task.id, Outcome::ACK)).collect();
            let settle = ada.settle_call(outcomes);
            let answer = loop {
                if let Ok(answer) = broker.settle(&settle).await {
                    break answer;
                }
            };
            assert_eq!(answer.settled, vec![Settled::Applied; held.len()]);
            done += held.len();
        }
        assert!(broker.faults().struck() > 5, "seed {seed}");
        b.holds("nothing").await;
        assert_eq!(b.counts().await.done, 60);
    }
}

#[tokio::test]
async fn a_claim_that_a_wait_carries_goes_wrong_as_other_claims_do() {
    let (memory, broker) = store().await;
    let b = Bench::new(&memory);
    b.push(2).await;
    let ada = worker(&b, &broker);
    let carrying = |claim| Wait { claim: Some(claim), ..b.wait_call(false) };
    let claim = ada.claim_call(1, ClaimMode::Shared);
    broker.faults().plan(Operation::Claim, Fault::LoseReply);
    let woken = broker.wait(&carrying(claim.clone())).await;
    assert!(matches!(woken, Ok(Woken::Rang(queue)) if queue == b.queue));
    b.holds("ready 1, running 1").await;
    assert_eq!(ada.send(&claim).await.tasks.len(), 1);
    let woken = broker.wait(&carrying(ada.claim_call(1, ClaimMode::Shared))).await;
    assert!(matches!(woken, Ok(Woken::Claimed(answers)) if answers[0].tasks.len() == 1));
}
