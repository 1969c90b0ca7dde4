//! Many at once: nothing is lost and nothing is doubled (B1, B2, B5).

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tireless_core::{
    Backend, CallSequence, ClaimMode, Durability, Outcome, Push, Pushed, QueueName, Settled,
    TaskId, WorkerId,
};

use crate::Harness;
use crate::fixtures::{Actor, Bench, LONG, ids, tasks};

const PUSHERS: usize = 4;
const PUSHES: usize = 25;
const BATCH: usize = 8;
const TOTAL: usize = PUSHERS * PUSHES * BATCH;

type Seen = Arc<Mutex<Vec<TaskId>>>;

async fn pusher(broker: Arc<dyn Backend>, queue: QueueName) {
    let (caller, calls) = (WorkerId::new(), CallSequence::new());
    for _ in 0..PUSHES {
        let ticket = calls.next();
        let (queue, call) = (queue.clone(), ticket.call());
        let push =
            Push { queue, caller, call, tasks: tasks(BATCH), durability: Durability::Stored };
        // Every push is sent twice at the same time: the lost reply and its repeat.
        let (first, second) = tokio::join!(broker.push(&push), broker.push(&push));
        assert_eq!(first.ok(), Some(vec![Pushed::Accepted; BATCH]));
        assert_eq!(second.ok(), Some(vec![Pushed::Accepted; BATCH]));
    }
}

async fn worker(broker: Arc<dyn Backend>, queue: QueueName, done: Seen) {
    let actor = Actor::new(broker.clone(), queue, LONG);
    let finished = || done.lock().unwrap_or_else(PoisonError::into_inner).len() >= TOTAL;
    let mut round = 0;
    while !finished() {
        round += 1;
        let claim = actor.claim_call(1 + round % 7, ClaimMode::Shared);
        let (held, again) = tokio::join!(actor.send(&claim), actor.send(&claim));
        assert_eq!(held.tasks, again.tasks, "both copies of a claim give the same");
        let (back, acked) = held.tasks.split_at(usize::from(round % 5 == 0).min(held.tasks.len()));
        actor.finish(back, Outcome::RELEASE).await;
        let outcomes = acked.iter().map(|task| (task.claim, task.id, Outcome::ACK)).collect();
        let settle = actor.settle_call(outcomes);
        let (one, two) = tokio::join!(actor.send_settle(&settle), actor.send_settle(&settle));
        assert_eq!(one, two, "both copies of a settle get the same");
        assert!(one.settled.iter().all(|answer| *answer == Settled::Applied), "{one:?}");
        done.lock().unwrap_or_else(PoisonError::into_inner).extend(ids(acked));
        tokio::task::yield_now().await;
    }
}

/// B1: many pushers and claimers at once, every call sent twice: each task is done once.
pub async fn nothing_is_lost_or_doubled(h: &dyn Harness) {
    let b = Bench::new(h);
    let done = Seen::default();
    let mut running = Vec::new();
    for _ in 0..PUSHERS {
        running.push(tokio::spawn(pusher(h.another().await, b.queue.clone())));
        let worker = worker(h.another().await, b.queue.clone(), done.clone());
        running.push(tokio::spawn(worker));
    }
    for handle in running {
        handle.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    }
    let done = done.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let distinct: HashSet<TaskId> = done.iter().copied().collect();
    assert_eq!((done.len(), distinct.len()), (TOTAL, TOTAL));
    b.holds("nothing").await;
    let counts = b.counts().await;
    assert_eq!((counts.pushed, counts.done), (TOTAL as u64, TOTAL as u64));
}

/// B5: of many that settle the same run at once exactly one is heard.
pub async fn one_of_many_outcomes_counts(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    for _ in 0..10 {
        b.push(1).await;
        let task = ada.claim_one().await;
        let say = |outcome| ada.say(&task, outcome);
        let (one, two, three) = tokio::join!(
            say(Outcome::ACK),
            say(crate::fixtures::bury()),
            say(crate::fixtures::fail(LONG)),
        );
        let applied = [one, two, three].iter().filter(|a| **a == Settled::Applied).count();
        assert_eq!(applied, 1);
    }
    let counts = b.counts().await;
    assert_eq!(counts.done + counts.dead + counts.failed, 10);
    assert_eq!((counts.ready, counts.running), (0, 0));
}

/// B2: a renewal, a settle and a reclaim that race for a task leave it in one place.
pub async fn racing_for_a_task_leaves_it_in_one_place(h: &dyn Harness) {
    let b = Bench::new(h);
    for _ in 0..6 {
        b.push(1).await;
        let ada = b.mortal();
        let task = ada.claim_one().await;
        b.pass_unit().await;
        let permission = b.permission().await;
        let known = [task.claim];
        let outcomes = tokio::join!(
            ada.say(&task, Outcome::ACK),
            ada.renew(&known),
            b.tick_with(Some(permission)),
        );
        let counts = b.counts().await;
        let places = counts.ready + counts.running;
        assert_eq!(places, u64::from(outcomes.0 == Settled::LeaseLost), "{outcomes:?}");
        ada.leave().await;
        let bob = b.worker();
        bob.ack(&bob.claim(9).await).await;
        b.holds("nothing").await;
    }
}
