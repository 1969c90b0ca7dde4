//! What an adopted queue keeps beside the plain list and set, looked at step by step: failed tasks come
//! back by ticks that the test sends.

use std::time::Duration;

use redis::Value;
use tireless::{Producer, State};
use tireless_core::{
    Call, Claim, ClaimFrom, ClaimMode, ClaimedTask, List, OwnId, QueueTicked, Selection, Settle,
    Settlement, TaskId, Tick, WorkerId,
};
use tireless_testkit::fixtures::fail;
use tireless_testkit::server::TestServer;
use tireless_tests::{Library, Raw, eventually};

use super::{Plain, Runs, SOON, bytes_of};

/// How long a failed task waits: no pool is there any more when its time is over.
const LATER: Duration = Duration::from_secs(2);

impl Plain {
    /// The key that keeps this for the list.
    fn part(&self, name: &str) -> Vec<u8> {
        [b"tireless:{", &self.list[..], b"}:", name.as_bytes()].concat()
    }

    async fn raw(&self) -> Raw {
        self.hand.clone()
    }

    async fn tick(&self, limit: usize) -> QueueTicked {
        let queues = vec![self.site.queue.clone()];
        let beat = Duration::from_secs(5);
        let tick = Tick { queues, limit, beat, anew: false, reclaim: None };
        self.site.broker.tick(&tick).await.remove(0).1.expect("a tick")
    }

    /// Lets a pool fail all of these tasks, and ends it.
    async fn fail_all(&self, tasks: u64) {
        self.fail_all_for(tasks, LATER).await;
    }

    /// As `fail_all`; they are due so much later.
    async fn fail_all_for(&self, tasks: u64, later: Duration) {
        let pool = Runs::default().pool(self, later).await;
        eventually("failed", SOON, async || self.site.counts().await.failed == tasks).await;
        pool.shutdown().await;
    }

    /// Ticks until something came back.
    async fn requeued(&self, limit: usize) -> QueueTicked {
        for _ in 0..200 {
            let ticked = self.tick(limit).await;
            if ticked.requeued > 0 {
                return ticked;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("nothing came back");
    }
}

pub(super) async fn attempts_of_a_body_that_others_took_end<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    plain.lpush(b"bad").await;
    plain.fail_all(1).await;
    let ends = async |plain: &Plain| {
        let key = plain.part("plain");
        matches!(plain.raw().await.command(&[b"PTTL", &key]).await, Value::Int(1..))
    };
    assert!(!ends(&plain).await, "it is the only record of a body that waits");
    assert_eq!(plain.requeued(10).await.requeued, 1);
    let taken = plain.raw().await.command(&[b"RPOP", &plain.list]).await;
    assert_eq!(bytes_of(taken), b"bad");
    assert!(ends(&plain).await, "nobody may ever tell of it again");
}

pub(super) async fn a_raw_task_with_an_own_id_keeps_it<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    let producer = Producer::new(plain.site.broker.clone());
    let push = async || {
        let push = producer.push_raw(&plain.site.queue, "bad").own_id("mine");
        push.await.expect("a push")
    };
    let mine = OwnId::new("mine").expect("a legal id");
    let find = async || plain.site.broker.find(&plain.site.queue, &mine).await.expect("a look");
    let first = push().await;
    assert_eq!(find().await, Some(first.id));
    plain.fail_all(1).await;
    assert_eq!(find().await, Some(first.id), "while its body is in the set");
    assert_eq!(plain.requeued(10).await.requeued, 1);
    assert_eq!(find().await, Some(first.id));
    let again = push().await;
    assert!(again.existed && again.id == first.id, "{first:?} {again:?}");
    assert_eq!(plain.site.list(State::Ready).await[0].history.attempts, 1);
}

pub(super) async fn large_bodies_come_back_a_few_at_a_time<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    for number in 0..6 {
        let body = [format!("bad {number}").as_bytes(), &vec![b'x'; 1024 * 1024 - 100]].concat();
        plain.lpush(&body).await;
    }
    plain.fail_all(6).await;
    tokio::time::sleep(LATER).await;
    let first = plain.requeued(500).await;
    assert_eq!((first.requeued, first.more), (4, true), "as many as one call may carry");
    let rest = plain.requeued(500).await;
    assert_eq!((rest.requeued, rest.more), (2, false));
}

pub(super) async fn large_bodies_are_requeued_and_purged_a_few_at_a_time<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    for number in 0..12 {
        let body = [format!("bad {number}").as_bytes(), &vec![b'x'; 1024 * 1024 - 100]].concat();
        plain.lpush(&body).await;
    }
    plain.fail_all_for(12, SOON).await;
    let (broker, queue) = (&plain.site.broker, &plain.site.queue);
    let oldest = Selection::Oldest { state: State::Failed, limit: 100 };
    let moved = broker.requeue(queue, &oldest).await.expect("a requeue");
    assert_eq!((moved.moved, moved.more), (4, true), "as many as one call may read");
    let purged = broker.purge(queue, State::Failed, 100).await.expect("a purge");
    assert_eq!((purged.removed, purged.more), (4, true));
    let ready = broker.purge(queue, State::Ready, 100).await.expect("a purge");
    assert_eq!((ready.removed, ready.more), (4, false));
    assert_eq!(plain.failed().await.len(), 4);
}

/// The tasks of one state, page by page.
async fn ids_in(plain: &Plain, state: State) -> Vec<TaskId> {
    let (mut ids, mut cursor) = (Vec::new(), 0);
    loop {
        let list = List { queue: plain.site.queue.clone(), state, cursor, limit: 100 };
        let page = plain.site.broker.list(&list).await.expect("a page");
        ids.extend(page.tasks.iter().map(|task| task.id));
        let Some(next) = page.next else { return ids };
        cursor = next;
    }
}

pub(super) async fn large_bodies_that_are_named_are_requeued_a_few_at_a_time<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    for number in 0..6 {
        let body = [format!("bad {number}").as_bytes(), &vec![b'x'; 1024 * 1024 - 100]].concat();
        plain.lpush(&body).await;
    }
    plain.fail_all_for(6, SOON).await;
    let (broker, queue) = (&plain.site.broker, &plain.site.queue);
    let mut ids = ids_in(&plain, State::Failed).await;
    assert_eq!(ids.len(), 6);
    ids.push(ids[0]);
    let named = Selection::Ids(ids.clone());
    for (expected, more) in [(4, true), (2, false), (0, false)] {
        let moved = broker.requeue(queue, &named).await.expect("a requeue");
        assert_eq!((moved.moved, moved.more), (expected, more), "as many as one call may read");
    }
    let ready = ids_in(&plain, State::Ready).await;
    assert_eq!(ready, ids[..6], "in the order in which they were named");
    assert_eq!(plain.failed().await, Vec::<Vec<u8>>::new());
}

pub(super) async fn a_clock_that_was_set_back_ends_no_sweep<L: Library>() {
    let plain = Plain::open::<L>(Duration::from_secs(1)).await;
    let tomorrow = (super::now() + Duration::from_secs(86_400)).as_millis().to_string();
    let mut hand = plain.raw().await;
    hand.command(&[b"HSET", &plain.part("queue"), b"swept", tomorrow.as_bytes()]).await;
    hand.command(&[b"SADD", &plain.failed_set, b"foreign"]).await;
    assert_eq!(plain.requeued(10).await.requeued, 1);
}

pub(super) async fn a_body_that_a_loop_moved_comes_back_once<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    plain.lpush(b"worse").await;
    plain.fail_all_for(1, 4 * LATER).await;
    // An old program's loop, before it is due here.
    let mut hand = plain.raw().await;
    assert_eq!(hand.command(&[b"SREM", &plain.failed_set, b"worse"]).await, Value::Int(1));
    plain.lpush(b"worse").await;
    plain.fail_all_for(2, 4 * LATER).await;
    tokio::time::sleep(4 * LATER).await;
    while plain.site.counts().await.failed > 0 {
        plain.tick(10).await;
    }
    let waiting = hand.command(&[b"LLEN", &plain.list]).await;
    assert_eq!(waiting, Value::Int(1), "one body was pushed, and one waits");
}

pub(super) async fn large_bodies_of_others_are_swept_a_few_at_a_time<L: Library>() {
    let plain = Plain::open::<L>(Duration::from_secs(1)).await;
    plain.tick(10).await;
    let mut hand = plain.raw().await;
    for number in 0..6 {
        let body = [format!("{number}").as_bytes(), &vec![b'x'; 1024 * 1024 - 100]].concat();
        hand.command(&[b"SADD", &plain.failed_set, &body]).await;
    }
    let swept = [plain.requeued(10).await.requeued, plain.requeued(10).await.requeued];
    assert_eq!(swept, [4, 2], "as many as one call may carry");
    assert_eq!(hand.command(&[b"LLEN", &plain.list]).await, Value::Int(6));
}

/// A body of which equal ones have crashed is a suspect as soon as it is taken in: whoever holds nothing has
/// to hear of it (B14).
pub(super) async fn a_suspect_taken_from_the_list_rings<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    let hash = b"4f8180239c18b3c600ae7870140229543f9f336f";
    let mut hand = plain.raw().await;
    let crashed_twice = [0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0];
    hand.command(&[b"HSET", &plain.part("plain"), hash, &crashed_twice]).await;
    plain.lpush(b"worse").await;
    assert_eq!(claim_waiting(&plain, WorkerId::new(), 1).await, []);
    assert_eq!(plain.site.counts().await.suspects, 1);
    assert_eq!(hand.command(&[b"LLEN", &plain.part("bell")]).await, Value::Int(1));
}

async fn claim_waiting(plain: &Plain, worker: WorkerId, number: u64) -> Vec<ClaimedTask> {
    let from = ClaimFrom { queue: plain.site.queue.clone(), max: 10, inbox: true };
    let (mode, lease) = (ClaimMode::Shared, SOON);
    let claim = Claim { worker, number, lease, mode, queues: vec![from] };
    plain.site.broker.claim(&claim).await.remove(0).1.expect("a claim").tasks
}

/// Claims all that waits in the list, and fails it.
async fn fail_waiting(plain: &Plain, number: u64, expected: usize) {
    let (broker, queue) = (&plain.site.broker, &plain.site.queue);
    let worker = WorkerId::new();
    let claimed = claim_waiting(plain, worker, number).await;
    assert_eq!(claimed.len(), expected);
    let fails =
        |task: &ClaimedTask| Settlement { claim: number, id: task.id, outcome: fail(LATER) };
    let outcomes = claimed.iter().map(fails).collect();
    let call = Call { number, answered: 0 };
    let settle = Settle { queue: queue.clone(), worker, call, outcomes };
    broker.settle(&settle).await.expect("a settle");
}

async fn all_come_back(plain: &Plain) {
    while plain.site.counts().await.failed > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        plain.tick(10).await;
    }
}

async fn in_list(plain: &Plain) -> Value {
    plain.raw().await.command(&[b"LLEN", &plain.list]).await
}

pub(super) async fn a_body_of_others_folds_into_none_of_ours<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    plain.lpush(b"same").await;
    plain.raw().await.command(&[b"SADD", &plain.failed_set, b"same"]).await;
    fail_waiting(&plain, 1, 1).await;
    assert_eq!(in_list(&plain).await, Value::Int(1), "theirs goes back");
    assert_eq!(plain.failed().await, [b"same"], "ours waits");
    fail_waiting(&plain, 2, 1).await;
    assert_eq!(in_list(&plain).await, Value::Int(0), "both are ours by now");
    all_come_back(&plain).await;
    assert_eq!(in_list(&plain).await, Value::Int(2));
}

pub(super) async fn a_lost_record_of_who_waits_multiplies_nothing<L: Library>() {
    let plain = Plain::open::<L>(SOON).await;
    for _ in 0..3 {
        plain.lpush(b"same").await;
    }
    let mut hand = plain.raw().await;
    let mut waiting = 3;
    for round in 1..4 {
        fail_waiting(&plain, 2 * round, waiting).await;
        hand.command(&[b"DEL", &plain.part("plain")]).await;
        plain.lpush(b"same").await;
        fail_waiting(&plain, 2 * round + 1, 1).await;
        all_come_back(&plain).await;
        let Value::Int(came_back) = in_list(&plain).await else { panic!("a length") };
        let came_back = usize::try_from(came_back).expect("a length");
        assert!((1..=waiting + 1).contains(&came_back), "{came_back} of {waiting} and one more");
        waiting = came_back;
    }
}

/// How many bytes the memory of scripts holds: what the last one has read is still there.
fn memory_of_scripts(server: &TestServer) -> usize {
    let told = server.ask(&["INFO", "memory"]).expect("an answer");
    let line = told.lines().find_map(|line| line.strip_prefix("used_memory_lua:"));
    line.expect("a figure").trim().parse().expect("a number")
}

/// Puts as many bodies of this size into the failed set, as another program would.
async fn put_into_set(plain: &Plain, bodies: usize, size: usize) {
    plain.tick(10).await;
    let mut hand = plain.raw().await;
    for number in 0..bodies {
        let body = [format!("{number:04}").as_bytes(), &vec![b'x'; size]].concat();
        hand.command(&[b"SADD", &plain.failed_set, &body]).await;
    }
}

/// Asserts that each body stands in the list once, and none in the set any more.
async fn all_are_swept(plain: &Plain, bodies: i64) {
    let mut hand = plain.raw().await;
    assert_eq!(hand.command(&[b"LLEN", &plain.list]).await, Value::Int(bodies));
    assert_eq!(hand.command(&[b"SCARD", &plain.failed_set]).await, Value::Int(0));
    let Value::Array(all) = hand.command(&[b"LRANGE", &plain.list, b"0", b"-1"]).await else {
        panic!("a list")
    };
    let distinct: std::collections::HashSet<_> = all.into_iter().map(bytes_of).collect();
    assert_eq!(distinct.len() as i64, bodies);
}

pub(super) async fn a_sweep_reads_no_more_than_it_moves<L: Library>() {
    let server = TestServer::start().expect("a server");
    let plain = Plain::at::<L>(server.url(), Duration::from_secs(1)).await;
    put_into_set(&plain, 60, 1024 * 1024).await;
    let (mut swept, mut ticks) = (0, 0);
    while swept < 60 {
        swept += plain.requeued(10).await.requeued;
        ticks += 1;
        let kept = memory_of_scripts(&server) / 1024 / 1024;
        assert!(kept < 40, "{kept} MiB of 60 were read in tick {ticks}");
    }
    assert!((6..=30).contains(&ticks), "{ticks} ticks");
    all_are_swept(&plain, 60).await;
}

pub(super) async fn small_bodies_of_others_are_swept_in_few_ticks<L: Library>() {
    let plain = Plain::open::<L>(Duration::from_secs(1)).await;
    put_into_set(&plain, 2_000, 100).await;
    let (mut swept, mut ticks) = (0, 0);
    while swept < 2_000 {
        let now = plain.requeued(10).await.requeued;
        assert!(now <= 600, "{now} in one tick");
        (swept, ticks) = (swept + now, ticks + 1);
    }
    assert!(ticks <= 8, "{ticks} ticks");
    all_are_swept(&plain, 2_000).await;
}
