//! A server that throws keys away: not for tasks, unless that is said; for operators always.

use tireless_testkit::server::TestServer;

use crate::harness::{Answer, tireless};

#[test]
fn an_evicting_server_takes_no_tasks_unless_that_is_said() {
    let args = ["--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"];
    let server = TestServer::with_args(args).unwrap();
    let run = |args: &[&str]| -> Answer {
        tireless().args(["--broker", &server.url()]).args(args).output().unwrap().into()
    };
    for args in [&["push", "q", "x"][..], &["work", "q", "--exec", "true", "--drain"]] {
        let said = run(args).failed(1);
        assert!(said.contains("allkeys-lru") && said.contains("--allow-eviction"), "{said}");
    }
    run(&["push", "q", "x", "--allow-eviction"]).ok();
    assert!(run(&["status"]).ok().contains('q'));
    run(&["requeue", "q", "--failed", "--yes"]).ok();
    run(&["--allow-eviction", "work", "q", "--exec", "true", "--drain"]).ok();
    assert!(run(&["bench", "--tasks", "10"]).failed(1).contains("noeviction"));
}
