//! Pushes that wait for replicas, or for the disk.

use std::sync::Arc;
use std::time::Duration;

use tireless::{Durability, Producer};
use tireless_core::{Backend, Call, Effect, ErrorKind, NewTask, Push, WorkerId};
use tireless_testkit::server::TestServer;
use tireless_tests::{Library, Raw, eventually, fresh_namespace, small_cap};

const SOON: Duration = Duration::from_secs(30);

const BRIEFLY: Durability =
    Durability::Replicated { replicas: 1, timeout: Duration::from_millis(200) };

async fn connect<L: Library>(server: &TestServer) -> Arc<dyn Backend> {
    let broker = L::connect(&server.url(), small_cap(fresh_namespace())).await;
    broker.expect("a broker")
}

async fn follower(master: &TestServer) -> TestServer {
    let port = master.port().to_string();
    let replica = TestServer::with_args(["--replicaof", "127.0.0.1", &port]).expect("a replica");
    let in_step = async || {
        let replication = replica.ask(&["INFO", "replication"]).expect("an answer");
        replication.contains("master_link_status:up")
    };
    eventually("the replica is in step", SOON, in_step).await;
    replica
}

async fn what_no_replica_has_is_an_error_that_can_be_tried_again<L: Library>() {
    let master = TestServer::start().expect("a server");
    let broker = connect::<L>(&master).await;
    let producer = Producer::new(broker.clone()).durability(BRIEFLY);
    let push = producer.push_raw("q", "alone").prepare().expect("a push");
    let error = push.send().await.expect_err("there is no replica");
    assert_eq!((error.kind(), error.effect()), (ErrorKind::NotDurable, Effect::Maybe));
    assert!(error.to_string().contains(&push.id().to_string()), "{error}");

    let replica = follower(&master).await;
    let confirmed = async || push.send().await.is_ok_and(|receipt| receipt.id == push.id());
    eventually("it is there by now", SOON, confirmed).await;
    replica.stop().expect("a stop");
    let other = producer.push_raw("q", "behind its back").prepare().expect("a push");
    let mut hand = Raw::connect(&master.url()).await;
    for _ in 0..2 {
        // A repeat makes no task, and must not be confirmed for that: over a new connection neither,
        // which has written nothing.
        let error = other.send().await.expect_err("the replica stands still");
        assert_eq!(error.kind(), ErrorKind::NotDurable, "{error}");
        hand.command(&[b"CLIENT", b"KILL", b"TYPE", b"normal"]).await;
    }
    replica.cont().expect("a continuation");
    let confirmed = async || other.send().await.is_ok_and(|receipt| !receipt.existed);
    eventually("the replica goes on and confirms", SOON, confirmed).await;
    let counts = broker.counts(&"q".parse().expect("a name")).await.expect("counts");
    assert_eq!((counts.ready, counts.pushed), (2, 2), "each push made one task");
}

async fn a_confirmed_push_needs_no_script_on_the_server<L: Library>() {
    let master = TestServer::start().expect("a server");
    let broker = connect::<L>(&master).await;
    let _replica = follower(&master).await;
    let producer = Producer::new(broker).durability(Durability::REPLICATED);
    for _ in 0..3 {
        master.ask(&["SCRIPT", "FLUSH"]).expect("an answer");
        producer.push_raw("q", "x").await.expect("a push");
    }
}

async fn the_disk_is_waited_for_where_the_server_can_tell<L: Library>() {
    let plain = TestServer::start().expect("a server");
    let producer = Producer::new(connect::<L>(&plain).await).durability(Durability::FSYNCED);
    let error = producer.push_raw("q", "x").await.expect_err("it has no disk to speak of");
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Unsupported, Effect::Maybe));

    let logged = TestServer::builder().append_only().start().expect("a server");
    let mut raw = Raw::connect(&logged.url()).await;
    let can_tell = raw.try_command(&[b"WAITAOF", b"0", b"0", b"1"]).await.is_ok();
    let producer = Producer::new(connect::<L>(&logged).await).durability(Durability::FSYNCED);
    let answer = producer.push_raw("q", "x").await;
    match (can_tell, answer) {
        (true, Ok(_)) => {}
        (false, Err(error)) => assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}"),
        (can_tell, answer) => panic!("the server can tell: {can_tell}, and said {answer:?}"),
    }
}

fn push(durability: Durability) -> Push {
    Push {
        queue: "q".parse().expect("a name"),
        caller: WorkerId::new(),
        call: Call { number: 1, answered: 0 },
        tasks: vec![NewTask::new("x")],
        durability,
    }
}

async fn a_master_that_becomes_a_replica_lets_go_of_who_waits<L: Library>() {
    let (old, new) =
        (TestServer::start().expect("a server"), TestServer::start().expect("a server"));
    let broker = connect::<L>(&old).await;
    // The server knows the script from here on.
    broker.push(&push(Durability::Stored)).await.expect("a push");
    let push = push(Durability::Replicated { replicas: 1, timeout: SOON });
    let sending = tokio::spawn({
        let (broker, push) = (broker.clone(), push.clone());
        async move { broker.push(&push).await }
    });
    let waits = async || {
        let clients = old.ask(&["INFO", "clients"]).expect("an answer");
        clients.contains("blocked_clients:1")
    };
    eventually("the push is confirmed by nobody", SOON, waits).await;
    old.ask(&["REPLICAOF", "127.0.0.1", &new.port().to_string()]).expect("an answer");
    let error = sending.await.expect("an end").expect_err("it is master no more");
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, Effect::Maybe), "{error}");
    assert!(error.to_string().contains("UNBLOCKED"), "{error}");

    old.ask(&["REPLICAOF", "NO", "ONE"]).expect("an answer");
    let _replica = follower(&old).await;
    broker.push(&push).await.expect("the same push, confirmed");
}

async fn a_right_to_wait_that_is_missing_is_named<L: Library>() {
    let server = TestServer::start().expect("a server");
    let rules = ["on", ">pw", "~*", "+@all", "-wait"];
    let command: Vec<_> = ["ACL", "SETUSER", "pusher"].into_iter().chain(rules).collect();
    server.ask(&command).expect("a user");
    let url = server.url().replace("//", "//pusher:pw@");
    let broker = L::connect(&url, small_cap(fresh_namespace())).await.expect("a broker");
    let error = broker.push(&push(BRIEFLY)).await.expect_err("the user may not wait");
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Denied, Effect::Maybe), "{error}");
    assert!(error.to_string().contains("grant +wait"), "{error}");
}

crate::over_both!(
    what_no_replica_has_is_an_error_that_can_be_tried_again,
    a_confirmed_push_needs_no_script_on_the_server,
    the_disk_is_waited_for_where_the_server_can_tell,
    a_master_that_becomes_a_replica_lets_go_of_who_waits,
    a_right_to_wait_that_is_missing_is_named,
);
