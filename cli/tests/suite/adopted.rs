//! The operator's hand on a list that is adopted.

use std::time::Duration;

use serde_json::Value;
use tireless::{Adoption, ConnectOptions, Producer, QueueName};

use crate::harness::{Answer, Place, redis, server};

/// A list and a set, whose bodies other than `good` die at once.
struct Plain {
    place: Place,
    list: String,
    set: String,
}

impl Plain {
    fn new(bodies: &[&str]) -> Self {
        let place = Place::new();
        let [list, set] = ["list", "set"].map(|name| format!("{}-{name}", place.namespace()));
        let plain = Self { place, list, set };
        redis(&[&["lpush", &plain.list], bodies].concat());
        let exec = r#"read -r x || :; test "$x" = good"#;
        let work = ["work", "--drain", "--concurrency", "1", "--retries", "0", "--exec", exec];
        let said = plain.run(&work).failed(1);
        assert!(said.contains(&format!("ls --adopt {} --failed-set", plain.list)), "{said}");
        plain
    }

    fn run(&self, args: &[&str]) -> Answer {
        self.place.run(&[args, &["--adopt", &self.list, "--failed-set", &self.set]].concat())
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.run(&[&["--json"], args].concat()).ok()).unwrap()
    }

    /// What a program does that pushes to the list's queue; no command does.
    #[tokio::main(flavor = "current_thread")]
    async fn push_own(&self, body: &'static str, own_id: &str) -> String {
        let mut options = ConnectOptions::default();
        let adoption = Adoption {
            list: self.list.clone().into(),
            failed_set: self.set.clone().into(),
            sweep_every: Duration::from_secs(60),
        };
        options.adopted.insert(QueueName::new(&self.list).unwrap(), adoption);
        let broker = tireless::connect_with(&server().url(), options).await.unwrap();
        let push = Producer::new(broker).push_raw(&*self.list, body).own_id(own_id).await;
        push.unwrap().id.to_string()
    }

    fn status(&self) -> Value {
        self.json(&["status"])["queues"][0].clone()
    }

    fn dead(&self) -> Vec<String> {
        let listed = self.json(&["ls", "dead"]);
        let tasks = listed["tasks"].as_array().unwrap().iter();
        tasks.map(|task| task["id"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn dead_bodies_of_an_adopted_list_are_in_reach() {
    let plain = Plain::new(&["good", "bad", "worse", "worst"]);
    let status = plain.status();
    assert_eq!((status["done"].as_u64(), status["dead"].as_u64()), (Some(1), Some(3)), "{status}");
    assert_eq!(status["queue"].as_str(), Some(&*plain.list));
    let dead = plain.dead();
    let shown = plain.json(&["show", &dead[0]]);
    assert_eq!((shown["body"].as_str(), shown["state"].as_str()), (Some("bad"), Some("dead")));
    plain.run(&["requeue", &dead[0]]).ok();
    assert_eq!(plain.status()["ready"].as_u64(), Some(1));
    plain.run(&["rm", &dead[1]]).ok();
    assert_eq!(plain.dead(), [dead[2].clone()]);
    plain.run(&["pause"]).ok();
    assert_eq!(plain.status()["paused"].as_bool(), Some(true));
    plain.run(&["resume"]).ok();
    assert_eq!(plain.status()["paused"].as_bool(), Some(false));
    assert_eq!(plain.json(&["requeue", "--dead", "--yes"])["requeued"].as_u64(), Some(1));
    assert_eq!(plain.json(&["purge", "ready", "--yes"])["removed"].as_u64(), Some(2));
    redis(&["lpush", &plain.list, "good", "good"]);
    assert_eq!(plain.status()["inbox"].as_u64(), Some(2));
}

#[test]
fn tasks_of_an_adopted_list_are_named_by_own_ids() {
    let plain = Plain::new(&["bad"]);
    let id = plain.push_own("bad", "mine");
    let shown = plain.json(&["show", "--id", "mine"]);
    assert_eq!((shown["id"].as_str(), shown["state"].as_str()), (Some(&*id), Some("ready")));
    assert!(plain.run(&["show", "--id", "yours"]).failed(1).contains("under the own id"));
    let said = plain.run(&["requeue", "--id", "mine"]).failed(1);
    assert!(said.contains(&format!("left alone: {id}")), "{said}");
    plain.run(&["work", "--drain", "--retries", "0", "--exec", "false"]).failed(1);
    plain.run(&["requeue", "--id", "mine"]).ok();
    let dead = plain.dead();
    let removed = plain.json(&["rm", "--id", "mine", &dead[0]]);
    assert_eq!(removed["removed"], serde_json::json!([dead[0], id]), "{removed}");
    let said = plain.run(&["show", &id, "--id", "mine"]).failed(2);
    assert!(said.contains("not by both"), "{said}");
}

#[test]
fn what_is_damaged_beside_an_adopted_list_is_mended() {
    let plain = Plain::new(&["bad", "worse"]);
    redis(&["zremrangebyrank", &format!("tireless:{{{}}}:dead", plain.list), "0", "0"]);
    assert_eq!(plain.status()["dead"].as_u64(), Some(1));
    let seen = plain.json(&["reconcile"])["queues"][0].clone();
    assert_eq!(seen["queue"].as_str(), Some(&*plain.list));
    assert_eq!((seen["lost"].as_u64(), seen["mended"].as_u64()), (Some(1), Some(1)), "{seen}");
    assert_eq!(plain.status()["ready"].as_u64(), Some(1));
    let again = plain.run(&["reconcile"]);
    assert!(again.out.contains(&plain.list) && again.err.is_empty(), "{again:?}");
    assert_eq!(plain.place.run(&["reconcile"]).ok(), "no queue is in use");
}

#[test]
fn an_adopted_list_is_no_queue_of_its_name() {
    let plain = Plain::new(&["good", "bad"]);
    plain.run(&["requeue", "--dead", "--yes"]).ok();
    assert_eq!(plain.place.run(&["status"]).ok(), "no queue is in use");
    for command in ["status", "pause"] {
        let said = plain.place.run(&[command, &plain.list]).err;
        assert!(said.contains("no queue") && said.contains("--adopt"), "{said}");
        assert_eq!(plain.run(&[command]).err, "");
    }
    plain.place.run(&["push", "q", "x"]).ok();
    assert_eq!(plain.place.run(&["pause", "q"]).err, "");
}

#[test]
fn a_list_that_is_taken_for_a_queue_reassures_nobody() {
    let plain = Plain::new(&["good", "bad"]);
    let (list, id) = (&*plain.list, &*plain.dead()[0]);
    for args in [
        &["ls", list, "dead"][..],
        &["requeue", list, "--dead", "--yes"],
        &["purge", list, "dead", "--yes"],
        &["reconcile", list],
        &["rm", list, id],
        &["requeue", list, id],
    ] {
        let said = plain.place.run(args).err;
        assert!(said.contains(&format!("no queue {list} is in use; a plain list")), "{said}");
    }
    assert!(plain.place.run(&["show", list, id]).failed(1).contains("--adopt"));
    assert!(plain.place.run(&["show", list, "--id", "mine"]).failed(1).contains("--adopt"));
    for args in
        [&["ls", "ready"][..], &["purge", "ready", "--yes"], &["requeue", "--dead", "--yes"]]
    {
        assert!(!plain.run(args).err.contains("is in use"), "{args:?}");
    }
}

#[test]
fn a_queue_that_only_others_pushed_to_is_no_mistake() {
    let place = Place::new();
    redis(&["lpush", &place.key("mail", "inbox"), "x"]);
    let seen = place.run(&["status", "mail"]);
    assert!(seen.out.contains("1 in the inbox") && seen.err.is_empty(), "{seen:?}");
    assert!(place.run(&["status", "male"]).err.contains("no queue male is in use"));
}

#[test]
fn what_is_said_of_an_odd_list_can_be_pasted() {
    let place = Place::new();
    let list = format!("{}'s list", place.namespace());
    redis(&["lpush", &list, "bad"]);
    let keys = ["--adopt", &list, "--failed-set", "my set"];
    let work = ["work", "--drain", "--retries", "0", "--exec", "echo $TIRELESS_QUEUE; exit 1"];
    let worked = place.run(&[&work, &keys[..]].concat());
    assert_eq!(worked.out.trim(), "adopted");
    let quoted = list.replace('\'', r"'\''");
    let expected = format!("tireless ls --adopt '{quoted}' --failed-set 'my set' dead");
    assert!(worked.err.contains(&expected), "{worked:?}");
    assert!(place.run(&[&["status"], &keys[..]].concat()).out.contains("adopted"));
}

#[test]
fn a_queue_beside_an_adopted_list_is_wrong_usage() {
    let place = Place::new();
    let id = tireless::TaskId::new().to_string();
    let keys = ["--adopt", "l", "--failed-set", "s"];
    let cases: &[(&[&str], &str)] = &[
        (&["status", "q"], "cannot be used"),
        (&["pause", "q"], "cannot be used"),
        (&["reconcile", "q"], "cannot be used"),
        (&["ls", "q", "dead"], "q is no"),
        (&["ls"], "name a state: ready, "),
        (&["purge", "--yes"], "name a state: ready, "),
        (&["show"], "name a task by its id"),
        (&["show", "q", &id], "q is no"),
        (&["show", &id, &id], "leave"),
        (&["rm", "q", &id], "q is no"),
        (&["rm"], "name the tasks"),
        (&["requeue", "q", "--dead", "--yes"], "q is no"),
        (&["requeue"], "--dead"),
        (&["purge", "q", "dead", "--yes"], "q is no"),
    ];
    for (args, expected) in cases {
        let said = place.run(&[args, &keys[..]].concat()).failed(2);
        assert!(said.contains(expected), "{args:?}: {said}");
    }
    for args in [&["ls", "dead"][..], &["show", &id], &["rm", &id], &["pause"], &["purge", "dead"]]
    {
        let said = place.run(args).failed(2);
        assert!(said.contains("--adopt") || said.contains("required"), "{args:?}: {said}");
        assert!(place.run(&[args, &["--adopt", "l"]].concat()).failed(2).contains("--failed-set"));
    }
}
