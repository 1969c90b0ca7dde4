//! A password is never printed, whatever goes wrong and however much is logged.

use std::process::Command;

use tireless_testkit::server::TestServer;

use crate::harness::{Answer, Place, tireless};

const RIGHT: &str = "correct-Horse#9@x";
const RIGHT_ENCODED: &str = "correct-Horse%239%40x";
const WRONG: &str = "sentinel-Battery4";

fn locked() -> TestServer {
    TestServer::with_args(["--requirepass", RIGHT]).unwrap()
}

fn check(command: &mut Command, code: i32) -> Answer {
    let answer = Answer::from(command.env("RUST_LOG", "trace").output().unwrap());
    assert_eq!(answer.code, code, "{answer:?}");
    for secret in [RIGHT, RIGHT_ENCODED, WRONG, "Battery4", "Horse"] {
        let printed = answer.out.contains(secret) || answer.err.contains(secret);
        assert!(!printed, "{secret} was printed: {answer:?}");
    }
    answer
}

fn at(url: &str, args: &[&str]) -> Command {
    let mut command = tireless();
    command.args(["--broker", url]).args(args);
    command
}

#[test]
fn wherever_the_password_comes_from_it_works_and_is_hidden() {
    let server = locked();
    let url = format!("redis://127.0.0.1:{}", server.port());
    let with_password = format!("redis://:{RIGHT_ENCODED}@127.0.0.1:{}", server.port());
    let place = Place::new();
    let file = place.file("password");
    std::fs::write(&file, format!("{RIGHT}\n")).unwrap();
    for client in ["redis-rs", "fred"] {
        let args = ["--client", client, "status"];
        check(&mut at(&with_password, &args), 0);
        check(tireless().env("TIRELESS_BROKER", &with_password).args(args), 0);
        check(at(&url, &args).env("TIRELESS_PASSWORD", RIGHT), 0);
        check(at(&url, &args).env("TIRELESS_PASSWORD_FILE", &file), 0);
    }
}

#[test]
fn a_wrong_password_is_refused_and_hidden() {
    let server = locked();
    let url = format!("redis://:{WRONG}@127.0.0.1:{}", server.port());
    for client in ["redis-rs", "fred"] {
        let said = check(&mut at(&url, &["--client", client, "status"]), 1).err;
        assert!(said.contains("error: "), "{said}");
        let none = format!("redis://127.0.0.1:{}", server.port());
        check(at(&none, &["--client", client, "status"]).env("TIRELESS_PASSWORD", WRONG), 1);
        let user = format!("redis://somebody:{WRONG}@127.0.0.1:{}", server.port());
        check(&mut at(&user, &["--client", client, "work", "q", "--exec", "true"]), 1);
    }
}

#[test]
fn what_is_wrong_with_a_password_is_told_by_where_it_is_from() {
    let place = Place::new();
    let file = place.file("password");
    std::fs::write(&file, WRONG).unwrap();
    let open = TestServer::start().unwrap();
    let url = open.url();
    // fred names the default user, whom such a server lets in with any password.
    let args = ["--client", "redis-rs", "status"];
    let said = check(at(&url, &args).env("TIRELESS_PASSWORD", WRONG), 1).err;
    let said = said.lines().last().unwrap();
    assert!(said.ends_with("(the password is from TIRELESS_PASSWORD)"), "{said}");
    assert!(!said.contains("URL") && said.contains("give none"), "{said}");
    let said = check(at(&url, &args).env("TIRELESS_PASSWORD_FILE", &file), 1).err;
    assert!(said.trim_end().ends_with("(the password is from TIRELESS_PASSWORD_FILE)"), "{said}");
    let said = check(&mut at(&url.replace("//", "//somebody@"), &["status"]), 2).err;
    assert!(said.contains("set TIRELESS_PASSWORD or TIRELESS_PASSWORD_FILE"), "{said}");
}

#[test]
fn a_program_that_tells_the_password_does_not_get_it_stored() {
    let server = locked();
    let url = format!("redis://127.0.0.1:{}", server.port());
    let run = |args: &[&str], code| check(at(&url, args).env("TIRELESS_PASSWORD", RIGHT), code);
    let id = run(&["push", "q", "x"], 0).out.trim().to_owned();
    let exec = "echo pw=$TIRELESS_PASSWORD >&2; exit 1";
    run(&["work", "q", "--drain", "--retries", "0", "--exec", exec], 1);
    assert!(run(&["show", "q", &id], 0).out.contains("pw=***"));
}

#[test]
fn a_password_in_the_wrong_place_is_hidden() {
    let url = format!("redis://:{WRONG}@127.0.0.1:1");
    check(tireless().arg(&url), 2);
    check(tireless().args(["status", "--namespace", &url]), 2);
    check(tireless().args(["push", &url, "x"]), 2);
    check(tireless().env("TIRELESS_BROKER", &url).arg("--help"), 0);
    check(tireless().env("TIRELESS_BROKER", &url).args(["work", "--help"]), 0);
    check(tireless().env("TIRELESS_BROKER", &url).args(["status", "--frob"]), 2);
    check(&mut at(&url, &["status"]), 1);
    check(&mut at(&format!("redis://u:{WRONG}#x@h"), &["status"]), 2);
    check(&mut at(&format!("redis+unix:///nowhere?pass={WRONG}"), &["status"]), 1);
    check(&mut at(&format!("http://u:{WRONG}@h"), &["status"]), 2);
    check(tireless().env("TIRELESS_PASSWORD_FILE", "/nowhere").arg("status"), 1);
}
