//! What the tests of this crate stand on: a memory broker under a clock that they move, a broker
//! that notes every call and can be told to fail, and handlers made of closures.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tireless_backend_memory::MemoryBroker;
use tireless_core::{
    Broker, CallSequence, Claim, ClaimMode, Claimed, Clock, Counts, Durability, Effect, Envelope,
    Error, ErrorKind, Inspect, NewTask, Operation, Push, Pushed, QueueName, Renew, Renewed, Result,
    Settle, SettleAnswer, TaskDetail, TaskId, TaskOptions, Tick, Ticked, TypeName, Wait, Woken,
    WorkerId,
};
use tireless_testkit::VirtualClock;

use crate::events::Event;
use crate::pool::WorkerPool;
use crate::run::{Context, Handle, Route, RunPolicy, Verdict};
use crate::shared::Shared;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A call that a broker was sent.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Claim(Claim),
    Settle,
    Renew(Renew),
    Wait(Wait),
    Tick,
}

/// A memory broker that notes calls, and loses answers when told to.
#[derive(Clone, Debug)]
pub(crate) struct Spy {
    pub(crate) inner: MemoryBroker,
    calls: Arc<Mutex<Vec<Call>>>,
    /// The store is away: nothing is carried out.
    away: Arc<AtomicBool>,
    /// Waits fail.
    mute: Arc<AtomicBool>,
    /// What befalls the calls of one operation, before they reach anything.
    trouble: Arc<Mutex<Option<(Operation, Trouble)>>>,
    /// So many claims on the queue `q` are carried out, and their answers lost.
    pub(crate) lose_claims: Arc<AtomicUsize>,
    /// So many lone claims over several queues reach only the first of them.
    pub(crate) lose_alone_tail: Arc<AtomicUsize>,
    /// The next settle is carried out, and its answer is lost.
    pub(crate) lose_settle: Arc<AtomicBool>,
}

/// What a broker must never do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// Never to answer.
    Hang,
    Panic,
}

pub(crate) fn outage(operation: Operation) -> Error {
    Error::new(ErrorKind::Unavailable, operation, "away").with_effect(Effect::Maybe)
}

impl Spy {
    fn note(&self, call: Call) {
        self.calls.lock().unwrap().push(call);
    }

    fn check(&self, operation: Operation) -> Result<()> {
        if self.away.load(Ordering::SeqCst) { Err(outage(operation)) } else { Ok(()) }
    }

    async fn befall(&self, operation: Operation) {
        let trouble = self.trouble.lock().unwrap().filter(|(of, _)| *of == operation);
        match trouble {
            Some((_, Trouble::Hang)) => std::future::pending().await,
            Some((_, Trouble::Panic)) => panic!("a bug in {operation}"),
            None => {}
        }
    }

    pub(crate) fn trouble(&self, trouble: Option<(Operation, Trouble)>) {
        *self.trouble.lock().unwrap() = trouble;
    }

    pub(crate) fn go_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    pub(crate) fn mute(&self, mute: bool) {
        self.mute.store(mute, Ordering::SeqCst);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn waits(&self) -> Vec<Wait> {
        let wait = |call: Call| if let Call::Wait(wait) = call { Some(wait) } else { None };
        self.calls().into_iter().filter_map(wait).collect()
    }

    pub(crate) fn forget(&self) {
        self.calls.lock().unwrap().clear();
    }
}

#[async_trait]
impl Broker for Spy {
    async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
        self.inner.push(push).await
    }

    async fn claim(&self, claim: &Claim) -> Claimed {
        self.note(Call::Claim(claim.clone()));
        self.befall(Operation::Claim).await;
        let failed = |queue: &QueueName| (queue.clone(), Err(outage(Operation::Claim)));
        if self.check(Operation::Claim).is_err() {
            return claim.queues.iter().map(|from| failed(&from.queue)).collect();
        }
        let tail = claim.mode == ClaimMode::Alone && claim.queues.len() > 1;
        if tail && self.lose_alone_tail.load(Ordering::SeqCst) > 0 {
            self.lose_alone_tail.fetch_sub(1, Ordering::SeqCst);
            let mut head = claim.clone();
            let lost = head.queues.split_off(1);
            let mut answer = self.inner.claim(&head).await;
            answer.extend(lost.iter().map(|from| failed(&from.queue)));
            return answer;
        }
        let answer = self.inner.claim(claim).await;
        let names_q = claim.queues[0].queue.as_str() == "q";
        if names_q && self.lose_claims.load(Ordering::SeqCst) > 0 {
            self.lose_claims.fetch_sub(1, Ordering::SeqCst);
            return answer.iter().map(|(queue, _)| failed(queue)).collect();
        }
        answer
    }

    async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
        self.note(Call::Settle);
        self.befall(Operation::Settle).await;
        self.check(Operation::Settle)?;
        let answer = self.inner.settle(settle).await;
        if self.lose_settle.swap(false, Ordering::SeqCst) {
            return Err(outage(Operation::Settle));
        }
        answer
    }

    async fn renew(&self, renew: &Renew) -> Renewed {
        self.note(Call::Renew(renew.clone()));
        self.befall(Operation::Renew).await;
        if self.check(Operation::Renew).is_err() {
            let failed = |queue: &QueueName| (queue.clone(), Err(outage(Operation::Renew)));
            return renew.held.iter().map(|held| failed(&held.queue)).collect();
        }
        self.inner.renew(renew).await
    }

    async fn wait(&self, wait: &Wait) -> Result<Woken> {
        self.note(Call::Wait(wait.clone()));
        self.befall(Operation::Wait).await;
        self.check(Operation::Wait)?;
        if self.mute.load(Ordering::SeqCst) {
            return Err(outage(Operation::Wait));
        }
        let Some(claim) = wait.carried()? else { return self.inner.wait(wait).await };
        let woken = self.inner.wait(&Wait { claim: None, ..wait.clone() }).await?;
        let answers = self.claim(claim).await.into_iter().map(|(_, answer)| answer);
        Ok(answers.collect::<Result<_>>().map_or(woken, Woken::Claimed))
    }

    async fn tick(&self, tick: &Tick) -> Ticked {
        self.note(Call::Tick);
        self.befall(Operation::Tick).await;
        if self.check(Operation::Tick).is_err() {
            let failed = |queue: &QueueName| (queue.clone(), Err(outage(Operation::Tick)));
            return tick.queues.iter().map(failed).collect();
        }
        self.inner.tick(tick).await
    }
}

/// A broker, its clock, and a queue.
pub(crate) struct Bed {
    pub(crate) clock: VirtualClock,
    pub(crate) spy: Spy,
    pub(crate) queue: QueueName,
    pub(crate) events: Arc<Mutex<Vec<Event>>>,
    pushes: CallSequence,
    producer: WorkerId,
}

impl Bed {
    pub(crate) fn new() -> Self {
        Self::on(VirtualClock::new())
    }

    pub(crate) fn on(clock: VirtualClock) -> Self {
        let spy = Spy {
            inner: MemoryBroker::new(Arc::new(clock.clone())),
            calls: Arc::default(),
            away: Arc::default(),
            mute: Arc::default(),
            trouble: Arc::default(),
            lose_claims: Arc::default(),
            lose_settle: Arc::default(),
            lose_alone_tail: Arc::default(),
        };
        Self {
            clock,
            spy,
            queue: queue("q"),
            events: Arc::default(),
            pushes: CallSequence::new(),
            producer: WorkerId::new(),
        }
    }

    /// A pool that notes its events.
    pub(crate) fn pool(&self) -> WorkerPool {
        let events = Arc::clone(&self.events);
        WorkerPool::new(self.spy.clone())
            .clock(Arc::new(self.clock.clone()))
            .observe(move |event| events.lock().unwrap().push(event.clone()))
    }

    /// A pool for the queue `q` with a handler for its raw tasks.
    pub(crate) fn raw<F>(&self, run: impl Fn(Context) -> F + Send + Sync + 'static) -> WorkerPool
    where
        F: Future<Output = Verdict> + Send + 'static,
    {
        self.pool().queue("q").route(raw(run))
    }

    pub(crate) async fn push_to(&self, queue: &QueueName, tasks: Vec<NewTask>) -> Vec<TaskId> {
        let ids = tasks.iter().map(|task| task.id).collect();
        for some in tasks.chunks(1000) {
            let ticket = self.pushes.next();
            let push = Push {
                queue: queue.clone(),
                caller: self.producer,
                call: ticket.call(),
                tasks: some.to_vec(),
                durability: Durability::Stored,
            };
            self.spy.push(&push).await.unwrap();
        }
        ids
    }

    pub(crate) async fn push(&self, count: usize) -> Vec<TaskId> {
        self.push_to(&self.queue, (0..count).map(|_| raw_task()).collect()).await
    }

    pub(crate) async fn counts(&self) -> Counts {
        self.spy.inner.counts(&self.queue).await.unwrap()
    }

    pub(crate) async fn show(&self, id: TaskId) -> Option<TaskDetail> {
        self.spy.inner.show(&self.queue, id).await.unwrap()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }
}

pub(crate) fn queue(name: &str) -> QueueName {
    QueueName::new(name).unwrap()
}

pub(crate) fn raw_task() -> NewTask {
    NewTask::new(Envelope::raw("x").encode().unwrap())
}

pub(crate) fn typed_task(task_type: &str, options: TaskOptions) -> NewTask {
    let task_type = Some(TypeName::new(task_type).unwrap());
    NewTask::new(Envelope { task_type, options, ..Envelope::default() }.encode().unwrap())
}

struct Closure<F>(F);

impl<F: Fn(Context) -> BoxFuture<'static, Verdict> + Send + Sync + 'static> Handle for Closure<F> {
    fn run(&self, _: Envelope, context: Context) -> BoxFuture<'static, Verdict> {
        (self.0)(context)
    }
}

/// A handler for raw tasks of any queue.
pub(crate) fn raw<F>(run: impl Fn(Context) -> F + Send + Sync + 'static) -> Route
where
    F: Future<Output = Verdict> + Send + 'static,
{
    Route {
        task_type: None,
        queue: None,
        policy: RunPolicy::default(),
        handle: Arc::new(Closure(move |context| run(context).boxed())),
    }
}

/// What the roles of a pool for the queues `q`, `q1`, .. share, over this broker.
pub(crate) fn shared_over(broker: impl Broker, clock: Arc<dyn Clock>, queues: usize) -> Shared {
    let mut pool = WorkerPool::new(broker).clock(clock).route(raw(|_| async { Verdict::Done }));
    for at in 0..queues {
        pool = pool.queue(if at == 0 { "q".to_owned() } else { format!("q{at}") });
    }
    pool.prepare().unwrap().0
}
