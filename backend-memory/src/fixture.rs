//! A store with a time that the test sets, and short ways to call it.

use std::time::Duration;

use tireless_core::{
    Call, Claim, ClaimFrom, ClaimMode, Counts, Durability, Error, ErrorKind, Failure, Held, List,
    NewTask, Outcome, Push, Pushed, QueueClaimed, QueueName, QueueRenewed, QueueTicked, Reclaim,
    Reentry, Renew, Result, Settle, Settled, Settlement, State, StoreTime, TaskId, Tick, WaitOn,
    When, WorkerId, WorkerInfo,
};

use crate::store::{Listening, Store};

pub(crate) const LEASE: Duration = Duration::from_secs(15);
pub(crate) const LATER: Duration = Duration::from_secs(60);

pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) queue: QueueName,
    pub(crate) now: StoreTime,
    producer: WorkerId,
    calls: u64,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            store: Store::default(),
            queue: QueueName::new("q").unwrap(),
            now: StoreTime::from_millis(1_000_000),
            producer: WorkerId::new(),
            calls: 0,
        }
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now = self.now.after(time);
    }

    /// A number that was not used before, with nothing answered yet.
    pub(crate) fn call(&mut self) -> Call {
        self.calls += 1;
        Call { number: self.calls, answered: 0 }
    }

    pub(crate) fn push_call(&mut self, tasks: Vec<NewTask>) -> Push {
        let call = self.call();
        let durability = Durability::Stored;
        Push { queue: self.queue.clone(), caller: self.producer, call, tasks, durability }
    }

    pub(crate) fn send_push(&mut self, push: &Push) -> Result<Vec<Pushed>> {
        self.store.push(push, self.now)
    }

    /// Pushes tasks that are ready at once.
    pub(crate) fn push(&mut self, count: usize) -> Vec<TaskId> {
        let tasks: Vec<_> = (0..count).map(|_| NewTask::new("body")).collect();
        let ids = tasks.iter().map(|task| task.id).collect();
        let push = self.push_call(tasks);
        self.send_push(&push).unwrap();
        ids
    }

    pub(crate) fn push_after(&mut self, delay: Duration) -> TaskId {
        let task = NewTask { when: When::After(delay), ..NewTask::new("body") };
        let push = self.push_call(vec![task.clone()]);
        self.send_push(&push).unwrap();
        task.id
    }

    pub(crate) fn claim_call(&self, worker: WorkerId, number: u64, max: usize) -> Claim {
        let from = ClaimFrom { queue: self.queue.clone(), max, inbox: false };
        Claim { worker, number, lease: LEASE, mode: ClaimMode::Shared, queues: vec![from] }
    }

    pub(crate) fn send_claim(&mut self, claim: &Claim) -> QueueClaimed {
        self.store.claim(claim, self.now).remove(0).1.unwrap()
    }

    pub(crate) fn claim(&mut self, worker: WorkerId, number: u64, max: usize) -> Vec<TaskId> {
        let claim = self.claim_call(worker, number, max);
        ids(&self.send_claim(&claim))
    }

    pub(crate) fn claim_alone(&mut self, worker: WorkerId, number: u64) -> Vec<TaskId> {
        let mut claim = self.claim_call(worker, number, 5);
        claim.mode = ClaimMode::Alone;
        ids(&self.send_claim(&claim))
    }

    pub(crate) fn settle_call(
        &mut self,
        worker: WorkerId,
        claim: u64,
        outcomes: Vec<(TaskId, Outcome)>,
    ) -> Settle {
        let settlement = |(id, outcome)| Settlement { claim, id, outcome };
        let outcomes = outcomes.into_iter().map(settlement).collect();
        Settle { queue: self.queue.clone(), worker, call: self.call(), outcomes }
    }

    pub(crate) fn settle(
        &mut self,
        worker: WorkerId,
        claim: u64,
        outcomes: Vec<(TaskId, Outcome)>,
    ) -> Vec<Settled> {
        let settle = self.settle_call(worker, claim, outcomes);
        self.store.settle(&settle, self.now).unwrap().settled
    }

    pub(crate) fn renew(
        &mut self,
        worker: WorkerId,
        lease: Duration,
        claims: &[u64],
        below: u64,
    ) -> QueueRenewed {
        let held = vec![Held { queue: self.queue.clone(), claims: claims.to_vec(), below }];
        let renew = Renew { worker, lease, held, info: WorkerInfo::default() };
        self.store.renew(&renew, self.now).remove(0).1.unwrap()
    }

    /// A tick that may reclaim now.
    pub(crate) fn tick(&mut self, limit: usize) -> QueueTicked {
        let reclaim = Some(Reclaim { not_after: self.now, bury_after_crashes: 3 });
        self.tick_with(limit, reclaim)
    }

    pub(crate) fn tick_with(&mut self, limit: usize, reclaim: Option<Reclaim>) -> QueueTicked {
        let beat = Duration::from_secs(5);
        let tick = Tick { queues: vec![self.queue.clone()], limit, beat, anew: false, reclaim };
        self.store.tick(&tick, self.now).remove(0).1.unwrap()
    }

    /// Lets a new worker die with the tasks of a shared claim.
    pub(crate) fn crash(&mut self, max: usize) {
        assert_ne!(self.claim(WorkerId::new(), 1, max), []);
        self.pass(LEASE);
        self.tick(1_000);
    }

    /// Makes a suspect: a task that crashed in company often enough.
    pub(crate) fn suspect(&mut self) -> TaskId {
        let id = self.push(1)[0];
        self.crash(1);
        self.crash(1);
        id
    }

    pub(crate) fn counts(&mut self) -> Counts {
        let now = self.now;
        self.store.on(&self.queue, |queue| queue.counts(now))
    }

    /// The whole listing of a state, in pages of two.
    pub(crate) fn listed(&mut self, state: State) -> Vec<TaskId> {
        let mut list = List { queue: self.queue.clone(), state, cursor: 0, limit: 2 };
        let mut all = Vec::new();
        loop {
            let page = self.store.on(&self.queue, |queue| queue.list(&list));
            all.extend(page.tasks.iter().map(|task| task.id));
            match page.next {
                Some(next) => list.cursor = next,
                None => return all,
            }
        }
    }

    /// Whether the bell has kept a ring; asking uses it up.
    pub(crate) fn rang(&mut self) -> bool {
        let on = [WaitOn { queue: self.queue.clone(), inbox: false }];
        match self.store.listen(&on) {
            Listening::Rang(_) => true,
            Listening::Waits(number) => {
                self.store.with_bells(|bells| bells.withdraw(number));
                false
            }
        }
    }
}

pub(crate) fn ids(claimed: &QueueClaimed) -> Vec<TaskId> {
    claimed.tasks.iter().map(|task| task.id).collect()
}

pub(crate) fn fail(retry_in: Duration) -> Outcome {
    Outcome::Fail { failure: Failure::new("E", "no"), retry_in, reentry: Reentry::Back }
}

pub(crate) fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().as_ref().map(Error::kind)
}
