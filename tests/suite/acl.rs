//! The users of `docs/acl` on a real server: each can do its work, and nothing else.

use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tireless::{Backoff, Producer, RunPolicy, WorkerPool};
use tireless_core::{
    Backend, Checkup, Claim, ClaimFrom, ClaimMode, ErrorKind, List, OwnId, QueueName, Selection,
    State, UserRole, WorkerId,
};
use tireless_redis_broker::Settings;
use tireless_testkit::server::TestServer;
use tireless_tests::{Library, Raw, eventually, fresh_namespace};

crate::over_both!(
    producer_worker_and_viewer_do_their_work,
    what_a_role_must_not_do_is_refused,
    the_checkup_tells_what_a_user_lacks,
);

const SOON: Duration = Duration::from_secs(60);

const TEMPLATES: [(UserRole, &str); 4] = [
    (UserRole::Worker, include_str!("../../docs/acl/worker.acl")),
    (UserRole::Producer, include_str!("../../docs/acl/producer.acl")),
    (UserRole::Viewer, include_str!("../../docs/acl/viewer.acl")),
    (UserRole::Operator, include_str!("../../docs/acl/operator.acl")),
];

/// A server that knows the users of the templates.
struct Guarded {
    server: TestServer,
    settings: Settings,
    admin: Raw,
    queue: QueueName,
    /// Whether the server can say what a user may do.
    tells_rights: bool,
}

impl Guarded {
    async fn start() -> Self {
        let server = TestServer::start().unwrap_or_else(|error| panic!("no server: {error}"));
        let mut admin = Raw::connect(&server.url()).await;
        let info = admin.command(&[b"INFO", b"server"]).await;
        let before_7 = format!("{info:?}").contains("redis_version:6.");
        for (_, template) in TEMPLATES {
            let line = template.replace("CHANGE-ME", "pw");
            let mut command: Vec<&[u8]> = vec![b"ACL", b"SETUSER"];
            command.extend(line.split_whitespace().skip(1).map(str::as_bytes));
            admin.command(&command).await;
        }
        let queue = QueueName::new("mail").expect("a legal name");
        let settings = Settings::of(fresh_namespace());
        Self { server, settings, admin, queue, tells_rights: !before_7 }
    }

    fn url(&self, role: UserRole) -> String {
        self.server.url().replace("//", &format!("//tireless-{}:pw@", role.as_str()))
    }

    async fn broker<L: Library>(&self, role: UserRole) -> Arc<dyn Backend> {
        let broker = L::connect(&self.url(role), self.settings.clone()).await;
        broker.unwrap_or_else(|error| panic!("{} as {}: {error}", L::NAME, role.as_str()))
    }

    fn claim(&self) -> Claim {
        let queue = self.queue.clone();
        Claim {
            worker: WorkerId::new(),
            number: 1,
            lease: Duration::from_secs(1),
            mode: ClaimMode::Shared,
            queues: vec![ClaimFrom { queue, max: 1, inbox: false }],
        }
    }
}

/// A handler that fails with the body `bad`, and the first time with `again`.
fn run() -> impl Fn(Bytes) -> Ready<io::Result<()>> + Clone + Send + Sync + 'static {
    let seen = Arc::new(AtomicBool::new(false));
    move |body: Bytes| {
        let fails = match &body[..] {
            b"again" => !seen.swap(true, Ordering::SeqCst),
            b"bad" => true,
            _ => false,
        };
        ready(if fails { Err(io::Error::other("no luck")) } else { Ok(()) })
    }
}

async fn producer_worker_and_viewer_do_their_work<L: Library>() {
    let mut at = Guarded::start().await;
    let queue = at.queue.clone();
    let producer = Producer::new(at.broker::<L>(UserRole::Producer).await);
    let first = producer.push_raw(&queue, "good").own_id("mine").await.expect("a push");
    let again = producer.push_raw(&queue, "good").own_id("mine").await.expect("a push");
    assert_eq!(again.id, first.id);
    let viewer = at.broker::<L>(UserRole::Viewer).await;
    let mine = OwnId::new("mine").expect("a legal id");
    assert_eq!(viewer.find(&queue, &mine).await.expect("a look"), Some(first.id));
    producer.push_raw(&queue, "good").after(Duration::from_millis(300)).await.expect("a push");
    producer.push_all_raw(&queue, ["good", "again", "bad"]).await.expect("a batch");
    let inbox = format!("tireless:{{{}/{queue}/0}}:inbox", at.settings.namespace);
    at.admin.command(&[b"LPUSH", inbox.as_bytes(), b"good"]).await;

    let worker = at.broker::<L>(UserRole::Worker).await;
    // A worker that dies with a task: the pool takes it back.
    assert_eq!(worker.claim(&at.claim()).await[0].1.as_ref().expect("a claim").tasks.len(), 1);
    let policy = RunPolicy {
        retries: 1,
        backoff: Backoff::fixed(Duration::from_millis(50)),
        ..RunPolicy::default()
    };
    let pool = WorkerPool::new(worker.clone()).queue(&queue).inbox(true);
    let pool = pool.handle_raw_with(&queue, policy, run());
    let pool = pool.lease(Duration::from_secs(2)).beat(Duration::from_millis(500));
    let pool = pool.start().await.expect("a pool");

    eventually("all is done", SOON, async || {
        let counts = viewer.counts(&queue).await.expect("counts");
        (counts.done, counts.dead) == (5, 1)
    })
    .await;
    // What a tick took back may be done before the pool has read that tick's answer.
    eventually("the pool knows what it took back", SOON, async || {
        pool.stats().summary.reclaimed > 0
    })
    .await;
    assert_eq!(pool.stats().summary.reclaimed, 1);
    assert!(pool.health().is_ready(), "{:?}", pool.health());
    assert_eq!(viewer.queues().await.expect("queues"), std::slice::from_ref(&queue));
    assert_eq!(viewer.workers().await.expect("workers").len(), 1);
    for state in State::ALL {
        let list = List { queue: queue.clone(), state, cursor: 0, limit: 10 };
        let page = viewer.list(&list).await.expect("a page");
        assert_eq!(page.tasks.len(), usize::from(state == State::Dead), "{state}");
        for task in page.tasks {
            assert!(viewer.show(&queue, task.id).await.expect("a task").is_some());
        }
    }
    viewer.server().await.expect("what the server tells");
    pool.shutdown().await;
    mend::<L>(&at).await;
}

/// What an operator does.
async fn mend<L: Library>(at: &Guarded) {
    let queue = &at.queue;
    let operator = at.broker::<L>(UserRole::Operator).await;
    let dead = Selection::Oldest { state: State::Dead, limit: 10 };
    assert_eq!(operator.requeue(queue, &dead).await.expect("a requeue").moved, 1);
    operator.pause(queue).await.expect("a pause");
    operator.resume(queue).await.expect("a resume");
    operator.purge(queue, State::Ready, 10).await.expect("a purge");
    assert!(operator.discard(queue).await.expect("a discard"));
    operator.drain_limit(100, 100).await.expect("a yardstick");
}

async fn what_a_role_must_not_do_is_refused<L: Library>() {
    let at = Guarded::start().await;
    let refused = |error: tireless_core::Error| {
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    };
    let viewer = at.broker::<L>(UserRole::Viewer).await;
    let producer = Producer::new(viewer.clone()).patience(Duration::ZERO);
    refused(producer.push_raw(&at.queue, "x").await.expect_err("a push"));
    refused(viewer.pause(&at.queue).await.expect_err("a pause"));
    refused(viewer.purge(&at.queue, State::Dead, 1).await.expect_err("a purge"));
    for role in [UserRole::Producer, UserRole::Viewer] {
        // Something to take, without which no script gets as far as taking it.
        let tasks = Producer::new(at.broker::<L>(UserRole::Producer).await);
        tasks.push_raw(&at.queue, "x").await.expect("a push");
        let claimed = at.broker::<L>(role).await.claim(&at.claim()).await.remove(0).1;
        refused(claimed.expect_err("a claim"));
    }
    for (role, _) in TEMPLATES {
        let mut raw = Raw::connect(&at.url(role)).await;
        let words: &[&[&[u8]]] = &[
            &[b"FLUSHALL"],
            &[b"FLUSHDB"],
            &[b"KEYS", b"*"],
            &[b"SCAN", b"0"],
            &[b"CONFIG", b"SET", b"maxmemory", b"1"],
            &[b"CONFIG", b"GET", b"*"],
            &[b"ACL", b"LIST"],
            &[b"CLIENT", b"KILL", b"TYPE", b"normal"],
            &[b"SCRIPT", b"FLUSH"],
            &[b"EVAL", b"return 1", b"0"],
            &[b"SHUTDOWN", b"NOSAVE"],
            &[b"SET", b"tireless:x", b"1"],
            &[b"HGET", b"other", b"x"],
            &[b"SUBSCRIBE", b"x"],
        ];
        for command in words {
            let answer = raw.try_command(command).await;
            let error = answer.expect_err("it was refused").to_string();
            let command = String::from_utf8_lossy(command[0]);
            assert!(
                error.to_lowercase().contains("no permissions") || error.contains("NOPERM"),
                "{} {command}: {error}",
                role.as_str()
            );
        }
    }
}

/// What the one server tells.
async fn looked_at(broker: &dyn Backend) -> Checkup {
    let mut servers = broker.checkup().await.expect("a checkup");
    assert_eq!((servers.len(), &servers[0].place), (1, &None));
    servers.remove(0)
}

async fn the_checkup_tells_what_a_user_lacks<L: Library>() {
    let mut at = Guarded::start().await;
    for (role, _) in TEMPLATES {
        let checkup = looked_at(&*at.broker::<L>(role).await).await;
        assert!(checkup.name.known().is_some_and(|name| name.contains('.')), "{checkup:?}");
        assert_eq!(checkup.memory.known().map(|memory| memory.evicts), Some(false));
        assert_eq!(checkup.log.known(), Some(&false));
        assert_eq!(checkup.log_sync, tireless_core::Fact::NotAllowed);
        assert_eq!(checkup.round_trips.known().map(Vec::len), Some(100));
        assert!(checkup.clock_ahead_ms.known().is_some_and(|ahead| ahead.abs() < 5_000));
        let Some(rights) = checkup.rights.known() else {
            assert!(!at.tells_rights, "{checkup:?}");
            continue;
        };
        let lacking = |of: UserRole| {
            let found = rights.iter().find(|one| one.role == of).expect("each role");
            found.missing.clone()
        };
        assert!(lacking(role).is_empty(), "{}: {:?}", role.as_str(), lacking(role));
        if role != UserRole::Operator {
            assert!(lacking(UserRole::Operator).contains(&"unlink".to_owned()));
        }
        if role == UserRole::Viewer {
            assert!(lacking(UserRole::Producer).contains(&"hset".to_owned()));
            assert!(lacking(UserRole::Worker).contains(&"blpop".to_owned()));
        }
    }
    // The right commands on the wrong keys are of no use.
    let words: [&[u8]; 7] =
        [b"ACL", b"SETUSER", b"tireless-worker", b"resetkeys", b"~other:*", b"+@all", b"on"];
    at.admin.command(&words).await;
    let checkup = looked_at(&*at.broker::<L>(UserRole::Worker).await).await;
    let rights = checkup.rights.known().expect("what is missing");
    assert!(rights.iter().all(|one| !one.missing.is_empty()), "{rights:?}");
    let all = L::connect(&at.server.url(), at.settings.clone()).await.expect("a broker");
    let checkup = looked_at(&*all).await;
    assert_eq!(checkup.replicas_needed.known(), Some(&0));
    assert_eq!(checkup.snapshots.known().map(String::as_str), Some(""));
}
