//! Tests of the choice of a server.

use super::*;

const NOTHING: Sight = Sight { url: false, binary: false, docker: false, may_install: false };

#[test]
fn the_order_is_given_private_docker_install() {
    let all = Sight { url: true, binary: true, docker: true, may_install: true };
    assert_eq!(choose(all), Choice::Given);
    let no_url = Sight { url: false, ..all };
    assert_eq!(choose(no_url), Choice::Private);
    let no_binary = Sight { binary: false, ..no_url };
    assert_eq!(choose(no_binary), Choice::Docker);
    assert_eq!(choose(Sight { may_install: true, ..NOTHING }), Choice::Install);
    assert_eq!(choose(NOTHING), Choice::Nothing);
}

#[test]
fn nothing_is_installed_unasked() {
    use crate::install::Manager::{Apt, Brew};
    let nobody = Installer { manager: Some(Apt), root: false, ci: false, asked: false };
    assert!(!nobody.may());
    assert!(nobody.install(REDIS).is_err(), "and it says what to type");
    assert_eq!(nobody.advice(REDIS), "sudo apt-get install redis-server");
    assert!(Installer { root: true, ..nobody }.may());
    assert!(Installer { ci: true, ..nobody }.may());
    assert!(Installer { asked: true, ..nobody }.may());
    let mac = Installer { manager: Some(Brew), root: true, ..nobody };
    assert!(!mac.may());
    assert!(Installer { asked: true, ..mac }.may());
    assert!(!Installer { manager: None, root: true, ci: true, asked: true }.may());
}

#[test]
fn no_server_says_what_to_type() {
    let error = NoServer("apt-get install redis-server".to_owned());
    assert!(error.to_string().ends_with("Type: apt-get install redis-server"), "{error}");
}

#[test]
fn the_password_is_no_part_of_the_address() {
    let address = |url| host_and_port(url);
    assert_eq!(address("redis://u:p@h:1/2?x=y").as_deref(), Some("h:1"));
    assert_eq!(address("rediss://h").as_deref(), Some("h:6379"));
    assert_eq!(address("redis://[::1]:7").as_deref(), Some("[::1]:7"));
    assert_eq!(address("redis+unix:///tmp/s"), None);
}

#[test]
fn an_unreachable_server_is_an_error() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    check_reachable(&format!("redis://:secret@{}", listener.local_addr().unwrap())).unwrap();
    // Not the port of a closed listener: a program that is just being started may still hold it.
    let error = format!("{:#}", check_reachable("redis://:secret@127.0.0.1:1").unwrap_err());
    assert!(error.contains("cannot be reached") && !error.contains("secret"), "{error}");
}
