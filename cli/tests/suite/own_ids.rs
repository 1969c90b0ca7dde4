//! Tasks that are named by ids of the user's own.

use serde_json::json;

use crate::harness::{Place, eventually};

/// A queue `q` in which `dead` is dead, `later` is scheduled and `next` is ready.
fn place() -> Place {
    let place = Place::new();
    place.run(&["push", "q", "1", "--id", "dead"]).ok();
    place.run(&["work", "q", "--drain", "--retries", "0", "--exec", "false"]).failed(1);
    place.run(&["push", "q", "2", "--id", "later", "--after", "1h"]).ok();
    place.run(&["push", "q", "3", "--id", "next"]).ok();
    place
}

#[test]
fn a_task_is_shown_by_its_own_id() {
    let place = place();
    for client in ["redis-rs", "fred"] {
        for (own_id, state) in [("dead", "dead"), ("later", "scheduled"), ("next", "ready")] {
            let shown = place.json(&["--client", client, "show", "q", "--id", own_id]);
            let seen = (shown["own_id"].as_str(), shown["state"].as_str());
            assert_eq!(seen, (Some(own_id), Some(state)), "{client}: {shown}");
            let same = place.json(&["show", "q", shown["id"].as_str().unwrap()]);
            assert_eq!(same, shown);
        }
    }
    let text = place.run(&["show", "--id", "next", "q"]).ok();
    assert!(text.contains("own id     next\n"), "{text}");
}

#[test]
fn an_own_id_under_which_nothing_lives_is_a_failure() {
    let place = Place::new();
    place.run(&["push", "q", "x", "--id", "done"]).ok();
    place.run(&["work", "q", "--exec", "true", "--drain"]).ok();
    place.run(&["push", "q", "x", "--id", "lives"]).ok();
    for own_id in ["done", "never"] {
        let answer = place.run(&["--json", "show", "q", "--id", own_id]);
        assert_eq!((answer.code, &*answer.out), (1, ""), "{answer:?}");
        let expected = format!("error: q has no task under the own id {own_id:?}");
        assert!(answer.err.contains(&expected), "{answer:?}");
    }
    let said = place.run(&["show", "elsewhere", "--id", "lives"]).failed(1);
    assert!(said.contains("elsewhere has no task") && said.contains("another queue"), "{said}");
}

#[test]
fn tasks_are_removed_by_own_ids_beside_others() {
    let place = place();
    let plain = place.run(&["push", "q", "x"]).ok();
    let dead = place.ids("q", "dead")[0].clone();
    let later = place.ids("q", "scheduled")[0].clone();
    let args =
        ["--json", "rm", "q", "--id", "later", &plain, "--id", "never", "--id", "dead", &dead];
    let answer = place.run(&args);
    let expected = json!({
        "queue": "q", "removed": [plain, dead, later], "missing": ["never"], "running": [],
    });
    assert_eq!(serde_json::from_str::<serde_json::Value>(&answer.out).unwrap(), expected);
    assert!(answer.failed(1).contains("missing: q has no task under the own id \"never\""));
    assert_eq!(place.run(&["rm", "q", "--id", "never"]).failed(1).lines().count(), 1);
    let next = place.ids("q", "ready")[0].clone();
    assert_eq!(place.run(&["rm", "q", "--id", "next"]).ok(), format!("removed {next}"));
    for state in ["ready", "scheduled", "dead"] {
        assert_eq!(place.count("q", state), 0, "{state}");
    }
    // It is free again.
    assert_eq!(place.json(&["push", "q", "y", "--id", "next"])["pushed"].as_bool(), Some(true));
}

#[test]
fn tasks_are_requeued_by_own_ids_beside_others() {
    let place = place();
    place.run(&["push", "dead", "x"]).ok();
    let dead = place.ids("q", "dead")[0].clone();
    let said = place.run(&["requeue", "q", "--id", "dead"]).ok();
    assert_eq!(said, "requeued 1 task of q");
    assert_eq!(place.ids("q", "dead").len(), 0);
    assert_eq!(place.ids("q", "ready")[1], dead);
    let answer = place.run(&["--json", "requeue", "q", &dead, "--id", "later", "--id", "never"]);
    let later = place.ids("q", "scheduled")[0].clone();
    let expected = json!({"queue": "q", "requeued": 0, "left": [dead, later, "never"]});
    assert_eq!(serde_json::from_str::<serde_json::Value>(&answer.out).unwrap(), expected);
    let said = answer.failed(1);
    assert!(said.contains(&format!("left alone: {later} is neither failed nor dead")), "{said}");
    assert!(said.contains("left alone: q has no task under the own id \"never\""), "{said}");
}

#[test]
fn a_running_task_is_found_and_not_removed() {
    let place = Place::new();
    place.run(&["push", "q", "x", "--id", "mine"]).ok();
    let _worker = place.start(&["work", "q", "--exec", "sleep 600"]);
    eventually("it runs", || place.count("q", "running") == 1);
    assert_eq!(place.json(&["show", "q", "--id", "mine"])["state"].as_str(), Some("running"));
    assert!(place.run(&["rm", "q", "--id", "mine"]).failed(1).contains("is running"));
}

#[test]
fn any_text_of_the_right_length_is_an_own_id() {
    let place = Place::new();
    let id = tireless::TaskId::new().to_string();
    for own_id in ["-x", "two words", "\u{e9}\u{4e16}\n", &id, &"x".repeat(256)] {
        let named = format!("--id={own_id}");
        let pushed = place.run(&["push", "q", "x", &named]).ok();
        assert_eq!(place.json(&["show", "q", &named])["id"].as_str(), Some(&*pushed));
        assert_eq!(place.run(&["rm", "q", &named]).ok(), format!("removed {pushed}"));
    }
    for own_id in ["", &"x".repeat(257)] {
        for command in ["show", "rm", "requeue"] {
            let said = place.run(&[command, "q", "--id", own_id]).failed(2);
            assert!(said.contains("own id has 1 to 256 bytes"), "{said}");
        }
    }
}
