//! Workers that die on purpose, so that there is something to reclaim: each takes tasks under a
//! lease of a moment and is never heard of again; another collects what was taken back.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tireless_core::{
    Backend, Call, CallSequence, Claim, ClaimFrom, ClaimMode, Durability, NewTask, Outcome, Push,
    QueueClaimed, QueueName, Settle, Settled, Settlement, TaskId, WorkerId,
};

use super::stage::Stage;

/// Workers that die in each round, each with that many tasks.
const MORTALS: usize = 4;
const EACH: usize = 2;

const MOMENT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(60);

/// How long to wait before a call without an answer is sent again.
const PAUSE: Duration = Duration::from_millis(20);

/// One queue of the dying.
#[derive(Debug)]
pub(super) struct Graves {
    pub(super) queue: QueueName,
    broker: Arc<dyn Backend>,
    stage: Arc<Stage>,
    collector: WorkerId,
    claims: u64,
    settles: CallSequence,
    /// Tasks that were pushed.
    pub(super) pushed: u64,
}

impl Graves {
    pub(super) fn new(stage: &Arc<Stage>, broker: Arc<dyn Backend>, number: usize) -> Self {
        Self {
            queue: QueueName::new(format!("graves-{number}")).expect("a legal name"),
            broker,
            stage: stage.clone(),
            collector: WorkerId::new(),
            claims: 0,
            settles: CallSequence::new(),
            pushed: 0,
        }
    }

    /// Lets workers die, round after round, until the stage closes.
    pub(super) async fn run(mut self) -> Self {
        while !self.stage.is_over() {
            let ids = self.push().await;
            let deaths = (0..MORTALS).map(|_| {
                let (broker, queue) = (self.broker.clone(), self.queue.clone());
                tokio::spawn(async move { die(&*broker, &queue).await })
            });
            for death in deaths.collect::<Vec<_>>() {
                death.await.expect("no panic");
            }
            self.collect(ids).await;
        }
        self
    }

    async fn push(&mut self) -> HashSet<TaskId> {
        let tasks: Vec<_> = (0..MORTALS * EACH).map(|_| NewTask::new(&b"\x01\0\0\0"[..])).collect();
        let ids = tasks.iter().map(|task| task.id).collect();
        self.pushed += tasks.len() as u64;
        let call = Call { number: self.pushed, answered: self.pushed - 1 };
        let (queue, durability) = (self.queue.clone(), Durability::Stored);
        let push = Push { queue, caller: self.collector, call, tasks, durability };
        while self.broker.push(&push).await.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
        ids
    }

    /// Takes what comes back until each task has come once.
    async fn collect(&mut self, mut ids: HashSet<TaskId>) {
        let mut mode = ClaimMode::Shared;
        while !ids.is_empty() {
            self.claims += 1;
            let (worker, number) = (self.collector, self.claims);
            let taken = claim(&*self.broker, &self.queue, worker, number, LONG, mode).await;
            // What died in company twice runs alone.
            mode = if taken.suspects > 0 { ClaimMode::Alone } else { ClaimMode::Shared };
            for task in &taken.tasks {
                if !ids.remove(&task.id) {
                    self.stage.book.foreign(format!("{} was collected, but not missed", task.id));
                }
            }
            if taken.tasks.is_empty() {
                tokio::time::sleep(PAUSE).await;
            } else {
                self.ack(taken).await;
            }
        }
    }

    async fn ack(&self, taken: QueueClaimed) {
        let ticket = self.settles.next();
        let outcome = |task: tireless_core::ClaimedTask| Settlement {
            claim: task.claim,
            id: task.id,
            outcome: Outcome::ACK,
        };
        let settle = Settle {
            queue: self.queue.clone(),
            worker: self.collector,
            call: ticket.call(),
            outcomes: taken.tasks.into_iter().map(outcome).collect(),
        };
        loop {
            match self.broker.settle(&settle).await {
                Ok(answer) if answer.settled.iter().all(|one| *one == Settled::Applied) => return,
                Ok(answer) => {
                    return self.stage.book.foreign(format!("an ack was answered {answer:?}"));
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

/// A worker that takes tasks and is gone.
async fn die(broker: &dyn Backend, queue: &QueueName) {
    claim(broker, queue, WorkerId::new(), 1, MOMENT, ClaimMode::Shared).await;
}

/// A claim that is sent until it is answered.
async fn claim(
    broker: &dyn Backend,
    queue: &QueueName,
    worker: WorkerId,
    number: u64,
    lease: Duration,
    mode: ClaimMode,
) -> QueueClaimed {
    let max = if lease == LONG { 2 * MORTALS * EACH } else { EACH };
    let queues = vec![ClaimFrom { queue: queue.clone(), max, inbox: false }];
    let claim = Claim { worker, number, lease, mode, queues };
    loop {
        if let Some((_, Ok(answer))) = broker.claim(&claim).await.pop() {
            return answer;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
