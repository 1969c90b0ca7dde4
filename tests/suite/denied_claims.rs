//! Claims of raw bodies that are refused halfway: they give nothing, lose nothing and leave nothing behind.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::Value;
use tireless_core::{
    Backend, Claim, ClaimFrom, ClaimMode, ClaimedTask, Error, ErrorKind, QueueName, WorkerId,
};
use tireless_redis_broker::{Adoption, Settings};
use tireless_testkit::Harness;
use tireless_testkit::fixtures::Bench;
use tireless_testkit::server::TestServer;
use tireless_tests::{Library, Raw, RedisHarness, RedisRs, fresh_namespace};

/// Two bodies in the inbox of a queue or in an adopted list, and a worker whose rights change.
struct Scene {
    admin: Raw,
    broker: Arc<dyn Backend>,
    queue: QueueName,
    /// How the names of the queue's own keys begin.
    prefix: String,
    list: String,
    worker: WorkerId,
}

const ALL_RIGHTS: &str = "+@all resetkeys ~*";

impl Scene {
    async fn set<L: Library>(server: &TestServer, adopted: bool) -> Self {
        let mut settings = Settings::of(fresh_namespace());
        let queue = QueueName::new("raw").expect("a legal name");
        let mut list = format!("list-{}", settings.namespace);
        let mut prefix = format!("tireless:{{{list}}}:");
        if adopted {
            let [list, failed_set] = [list.clone(), format!("{{{list}}}-failed")].map(Bytes::from);
            let adoption = Adoption { list, failed_set, sweep_every: Duration::from_secs(60) };
            settings.adopted.insert(queue.clone(), adoption);
        } else {
            prefix = format!("tireless:{{{}/{queue}/0}}:", settings.namespace);
            list = format!("{prefix}inbox");
        }
        let mut admin = Raw::connect(&server.url()).await;
        rights(&mut admin, ALL_RIGHTS).await.expect("a user");
        let url = server.url().replace("//", "//worker:pw@");
        let broker = L::connect(&url, settings).await.expect("a broker");
        admin.command(&[b"LPUSH", list.as_bytes(), b"first", b"second"]).await;
        Self { admin, broker, queue, prefix, list, worker: WorkerId::new() }
    }

    async fn claim(&self, number: u64) -> Result<Vec<ClaimedTask>, Error> {
        let from = ClaimFrom { queue: self.queue.clone(), max: 10, inbox: true };
        let (worker, mode, lease) = (self.worker, ClaimMode::Shared, Duration::from_secs(60));
        let claim = Claim { worker, number, lease, mode, queues: vec![from] };
        self.broker.claim(&claim).await.remove(0).1.map(|claimed| claimed.tasks)
    }

    /// How many bodies wait, and what there is besides them.
    async fn left(&mut self) -> (Value, Vec<String>) {
        let waiting = self.admin.command(&[b"LLEN", self.list.as_bytes()]).await;
        let keys = self.admin.keys(&self.prefix).await.into_iter();
        let keys = keys.map(|key| String::from_utf8_lossy(&key[self.prefix.len()..]).into_owned());
        // Of the queue's own record counters are left that say nothing.
        (waiting, keys.filter(|part| part != "inbox" && part != "queue").collect())
    }
}

async fn rights(admin: &mut Raw, words: &str) -> redis::RedisResult<Value> {
    let mut command: Vec<&[u8]> = vec![b"ACL", b"SETUSER", b"worker", b"on", b">pw"];
    command.extend(words.split_whitespace().map(str::as_bytes));
    admin.try_command(&command).await
}

async fn a_claim_that_lacks_a_right_leaves_every_body<L: Library>() {
    let server = TestServer::start().expect("a server");
    let commands = ["-rpop", "-hset", "-hincrby", "-zadd", "-persist", "-hdel", "-lindex"];
    for adopted in [false, true] {
        for lacks in
            commands.into_iter().chain(adopted.then_some("resetkeys ~tireless:* %R~list-*"))
        {
            let mut scene = Scene::set::<L>(&server, adopted).await;
            // Redis 6.2 knows no rights to read only.
            if rights(&mut scene.admin, lacks).await.is_err() {
                continue;
            }
            for number in 1..4 {
                let error = scene.claim(number).await.expect_err("a right is missing");
                assert_eq!(error.kind(), ErrorKind::Denied, "{lacks}: {error}");
                assert_eq!(scene.left().await, (Value::Int(2), Vec::new()), "{lacks}, {number}");
            }
            rights(&mut scene.admin, ALL_RIGHTS).await.expect("a user");
            let given = scene.claim(4).await.expect("a claim");
            let bodies: Vec<_> = given.iter().map(|task| &task.envelope[4..]).collect();
            assert_eq!(bodies, [&b"first"[..], b"second"], "{lacks}");
            assert_eq!(scene.left().await.0, Value::Int(0), "{lacks}");
        }
    }
}

crate::over_both!(a_claim_that_lacks_a_right_leaves_every_body);

/// A counter that is damaged refuses to count.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_is_refused_halfway_leaves_the_inbox() {
    let harness = RedisHarness::<RedisRs>::fresh().await;
    let bench = Bench::new(&harness);
    harness.push_plain(&bench.queue, "raw".into()).await;
    let (mut raw, counters) = (harness.raw().await, harness.key(&bench.queue, "queue"));
    raw.command(&[b"HSET", counters.as_bytes(), b"pushed", b"many"]).await;
    let worker = bench.worker();
    let mut claim = worker.claim_call(1, ClaimMode::Shared);
    claim.queues[0].inbox = true;
    assert!(bench.broker.claim(&claim).await.remove(0).1.is_err());
    raw.command(&[b"HSET", counters.as_bytes(), b"pushed", b"0"]).await;
    assert_eq!(bench.counts().await.inbox, 1);
    assert_eq!(worker.claim_inbox(1).await.tasks.len(), 1);
}
