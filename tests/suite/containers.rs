//! Servers in containers: the image that `TIRELESS_TEST_IMAGE` names, the official Redis unless it
//! is set. Without Docker, or without the image, these tests fail.

use std::time::Duration;

use bytes::Bytes;
use testcontainers::core::{IntoContainerPort, WaitFor};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, GenericImage};
use tireless::Producer;
use tireless_core::{Counts, Outcome, QueueName};
use tireless_testkit::fixtures::Actor;
use tireless_tests::{Library, eventually, fresh_namespace, small_cap};

const READY: &str = "Ready to accept connections";
const SOON: Duration = Duration::from_secs(60);

async fn container() -> (ContainerAsync<GenericImage>, String) {
    let image = std::env::var("TIRELESS_TEST_IMAGE").unwrap_or_else(|_| "redis:7.4".to_owned());
    let (name, tag) = image.rsplit_once(':').expect("TIRELESS_TEST_IMAGE is NAME:TAG");
    let image = GenericImage::new(name, tag)
        .with_exposed_port(6379.tcp())
        .with_wait_for(WaitFor::message_on_stdout(READY));
    let container = image.start().await.unwrap_or_else(|error| panic!("{name}:{tag}: {error}"));
    let url = url_of(&container).await;
    (container, url)
}

async fn url_of(container: &ContainerAsync<GenericImage>) -> String {
    let host = container.get_host().await.expect("the host");
    let port = container.get_host_port_ipv4(6379).await.expect("the port");
    format!("redis://{host}:{port}")
}

/// Pushes with a producer, runs one task by hand and the rest in a pool.
async fn end_to_end<L: Library>() {
    let (_container, url) = container().await;
    let broker = L::connect(&url, small_cap(fresh_namespace())).await.expect("a connection");
    let queue = QueueName::new("mail").expect("a legal name");
    let producer = Producer::new(broker.clone());
    let bodies = (0..100).map(|task| task.to_string());
    producer.push_all_raw(&queue, bodies).await.expect("a push");
    let actor = Actor::new(broker.clone(), queue.clone(), Duration::from_secs(15));
    let held = actor.claim(1).await;
    actor.finish(&held, Outcome::ACK).await;
    let pool = tireless::WorkerPool::new(broker.clone());
    let pool = pool.handle_raw(&queue, |_: Bytes| async {}).start().await.expect("a pool");
    let counts = async || -> Counts { broker.counts(&queue).await.expect("counts") };
    eventually("all done", SOON, async || counts().await.done == 100).await;
    assert_eq!(pool.shutdown().await.done, 99);
    assert_eq!(counts().await.workers, 1, "the one that claimed by hand");
}

/// A paused container answers nothing, as a network that is gone.
async fn paused<L: Library>() {
    let (container, url) = container().await;
    let broker = L::connect(&url, small_cap(fresh_namespace())).await.expect("a connection");
    let queue = QueueName::new("mail").expect("a legal name");
    let producer = Producer::new(broker.clone());
    let pool = tireless::WorkerPool::new(broker.clone());
    let pool = pool.handle_raw(&queue, |_: Bytes| async {}).start().await.expect("a pool");
    container.pause().await.expect("a pause");
    let push = tokio::spawn(async move { producer.push_raw("mail", "1").await });
    tokio::time::sleep(Duration::from_secs(2)).await;
    container.unpause().await.expect("an end of the pause");
    push.await.expect("no panic").expect("a push");
    let done = async || broker.counts(&queue).await.expect("counts").done == 1;
    eventually("done", SOON, done).await;
    assert_eq!(pool.shutdown().await.done, 1);
}

crate::over_both!(ignore "needs Docker: cargo xtask test --all": end_to_end, paused);
