//! A Cluster that the tests of a process share, and the harness that proves the contract on it.

use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tireless_core::{Backend, QueueName};
use tireless_redis_broker::Settings;
use tireless_testkit::Harness;
use tireless_testkit::set_up::TestCluster;

use crate::library::{CAP, push_plain};
use crate::{Library, fresh_namespace, small_cap};

/// The one Cluster of this process, without replicas: for tests that do nothing to it.
fn shared_cluster() -> &'static TestCluster {
    // Never dropped: the guards of its servers end them together with the process.
    static CLUSTER: OnceLock<Result<TestCluster, String>> = OnceLock::new();
    let start = || TestCluster::start(0).map_err(|error| error.to_string());
    match CLUSTER.get_or_init(start) {
        Ok(cluster) => cluster,
        Err(error) => panic!("no Cluster to test: {error}"),
    }
}

/// A broker of one library on the Cluster that the tests share, in a namespace of its own.
#[derive(Debug)]
pub struct ClusterHarness<L> {
    settings: Settings,
    broker: Arc<dyn Backend>,
    library: PhantomData<L>,
}

#[async_trait]
impl<L: Library> Harness for ClusterHarness<L> {
    async fn fresh() -> Self {
        let settings = small_cap(fresh_namespace());
        let broker = L::connect(&shared_cluster().url(), settings.clone()).await;
        let broker = broker.unwrap_or_else(|error| panic!("{}: {error}", L::NAME));
        Self { settings, broker, library: PhantomData }
    }

    fn broker(&self) -> Arc<dyn Backend> {
        self.broker.clone()
    }

    async fn another(&self) -> Arc<dyn Backend> {
        let broker = L::connect(&shared_cluster().url(), self.settings.clone()).await;
        broker.unwrap_or_else(|error| panic!("{}: {error}", L::NAME))
    }

    async fn advance(&self, duration: Duration) {
        tokio::time::sleep(duration + Duration::from_millis(3)).await;
    }

    async fn push_plain(&self, queue: &QueueName, body: Bytes) {
        let cluster = shared_cluster();
        let tag = format!("{{{}/{queue}/0}}", self.settings.namespace);
        let master = cluster.master_of(&tag).expect("a master");
        push_plain(&cluster.servers[master].url(), &self.settings.namespace, queue, &body).await;
    }

    fn cap(&self) -> usize {
        CAP
    }
}
