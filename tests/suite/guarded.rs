//! A Cluster, and a master behind sentinels, that speak TLS only and let nobody in but the users
//! of `docs/acl`.

#[path = "../../redis-broker/tests/client/certificates.rs"]
mod certificates;

use std::time::Duration;

use tireless::Durability;
use tireless_core::ErrorKind;
use tireless_testkit::server::{TestServer, TestServerBuilder};
use tireless_testkit::set_up::{TestCluster, TestSentinels};
use tireless_tests::{Library, Traffic, fresh_namespace, small_cap};

use certificates::{Certificates, shown};

const WORKER: &str = include_str!("../../docs/acl/worker.acl");

const RESUMED: Duration = Duration::from_secs(30);

/// What replicas and the tests' own hands enter as. Nobody of ours may.
const OTHERS: &str = "user default on nopass ~* &* +@all";

/// A server with TLS only, that knows the worker of the template with these rights besides.
fn guarded(
    server: TestServerBuilder,
    certificates: &Certificates,
    besides: &str,
) -> TestServerBuilder {
    let worker = WORKER.trim().replace("CHANGE-ME", "pw");
    let server =
        server.tls(certificates.of_server()).config(format!("{OTHERS}\n{worker} {besides}\n"));
    server.with_args(["--tls-replication", "yes"])
}

/// The URL with the worker's name and this password, and with whom to trust.
fn entered(url: &str, password: &str, certificates: &Certificates) -> String {
    let ca = shown(&certificates.path("ca.pem"));
    url.replace("://", &format!("://tireless-worker:{password}@")) + &format!("&ca={ca}")
}

/// The users of our connections to these servers.
fn users(servers: &[TestServer]) -> Vec<String> {
    let lists: Vec<String> = servers
        .iter()
        .map(|server| server.ask(&["CLIENT", "LIST"]).expect("a list of clients"))
        .collect();
    let ours =
        lists.iter().flat_map(|list| list.lines()).filter(|line| line.contains(" name=tireless"));
    ours.filter_map(|line| line.split(' ').find_map(|word| word.strip_prefix("user=")))
        .map(str::to_owned)
        .collect()
}

fn only_the_worker_has_entered(servers: &[TestServer]) {
    let users = users(servers);
    assert!(!users.is_empty());
    assert!(users.iter().all(|user| user == "tireless-worker"), "{users:?}");
}

async fn refused<L: Library>(url: &str, kind: ErrorKind, part: &str) {
    let error = L::connect(url, small_cap(fresh_namespace())).await.expect_err("a refusal");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(part), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

async fn a_cluster_of_users_over_tls<L: Library>() {
    let certificates = Certificates::new();
    let mut cluster = TestCluster::start_with(1, |server| {
        let server = guarded(server, &certificates, "+cluster|slots +asking");
        server.with_args(["--tls-cluster", "yes"])
    })
    .expect("a Cluster");
    let url = entered(&cluster.url(), "pw", &certificates);
    let queues = ["one", "two", "three"];
    let traffic = Traffic::start::<L>(&url, &queues, Durability::REPLICATED).await;
    only_the_worker_has_entered(&cluster.servers);

    let key = traffic.tag("one");
    let master = cluster.master_of(&key).expect("a master");
    cluster.move_slot(&key, (master + 1) % 3, 4).expect("a move");
    traffic.goes_on(RESUMED).await;

    let old = cluster.master_of(&key).expect("a master");
    cluster.servers[old].kill();
    cluster.until_healthy().expect("a promotion");
    cluster.servers[old].restart().expect("the old master as a replica");
    traffic.goes_on(RESUMED).await;
    only_the_worker_has_entered(&cluster.servers);
    let sum = traffic.end().await;
    assert!(sum.lost.is_empty(), "confirmed and lost: {:?}", sum.lost);

    refused::<L>(&entered(&cluster.url(), "hunter2", &certificates), ErrorKind::Denied, "password")
        .await;
    let plain = cluster.url().replace("rediss-", "redis-");
    refused::<L>(&plain, ErrorKind::Unavailable, "rediss://").await;
}

async fn sentinels_of_users_over_tls<L: Library>() {
    let certificates = Certificates::new();
    let mut set_up = TestSentinels::watched_with(
        1,
        |server| guarded(server, &certificates, "+role"),
        |sentinel| sentinel.tls(certificates.of_server()).with_args(["--tls-replication", "yes"]),
    )
    .expect("sentinels");
    let url = entered(&set_up.url(), "pw", &certificates);
    let traffic = Traffic::start::<L>(&url, &["one"], Durability::REPLICATED).await;
    only_the_worker_has_entered(&set_up.servers);

    let old = set_up.kill_master().expect("a failover");
    set_up.servers[old].restart().expect("the old master as a replica");
    traffic.goes_on(RESUMED).await;
    set_up.until_healthy().expect("health");
    only_the_worker_has_entered(&set_up.servers);
    let sum = traffic.end().await;
    assert!(sum.lost.is_empty(), "confirmed and lost: {:?}", sum.lost);

    refused::<L>(&entered(&set_up.url(), "hunter2", &certificates), ErrorKind::Denied, "password")
        .await;
}

crate::over_both!(a_cluster_of_users_over_tls, sentinels_of_users_over_tls);
