//! `doctor`, and the commands under the users of `docs/acl`.

use std::process::Stdio;

use serde_json::Value;
use tireless_testkit::server::TestServer;
use tireless_testkit::set_up::TestCluster;

use crate::harness::{Answer, Running, eventually, finish, tireless};

fn run(url: &str, args: &[&str]) -> Answer {
    tireless().args(["--broker", url]).args(args).output().unwrap().into()
}

fn json(url: &str, code: i32, args: &[&str]) -> Value {
    let answer = run(url, &[&["--json", "doctor"], args].concat());
    assert_eq!(answer.code, code, "{answer:?}");
    serde_json::from_str(&answer.out).unwrap()
}

fn finding<'a>(answer: &'a Value, what: &str) -> (&'a str, &'a str) {
    let found = answer["findings"].as_array().unwrap().iter().find(|one| one["what"] == what);
    let found = found.unwrap_or_else(|| panic!("no {what} in {answer}"));
    (found["verdict"].as_str().unwrap(), found["found"].as_str().unwrap())
}

#[test]
fn a_good_server_is_0_and_a_bad_one_is_1() {
    let args = ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory", "64mb"];
    let good = TestServer::with_args(args).unwrap();
    for client in ["redis-rs", "fred"] {
        let answer = json(&good.url(), 0, &["--client", client, "--role", "worker"]);
        assert_eq!(answer["ok"].as_bool(), Some(true));
        for what in ["server", "memory", "persistence", "replication", "clock"] {
            assert_eq!(finding(&answer, what).0, "ok", "{answer}");
        }
        let lost = answer["losses"][1]["lost"].as_str().unwrap();
        assert!(lost.starts_with("nothing that was answered"), "{lost}");
    }
    let args = ["--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"];
    let bad = TestServer::with_args(args).unwrap();
    let answer = json(&bad.url(), 1, &[]);
    assert_eq!(answer["ok"].as_bool(), Some(false));
    assert_eq!(finding(&answer, "memory").0, "problem");
    assert_eq!(finding(&answer, "persistence").0, "problem");
    assert_eq!(answer["losses"][0]["lost"].as_str(), Some("everything"));
    let said = run(&bad.url(), &["doctor"]);
    assert_eq!(said.code, 1);
    for part in ["problem  memory", "-> set maxmemory-policy noeviction", "would be lost"] {
        assert!(said.out.contains(part), "no {part:?} in {}", said.out);
    }
}

#[test]
fn a_replica_is_a_problem() {
    let primary = TestServer::start().unwrap();
    let port = primary.port().to_string();
    let replica = TestServer::with_args(["--replicaof", "127.0.0.1", &port]).unwrap();
    eventually("it follows", || {
        let answer = run(&primary.url(), &["--json", "doctor"]);
        let answer: Value = serde_json::from_str(&answer.out).unwrap();
        finding(&answer, "replication").1.contains("1 replica")
    });
    let answer = json(&primary.url(), 1, &[]);
    assert_eq!(finding(&answer, "replication").0, "warning", "none of them has to be near");
    let said = run(&replica.url(), &["doctor"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("is a replica") && !said.out.contains("there is none"), "{said:?}");
    let said = run(&replica.url(), &["pause", "q"]).failed(1);
    assert!(
        said.contains("is a replica") && said.contains("name the primary in the URL"),
        "{said}"
    );
}

#[test]
fn each_master_of_a_cluster_is_looked_at() {
    let logged = ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory", "64mb"];
    let mut cluster = TestCluster::start_with(0, |server| server.with_args(logged)).unwrap();
    let ports: Vec<_> = cluster.servers.iter().map(TestServer::port).collect();
    let places = |of: &[usize]| {
        let place = |at: &usize| format!("127.0.0.1:{}", ports[*at]);
        of.iter().map(place).collect::<Vec<_>>()
    };
    for client in ["redis-rs", "fred"] {
        let answer = json(&cluster.url(), 0, &["--client", client, "--role", "operator"]);
        assert_eq!(finding(&answer, "memory"), ("ok", finding(&answer, "memory").1), "{answer}");
        let latency = answer["findings"].as_array().unwrap().iter();
        assert_eq!(latency.filter(|one| one["what"] == "latency").count(), 3, "{answer}");
    }
    cluster.servers[1].ask(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).unwrap();
    cluster.servers[2].ask(&["CONFIG", "SET", "appendonly", "no"]).unwrap();
    for client in ["redis-rs", "fred"] {
        let refused = run(&cluster.url(), &["--client", client, "push", "q", "x"]).failed(1);
        assert!(refused.contains(&places(&[1])[0]) && refused.contains("noeviction"), "{refused}");
    }
    let answer = json(&cluster.url(), 1, &["--allow-eviction"]);
    let told = |what: &str| {
        let all = answer["findings"].as_array().unwrap().iter();
        let of_it = all.filter(|one| one["what"] == what);
        of_it.map(|one| (one["verdict"].clone(), one["servers"].clone())).collect::<Vec<_>>()
    };
    let mut evicts = told("memory");
    evicts.retain(|(verdict, _)| verdict == "problem");
    assert_eq!(evicts, [("problem".into(), places(&[1]).into())], "{answer}");
    let mut unlogged = told("persistence");
    unlogged.retain(|(verdict, _)| verdict == "problem");
    assert_eq!(unlogged, [("problem".into(), places(&[2]).into())], "{answer}");
    let said = run(&cluster.url(), &["doctor", "--allow-eviction"]);
    assert!(said.out.contains(&format!("(on {})", places(&[2])[0])), "{said:?}");
    cluster.servers[2].kill();
    let answer = json(&cluster.url(), 1, &["--allow-eviction"]);
    let all = answer["findings"].as_array().unwrap();
    // The others may say by then that the Cluster is down, which is as true.
    let is_away = |one: &&Value| one["what"] == "server" && one["verdict"] == "problem";
    let mut away = all.iter().filter(is_away).flat_map(|one| one["servers"].as_array().unwrap());
    assert!(away.any(|place| *place == places(&[2])[0]), "{answer}");
}

#[test]
fn the_users_of_the_templates_can_use_the_commands() {
    let server = TestServer::start().unwrap();
    let mut rules = String::new();
    for template in [
        include_str!("../../../docs/acl/worker.acl"),
        include_str!("../../../docs/acl/producer.acl"),
        include_str!("../../../docs/acl/viewer.acl"),
        include_str!("../../../docs/acl/operator.acl"),
    ] {
        rules.push_str(&template.replacen("user ", "ACL SETUSER ", 1).replace("CHANGE-ME", "pw"));
    }
    let mut cli = std::net::TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    for line in rules.lines() {
        use std::io::{Read, Write};
        write!(cli, "{line}\r\n").unwrap();
        let mut answer = [0; 5];
        cli.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"+OK\r\n", "{line}");
    }
    let at = |role: &str| server.url().replace("//", &format!("//tireless-{role}:pw@"));
    let [worker, producer, viewer, operator] = ["worker", "producer", "viewer", "operator"].map(at);
    let mut push = tireless();
    push.args(["--broker", &producer, "push", "q", "--lines", "-"]);
    Answer::from(finish(&mut push, b"good\nbad\n")).ok();
    let exec = r#"read -r x || :; test "$x" = good"#;
    let mut work = tireless();
    work.args(["--broker", &worker, "work", "q", "--retries", "0", "--exec", exec]);
    let work = Running(work.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    eventually("one is done, one is dead", || {
        let answer = run(&viewer, &["--json", "status"]).ok();
        answer.contains("\"done\":1") && answer.contains("\"dead\":1")
    });
    assert!(run(&viewer, &["workers"]).ok().contains('q'));
    assert_eq!(work.terminate(), Some(0));
    let id = run(&viewer, &["--json", "ls", "q", "dead"]).ok();
    let id: Value = serde_json::from_str(&id).unwrap();
    let id = id["tasks"][0]["id"].as_str().unwrap().to_owned();
    assert!(run(&viewer, &["show", "q", &id]).ok().contains("dead"));
    for refused in [&["push", "q", "x"][..], &["rm", "q", &id]] {
        let said = run(&viewer, refused).failed(1);
        assert!(said.contains("tireless doctor --role"), "{said}");
    }
    run(&operator, &["requeue", "q", &id]).ok();
    run(&operator, &["pause", "q"]).ok();
    run(&operator, &["resume", "q"]).ok();
    run(&operator, &["purge", "q", "ready", "--yes"]).ok();
    run(&operator, &["bench", "--tasks", "100"]).ok();
    for (role, url) in [("worker", &worker), ("producer", &producer), ("viewer", &viewer)] {
        // What it may not ask for is told as that, and is no more than a warning.
        let answer = json(url, 0, &["--role", role]);
        // Before 7.0 no server tells the rights, and that is not called well.
        let tells = !finding(&answer, "server").1.contains("redis 6.");
        let expected = if tells { "ok" } else { "unknown" };
        assert_eq!(finding(&answer, "rights").0, expected, "{answer}");
        assert_eq!(finding(&answer, "persistence").0, "warning", "{answer}");
        assert!(finding(&answer, "persistence").1.contains("not allowed to ask"), "{answer}");
        let lacked: Vec<_> = finding(&answer, "rights").1.split([',', ';', ' ']).collect();
        assert!(lacked.windows(3).all(|some| some[0] != some[2] || some[0].is_empty()), "{answer}");
        if tells {
            let answer = json(url, 1, &["--role", "operator"]);
            assert_eq!(finding(&answer, "rights").0, "problem", "{answer}");
        }
    }
}
