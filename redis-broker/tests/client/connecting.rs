//! The first connection, and why there is none.

use tireless_core::ErrorKind;
use tireless_redis_broker::link::Link;
use tireless_redis_broker::reply::Reply;
use tireless_testkit::server::TestServer;

use super::tools::{ask, ask_text, connect, refused, server, server_with, text};

pub(crate) async fn nobody_there<L: Link>() {
    let mut server = server();
    let (url, socket) = (server.url(), format!("redis+unix://{}", server.socket().display()));
    let place = url.trim_start_matches("redis://").to_owned();
    server.kill();
    let parts = ["cannot reach redis at", &place, "refused", "is the server running?"];
    refused::<L>(&url, ErrorKind::Unavailable, &parts).await;
    refused::<L>(&socket, ErrorKind::Unavailable, &["cannot reach redis at", "unixsocket"]).await;
}

pub(crate) async fn no_such_host<L: Link>() {
    let parts = ["no-such-host.invalid:6379", "is the host name right?"];
    refused::<L>("redis://no-such-host.invalid", ErrorKind::Unavailable, &parts).await;
}

/// On many machines this name has two addresses, of which the server listens at one.
pub(crate) async fn a_host_name<L: Link>() {
    let server = server();
    let client = connect::<L>(&server.url().replace("127.0.0.1", "localhost")).await;
    assert_eq!(ask(&client, &["PING"]).await, text("PONG"));
}

pub(crate) async fn a_frozen_server<L: Link>() {
    let server = server();
    server.stop().unwrap();
    let parts = ["no answer within 3s", "frozen"];
    refused::<L>(&server.url(), ErrorKind::Unavailable, &parts).await;
}

/// A port that takes connections and bytes and never says a word, under TLS too.
pub(crate) async fn a_silent_port<L: Link>() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = silent.local_addr().unwrap().to_string();
    for scheme in ["redis", "rediss"] {
        for entry in ["", "ada:pw@"] {
            let url = format!("{scheme}://{entry}{place}/3");
            let parts = ["no answer within 3s", &place];
            refused::<L>(&url, ErrorKind::Unavailable, &parts).await;
        }
    }
}

/// Something else listens there: a web server, which answers what it does not understand.
pub(crate) async fn another_kind_of_server<L: Link>() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut caller in listener.incoming().flatten() {
            let _ = caller.read(&mut [0; 1_024]);
            let _ = caller.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    refused::<L>(&format!("redis://{place}"), ErrorKind::Unavailable, &[&place]).await;
}

pub(crate) async fn passwords<L: Link>() {
    let server = server_with(&["--requirepass", "s3cret/1"]);
    let at = |entry: &str| server.url().replace("//", &format!("//{entry}"));
    connect::<L>(&at(":s3cret%2F1@")).await;
    connect::<L>(&at("default:s3cret%2F1@")).await;
    refused::<L>(&at(""), ErrorKind::Denied, &["NOAUTH", "password-file"]).await;
    for entry in [":wr0ng@", "default:wr0ng@", "nobody:wr0ng@"] {
        let error = refused::<L>(&at(entry), ErrorKind::Denied, &["WRONGPASS", "check"]).await;
        assert!(!format!("{error:?} {error}").contains("wr0ng"), "{error:?}");
    }
}

pub(crate) async fn users<L: Link>() {
    let server = server();
    let client = connect::<L>(&server.url()).await;
    ask(&client, &["ACL", "SETUSER", "ada", "on", ">pw", "+@all", "-ping", "~*"]).await;
    // A user who may do nearly nothing is let in: what else it lacks, its commands will tell.
    ask(&client, &["ACL", "SETUSER", "bob", "on", ">pw", "+acl|whoami", "-ping", "-client"]).await;
    for user in ["ada", "bob"] {
        let url = server.url().replace("//", &format!("//{user}:pw@"));
        let client = connect::<L>(&url).await;
        assert_eq!(ask_text(&client, &["ACL", "WHOAMI"]).await, user);
    }
}

pub(crate) async fn unix_sockets<L: Link>() {
    let server = TestServer::builder().unix_socket().start().unwrap();
    let client = connect::<L>(&format!("{}?db=2", server.url())).await;
    ask(&client, &["SET", "k", "v"]).await;
    assert!(ask_text(&client, &["INFO", "keyspace"]).await.contains("db2:"));
}

pub(crate) async fn databases<L: Link>() {
    let server = server_with(&["--databases", "400"]);
    for database in [3, 300] {
        let client = connect::<L>(&format!("{}/{database}", server.url())).await;
        ask(&client, &["SET", "k", "v"]).await;
        let keyspace = ask_text(&client, &["INFO", "keyspace"]).await;
        assert!(keyspace.contains(&format!("db{database}:")), "{keyspace}");
    }
    let first = connect::<L>(&server.url()).await;
    assert_eq!(ask(&first, &["GET", "k"]).await, Reply::Nil);
    for beyond in [400, i32::MAX] {
        let url = format!("{}/{beyond}", server.url());
        refused::<L>(&url, ErrorKind::InvalidInput, &["databases"]).await;
    }
}

pub(crate) async fn connections_have_a_name<L: Link>() {
    let server = server();
    let client = connect::<L>(&server.url()).await;
    assert_eq!(ask(&client, &["CLIENT", "GETNAME"]).await, text("tireless"));
}
