//! A memory broker that notes calls, and in which answers are slow or get lost when told so.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tireless_backend_memory::MemoryBroker;
use tireless_core::{
    Broker, Claim, ClaimMode, Claimed, Clock, Error, ErrorKind, Operation, Push, Pushed, QueueName,
    Renew, Renewed, Result, Settle, SettleAnswer, Tick, Ticked, Wait, Woken,
};
use tireless_testkit::VirtualClock;

use super::dark::Dark;
use super::link::Link;
use super::trouble::{Trouble, outage, without};

/// A call that a broker was sent.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Claim(Claim),
    Settle,
    Renew(Renew),
    Wait(Wait),
    Tick(Tick),
}

/// A memory broker that notes calls, and loses answers when told to.
#[derive(Clone, Debug)]
pub(crate) struct Spy {
    pub(crate) inner: MemoryBroker,
    calls: Arc<Mutex<Vec<Call>>>,
    /// The store is away: nothing is carried out.
    away: Arc<AtomicBool>,
    /// It takes no writes, and ticks have none.
    replica: Arc<AtomicBool>,
    /// Waits fail.
    mute: Arc<AtomicBool>,
    /// Waits are over as they begin.
    pub(crate) no_waits: Arc<AtomicBool>,
    /// Settles are denied: the password was changed, say.
    denied: Arc<AtomicBool>,
    /// Those of this queue are.
    denied_of: Arc<Mutex<Option<QueueName>>>,
    /// Whose claims, renewals and ticks take long and fail.
    pub(crate) dark: Dark,
    /// Claims, renewals and ticks of this queue fail like this.
    cut_off: Arc<Mutex<Option<(QueueName, ErrorKind)>>>,
    /// What befalls the calls of one operation, before they reach anything.
    trouble: Arc<Mutex<Option<(Operation, Trouble)>>>,
    /// How long the answers of claims and settles are on their way.
    answers_take: Arc<Mutex<Duration>>,
    /// What the answers of claims come over.
    pub(crate) link: Link,
    claims: Arc<Mutex<Flights>>,
    settles: Arc<Mutex<Flights>>,
    clock: VirtualClock,
    /// So many claims on the queue `q` are carried out, and their answers lost.
    pub(crate) lose_claims: Arc<AtomicUsize>,
    /// So many lone claims are carried out, and their answers lost.
    pub(crate) lose_alone: Arc<AtomicUsize>,
    /// So many claims after those whose answers are lost are certainly not sent.
    pub(crate) unsent_claims: Arc<AtomicUsize>,
    /// So many lone claims over several queues reach only the first of them.
    pub(crate) lose_alone_tail: Arc<AtomicUsize>,
    /// The next settle is carried out, and its answer is lost.
    pub(crate) lose_settle: Arc<AtomicBool>,
}

/// Calls of one operation that are under way, and how many there were at most.
#[derive(Debug, Default)]
struct Flights {
    now: usize,
    most: usize,
}

impl Flights {
    fn depart(&mut self) {
        self.now += 1;
        self.most = self.most.max(self.now);
    }
}

/// Counts one down, if any is left.
fn takes_one(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl Spy {
    /// Over an empty broker on this clock.
    pub(crate) fn over(clock: VirtualClock) -> Self {
        Self {
            inner: MemoryBroker::new(Arc::new(clock.clone())),
            calls: Arc::default(),
            away: Arc::default(),
            replica: Arc::default(),
            mute: Arc::default(),
            no_waits: Arc::default(),
            denied: Arc::default(),
            denied_of: Arc::default(),
            dark: Dark::default(),
            cut_off: Arc::default(),
            trouble: Arc::default(),
            answers_take: Arc::default(),
            link: Link::default(),
            claims: Arc::default(),
            settles: Arc::default(),
            clock,
            lose_claims: Arc::default(),
            lose_alone: Arc::default(),
            unsent_claims: Arc::default(),
            lose_settle: Arc::default(),
            lose_alone_tail: Arc::default(),
        }
    }

    fn note(&self, call: Call) {
        self.calls.lock().unwrap().push(call);
    }

    fn check(&self, operation: Operation) -> Result<()> {
        let is_replica = operation != Operation::Tick && self.replica.load(Ordering::SeqCst);
        if is_replica || self.away.load(Ordering::SeqCst) { Err(outage(operation)) } else { Ok(()) }
    }

    async fn befall(&self, operation: Operation) {
        let trouble = self.trouble.lock().unwrap().filter(|(of, _)| *of == operation);
        match trouble {
            Some((_, Trouble::Hang)) => std::future::pending().await,
            Some((_, Trouble::Panic)) => panic!("a bug in {operation}"),
            Some((_, Trouble::Slow(time))) => self.clock.sleep(time).await,
            None => {}
        }
    }

    pub(crate) fn trouble(&self, trouble: Option<(Operation, Trouble)>) {
        *self.trouble.lock().unwrap() = trouble;
    }

    pub(crate) fn go_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    pub(crate) fn is_replica(&self, is: bool) {
        self.replica.store(is, Ordering::SeqCst);
    }

    pub(crate) fn mute(&self, mute: bool) {
        self.mute.store(mute, Ordering::SeqCst);
    }

    pub(crate) fn deny_settles(&self, denied: bool) {
        self.denied.store(denied, Ordering::SeqCst);
    }

    pub(crate) fn deny_settles_of(&self, queue: Option<QueueName>) {
        *self.denied_of.lock().unwrap() = queue;
    }

    pub(crate) fn cut_off(&self, queue: Option<(QueueName, ErrorKind)>) {
        *self.cut_off.lock().unwrap() = queue;
    }

    /// How often a queue was ticked.
    pub(crate) fn ticks_of(&self, queue: &QueueName) -> usize {
        let is_of = |call: &Call| matches!(call, Call::Tick(tick) if tick.queues.contains(queue));
        self.calls().iter().filter(|call| is_of(call)).count()
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn answers_take(&self, time: Duration) {
        *self.answers_take.lock().unwrap() = time;
    }

    /// How many settles there were in flight at most.
    pub(crate) fn most_settles(&self) -> usize {
        self.settles.lock().unwrap().most
    }

    /// How many claims there were in flight at most.
    pub(crate) fn most_claims(&self) -> usize {
        self.claims.lock().unwrap().most
    }

    async fn claim_near(&self, claim: &Claim) -> Claimed {
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
        let is_lone = claim.mode == ClaimMode::Alone;
        let names_q = claim.queues[0].queue.as_str() == "q";
        let lost =
            (names_q && takes_one(&self.lose_claims)) || (is_lone && takes_one(&self.lose_alone));
        let none_is_lost = [&self.lose_claims, &self.lose_alone]
            .map(|to_lose| to_lose.load(Ordering::SeqCst))
            == [0, 0];
        if !lost && none_is_lost && takes_one(&self.unsent_claims) {
            let unsent = || Error::new(ErrorKind::Unavailable, Operation::Claim, "no way there");
            return claim.queues.iter().map(|from| (from.queue.clone(), Err(unsent()))).collect();
        }
        let answer = self.inner.claim(claim).await;
        if lost { answer.iter().map(|(queue, _)| failed(queue)).collect() } else { answer }
    }

    async fn travel(&self) {
        let took = *self.answers_take.lock().unwrap();
        if took > Duration::ZERO {
            self.clock.sleep(took).await;
        }
    }

    pub(crate) fn waits(&self) -> Vec<Wait> {
        let wait = |call: Call| if let Call::Wait(wait) = call { Some(wait) } else { None };
        self.calls().into_iter().filter_map(wait).collect()
    }

    /// Those of waits among them, once they were sent.
    pub(crate) fn claims(&self) -> Vec<Claim> {
        let claim = |call: Call| if let Call::Claim(claim) = call { Some(claim) } else { None };
        self.calls().into_iter().filter_map(claim).collect()
    }

    pub(crate) fn forget(&self) {
        self.calls.lock().unwrap().clear();
    }
}

#[async_trait]
impl Broker for Spy {
    async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
        self.befall(Operation::Push).await;
        self.check(Operation::Push)?;
        self.inner.push(push).await
    }

    async fn claim(&self, claim: &Claim) -> Claimed {
        self.claims.lock().unwrap().depart();
        let answer = self.claim_near(claim).await;
        self.travel().await;
        let answer = self.link.carry(&self.clock, answer).await;
        let answer = self.dark.hides(&self.clock, Operation::Claim, answer).await;
        self.claims.lock().unwrap().now -= 1;
        without(self.cut_off.lock().unwrap().as_ref(), Operation::Claim, answer)
    }

    async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
        self.note(Call::Settle);
        self.befall(Operation::Settle).await;
        self.check(Operation::Settle)?;
        let is_denied = self.denied_of.lock().unwrap().as_ref() == Some(&settle.queue);
        if is_denied || self.denied.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Denied, Operation::Settle, "the password is wrong"));
        }
        self.settles.lock().unwrap().depart();
        let answer = self.inner.settle(settle).await;
        self.travel().await;
        self.settles.lock().unwrap().now -= 1;
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
        let answers = self.inner.renew(renew).await;
        let answers = self.dark.hides(&self.clock, Operation::Renew, answers).await;
        without(self.cut_off.lock().unwrap().as_ref(), Operation::Renew, answers)
    }

    async fn wait(&self, wait: &Wait) -> Result<Woken> {
        self.note(Call::Wait(wait.clone()));
        self.befall(Operation::Wait).await;
        self.check(Operation::Wait)?;
        if self.mute.load(Ordering::SeqCst) {
            return Err(outage(Operation::Wait));
        }
        if self.no_waits.load(Ordering::SeqCst) {
            // Where nothing pauses between them, a test would never end.
            assert!(self.waits().len() < 1_000, "waits without a pause");
            return Ok(Woken::TimedOut);
        }
        let Some(claim) = wait.carried()? else { return self.inner.wait(wait).await };
        let woken = self.inner.wait(&Wait { claim: None, ..wait.clone() }).await?;
        let answers = self.claim(claim).await.into_iter().map(|(_, answer)| answer);
        Ok(answers.collect::<Result<_>>().map_or(woken, Woken::Claimed))
    }

    async fn tick(&self, tick: &Tick) -> Ticked {
        self.note(Call::Tick(tick.clone()));
        self.befall(Operation::Tick).await;
        let failed = |queue: &QueueName| (queue.clone(), Err(outage(Operation::Tick)));
        if self.check(Operation::Tick).is_err() {
            return tick.queues.iter().map(failed).collect();
        }
        let answers = self.inner.tick(tick).await;
        let answers = self.dark.hides(&self.clock, Operation::Tick, answers).await;
        without(self.cut_off.lock().unwrap().as_ref(), Operation::Tick, answers)
    }
}
