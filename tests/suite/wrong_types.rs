//! B2: for every script and every key that it takes, that key with another type: the operation is
//! refused as `WrongType`, and no key has changed.

use std::sync::Arc;
use std::time::Duration;

use tireless_core::{
    Backend, BuryReason, Call, Claim, ClaimFrom, ClaimMode, Durability, Envelope, Error, ErrorKind,
    Failure, Held, List, NewTask, Outcome, OwnId, Push, QueueName, Reclaim, Reconcile, Reentry,
    ReleaseReason, Renew, Selection, Settle, Settlement, State, StoreTime, TaskId, Tick, WorkerId,
    WorkerInfo,
};
use tireless_redis_broker::layout::scripts;
use tireless_testkit::Harness;
use tireless_testkit::fixtures::{Bench, task_after};
use tireless_testkit::server::shared_url;
use tireless_tests::{Library, Raw, RedisHarness, RedisRs, fresh_namespace, small_cap};

/// A queue in which every key exists, and the calls that use it.
struct Scene {
    broker: Arc<dyn Backend>,
    raw: Raw,
    namespace: String,
    queue: QueueName,
    me: WorkerId,
    held: Vec<TaskId>,
    waiting: TaskId,
}

/// The own id of the task that waits.
const WAITING: &str = "waiting";

const HOUR: Duration = Duration::from_secs(3600);

impl Scene {
    async fn set() -> Self {
        Self::with(OwnId::new(WAITING).ok()).await
    }

    /// One in which nothing keeps an operation from its usual path: no task has a history, and the worker has
    /// settled before.
    async fn usual() -> Self {
        let scene = Self::with(None).await;
        let (_, claimed) = scene.broker.claim(&scene.claim(2, 3)).await.remove(0);
        let held = claimed.expect("a claim").tasks;
        let held: Vec<_> = held.iter().map(|task| task.id).collect();
        let settle = scene.settle_under(2, &held, vec![Outcome::ACK; 3], 1);
        scene.broker.settle(&settle).await.expect("a settle");
        scene
    }

    async fn with(own_id: Option<OwnId>) -> Self {
        let url = shared_url().expect("a server");
        let settings = small_cap(fresh_namespace());
        let namespace = settings.namespace.to_string();
        let broker = RedisRs::connect(&url, settings).await.expect("a connection");
        let queue = QueueName::new("wrong").expect("a legal name");
        let mut scene = Self {
            broker,
            raw: Raw::connect(&url).await,
            namespace,
            queue,
            me: WorkerId::new(),
            held: Vec::new(),
            waiting: TaskId::new(),
        };
        let mut tasks: Vec<_> = (0..20).map(|_| new_task()).collect();
        scene.waiting = tasks[19].id;
        tasks[19].own_id = own_id;
        let call = Call { number: 1, answered: 0 };
        let (queue, durability) = (scene.queue.clone(), Durability::Stored);
        let push = Push { queue, caller: scene.me, call, tasks, durability };
        scene.broker.push(&push).await.expect("a push");
        let (_, claimed) = scene.broker.claim(&scene.claim(1, 12)).await.remove(0);
        scene.held = claimed.expect("a claim").tasks.iter().map(|task| task.id).collect();
        // The tick before a reclaim is a step of its own: it has nothing to note for a minute.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = now.expect("a time").as_millis().to_string();
        let key = scene.key("queue");
        scene.raw.command(&[b"HSET", key.as_bytes(), b"checked", now.as_bytes()]).await;
        scene
    }

    fn claim(&self, number: u64, max: usize) -> Claim {
        let from = ClaimFrom { queue: self.queue.clone(), max, inbox: true };
        let lease = Duration::from_millis(1);
        let (worker, mode) = (self.me, ClaimMode::Shared);
        Claim { worker, number, lease, mode, queues: vec![from] }
    }

    fn key(&self, part: &str) -> String {
        let tag = match part {
            "queues" | "workers" | "worker-info" => self.namespace.clone(),
            _ => format!("{}/{}/0", self.namespace, self.queue),
        };
        match part {
            "running" | "pushes" | "settles" => format!("tireless:{{{tag}}}:{part}:{}", self.me),
            _ => format!("tireless:{{{tag}}}:{part}"),
        }
    }

    fn settle(&self, outcomes: Vec<Outcome>) -> Settle {
        self.settle_under(1, &self.held, outcomes, 1)
    }

    fn settle_under(
        &self,
        claim: u64,
        held: &[TaskId],
        outcomes: Vec<Outcome>,
        number: u64,
    ) -> Settle {
        let settlement = |(id, outcome): (&TaskId, Outcome)| Settlement { claim, id: *id, outcome };
        let outcomes = held.iter().zip(outcomes).map(settlement).collect();
        let call = Call { number, answered: number - 1 };
        Settle { queue: self.queue.clone(), worker: self.me, call, outcomes }
    }

    fn tick(&self, reclaim: bool) -> Tick {
        let not_after = StoreTime::from_millis(1 << 50);
        let reclaim = reclaim.then_some(Reclaim { not_after, bury_after_crashes: 3 });
        Tick {
            queues: vec![self.queue.clone()],
            limit: 100,
            beat: Duration::from_secs(5),
            anew: false,
            reclaim,
        }
    }

    /// The operation behind a script, with work for every branch that writes.
    async fn run(&self, script: &str) -> Result<(), Error> {
        let queue = &self.queue;
        match script {
            "push" => {
                let mut tasks = vec![new_task(), new_task()];
                tasks[0].own_id = OwnId::new("own").ok();
                tasks[1].when = tireless_core::When::After(HOUR);
                let call = Call { number: 2, answered: 1 };
                let (queue, durability) = (queue.clone(), Durability::Stored);
                let push = Push { queue, caller: self.me, call, tasks, durability };
                self.broker.push(&push).await.map(drop)
            }
            "usual push" => {
                let call = Call { number: 2, answered: 1 };
                let (queue, durability) = (queue.clone(), Durability::Stored);
                let tasks = vec![new_task(), new_task()];
                let push = Push { queue, caller: self.me, call, tasks, durability };
                self.broker.push(&push).await.map(drop)
            }
            "usual claim" => self.broker.claim(&self.claim(3, 4)).await.remove(0).1.map(drop),
            "usual ack" => {
                let settle = self.settle_under(1, &self.held, vec![Outcome::ACK; 12], 2);
                self.broker.settle(&settle).await.map(drop)
            }
            "claim" => self.broker.claim(&self.claim(2, 5)).await.remove(0).1.map(drop),
            "settle" => self.broker.settle(&self.settle(every_outcome())).await.map(drop),
            "ack" => self.broker.settle(&self.settle(vec![Outcome::ACK; 3])).await.map(drop),
            "renew" => {
                let held = vec![Held { queue: queue.clone(), claims: vec![], below: 9 }];
                let info = WorkerInfo::default();
                let renew = Renew { worker: self.me, lease: HOUR, held, info };
                self.broker.renew(&renew).await.remove(0).1.map(drop)
            }
            "tick" => self.broker.tick(&self.tick(false)).await.remove(0).1.map(drop),
            "reclaim" => self.broker.tick(&self.tick(true)).await.remove(0).1.map(drop),
            "requeue" => {
                let selection = Selection::Oldest { state: State::Dead, limit: 10 };
                self.broker.requeue(queue, &selection).await.map(drop)
            }
            "remove" => self.broker.remove(queue, &[self.waiting]).await.map(drop),
            "purge" => self.broker.purge(queue, State::Ready, 10).await.map(drop),
            "pause" => self.broker.pause(queue).await,
            "reconcile" => self.broker.reconcile(queue, &Reconcile::BEGIN).await.map(drop),
            "discard" => self.broker.discard(queue).await.map(drop),
            "resume" => self.broker.resume(queue).await,
            "counts" => self.broker.counts(queue).await.map(drop),
            "list" => {
                let state = State::Ready;
                let list = List { queue: queue.clone(), state, cursor: 0, limit: 10 };
                self.broker.list(&list).await.map(drop)
            }
            "show" => self.broker.show(queue, self.waiting).await.map(drop),
            "find" => self.broker.find(queue, &OwnId::new(WAITING)?).await.map(drop),
            "queues" => self.broker.queues().await.map(drop),
            "roll" => self.broker.workers().await.map(drop),
            other => panic!("the script {other} has no operation in this test: add it"),
        }
    }
}

fn new_task() -> NewTask {
    NewTask::new(Envelope::raw("body").encode().expect("an envelope"))
}

fn every_outcome() -> Vec<Outcome> {
    let failure = Failure::new("kind", "text");
    let (reentry, after) = (Reentry::Back, HOUR);
    vec![
        Outcome::ACK,
        Outcome::Ack { keep: Some(HOUR) },
        Outcome::Fail { failure: failure.clone(), retry_in: HOUR, reentry },
        Outcome::RELEASE,
        Outcome::Release { after, reason: ReleaseReason::Unknown, reentry },
        Outcome::Bury { reason: BuryReason::Asked, failure },
        Outcome::Snooze { delay: HOUR },
    ]
}

/// A key of another type: a string where a collection is expected.
async fn spoil(scene: &mut Scene, part: &str) {
    let key = scene.key(part);
    scene.raw.command(&[b"SET", key.as_bytes(), b"not yours"]).await;
}

/// Reading scripts decide by the first key that tells them the answer; they write nothing anyway.
const READS: [&str; 5] = ["counts", "list", "show", "queues", "roll"];

async fn check(script: &'static str, part: &str) {
    let mut scene = Scene::set().await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    spoil(&mut scene, part).await;
    // Another queue's keys, and the registry's, are other steps (B15).
    let keys = format!("{}/", scene.namespace);
    let before = scene.raw.snapshot(&keys).await;
    let answer = scene.run(script).await;
    if script == "reclaim" {
        // The tick before it is a step of its own, and keeps a row.
        let queue = scene.key("queue");
        let _not_if_spoiled = scene.raw.try_command(&[b"HDEL", queue.as_bytes(), b"row"]).await;
    }
    let after = scene.raw.snapshot(&keys).await;
    match answer {
        Err(error) if error.kind() == ErrorKind::WrongType => {
            let key = scene.key(part);
            assert!(error.to_string().contains(&key), "{script}: {error} does not name {key}");
        }
        Ok(()) if READS.contains(&script) => {}
        other => panic!("{script} with a spoiled {part}: {other:?}"),
    }
    assert!(before == after, "{script} with a spoiled {part} changed something");
}

#[tokio::test]
async fn a_key_of_another_type_ends_every_script_before_it_writes() {
    let mut checked = 0;
    for script in scripts() {
        // The registry's script is never alone in its call: it fails without an error to users.
        for part in script.keys.iter().filter(|_| script.script != "beat") {
            // A reclaim is led to by a tick, which has refused before where they share a key.
            check(script.script, part).await;
            checked += 1;
        }
    }
    assert!(checked > 100, "only {checked} pairs of script and key were checked");
}

/// What the usual push does not look at: it does not use it.
const PASSED_BY: [&str; 3] = ["history", "names", "scheduled"];

#[tokio::test]
async fn a_key_of_another_type_ends_the_usual_path_before_it_writes() {
    for script in scripts().into_iter().filter(|one| ["push", "claim", "ack"].contains(&one.script))
    {
        let path = format!("usual {}", script.script);
        for part in script.keys {
            let mut scene = Scene::usual().await;
            spoil(&mut scene, part).await;
            let keys = format!("{}/", scene.namespace);
            let before = scene.raw.snapshot(&keys).await;
            let answer = scene.run(&path).await;
            if script.script == "push" && PASSED_BY.contains(part) {
                assert!(answer.is_ok(), "{path} with a spoiled {part}: {answer:?}");
                continue;
            }
            let kind = answer.as_ref().err().map(Error::kind);
            assert_eq!(kind, Some(ErrorKind::WrongType), "{path}, {part}: {answer:?}");
            let after = scene.raw.snapshot(&keys).await;
            assert!(before == after, "{path} with a spoiled {part} changed something");
        }
    }
}

/// B2: a counter that somebody damaged is no wrong type, but ends a push before it writes as well.
#[tokio::test]
async fn a_damaged_counter_ends_a_push_before_it_writes() {
    for (path, scene) in [("push", Scene::set().await), ("usual push", Scene::usual().await)] {
        let mut scene = scene;
        let queue = scene.key("queue");
        scene.raw.command(&[b"HSET", queue.as_bytes(), b"pushed", b"many"]).await;
        let keys = format!("{}/", scene.namespace);
        let before = scene.raw.snapshot(&keys).await;
        let answer = scene.run(path).await;
        assert!(answer.is_err(), "{path}: {answer:?}");
        assert!(before == scene.raw.snapshot(&keys).await, "{path} was half applied: {answer:?}");
    }
}

#[tokio::test]
async fn without_a_spoiled_key_every_script_runs() {
    for script in scripts() {
        if script.script != "beat" {
            let scene = Scene::set().await;
            tokio::time::sleep(Duration::from_millis(5)).await;
            scene
                .run(script.script)
                .await
                .unwrap_or_else(|error| panic!("{}: {error}", script.script));
        }
    }
}

/// B15: a queue that is damaged says so, and hides nothing of the others in the same call.
async fn a_damaged_queue_hides_no_other<L: Library>() {
    let h = RedisHarness::<L>::fresh().await;
    let benches = [Bench::new(&h), Bench::new(&h), Bench::new(&h)];
    for b in &benches {
        b.push_one(task_after(b.unit())).await;
        b.push_one(task_after(HOUR)).await;
    }
    benches[0].pass_unit().await;
    let ready = h.key(&benches[1].queue, "ready");
    h.raw().await.command(&[b"SET", ready.as_bytes(), b"not yours"]).await;

    let queues = benches.iter().map(|b| b.queue.clone()).collect();
    let tick = Tick { queues, limit: 100, beat: HOUR, anew: false, reclaim: None };
    let ticked = h.broker().tick(&tick).await;
    let promoted = ticked.into_iter().map(|(_, answer)| answer.map(|answer| answer.promoted));
    let wrong = Err(ErrorKind::WrongType);
    assert_eq!(kinds(promoted), [Ok(1), wrong, Ok(1)], "a tick");

    let from = |b: &Bench<'_>| ClaimFrom { queue: b.queue.clone(), max: 5, inbox: false };
    let (worker, mode) = (WorkerId::new(), ClaimMode::Shared);
    let queues = benches.iter().map(from).collect();
    let claim = Claim { worker, number: 1, lease: HOUR, mode, queues };
    let claimed = h.broker().claim(&claim).await;
    let taken = claimed.into_iter().map(|(_, answer)| answer.map(|one| one.tasks.len() as u64));
    assert_eq!(kinds(taken), [Ok(1), wrong, Ok(1)], "a claim");

    let held = |b: &Bench<'_>| Held { queue: b.queue.clone(), claims: Vec::new(), below: 2 };
    let held = benches.iter().map(held).collect();
    let renew = Renew { worker, lease: HOUR, held, info: WorkerInfo::default() };
    let renewed = h.broker().renew(&renew).await;
    let released = renewed.into_iter().map(|(_, answer)| answer.map(|answer| answer.released));
    assert_eq!(kinds(released), [Ok(1), wrong, Ok(1)], "a renewal");
}

fn kinds<T>(answers: impl Iterator<Item = Result<T, Error>>) -> Vec<Result<T, ErrorKind>> {
    answers.map(|answer| answer.map_err(|error| error.kind())).collect()
}

crate::over_both!(a_damaged_queue_hides_no_other);
