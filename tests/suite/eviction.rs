//! A server that throws keys away at its memory limit is refused, however narrow the user is.

use tireless_core::{ErrorKind, Operation};
use tireless_redis_broker::Settings;
use tireless_testkit::server::TestServer;
use tireless_tests::{Library, Raw, fresh_namespace};

crate::over_both!(an_evicting_server_is_refused_unless_allowed, it_is_found_out_by_any_user);

/// What a connection needs besides.
const LEAST: &str = "+@connection +command|info";

fn server(args: &[&str]) -> TestServer {
    TestServer::with_args(args.iter().copied()).unwrap_or_else(|error| panic!("no server: {error}"))
}

async fn an_evicting_server_is_refused_unless_allowed<L: Library>() {
    for policy in ["allkeys-lru", "volatile-ttl"] {
        let server = server(&["--maxmemory", "64mb", "--maxmemory-policy", policy]);
        let mut settings = Settings::of(fresh_namespace());
        let refused = L::connect(&server.url(), settings.clone()).await;
        let error = refused.expect_err("a server that evicts");
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Unsupported, Operation::Connect));
        for part in ["67108864", policy, "noeviction", "--allow-eviction"] {
            assert!(error.message().contains(part), "no {part} in {error}");
        }
        settings.allow_eviction = true;
        L::connect(&server.url(), settings).await.expect("it is allowed");
    }
    // Without a limit nothing is thrown away, and at one that refuses neither.
    for args in [&["--maxmemory-policy", "allkeys-lru"][..], &["--maxmemory", "64mb"]] {
        let server = server(args);
        let settings = Settings::of(fresh_namespace());
        L::connect(&server.url(), settings).await.expect("it evicts nothing");
    }
}

async fn it_is_found_out_by_any_user<L: Library>() {
    let server = server(&["--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"]);
    let mut raw = Raw::connect(&server.url()).await;
    for (user, rights, refused) in
        [("narrow", "+info", true), ("odd", "+config|get", true), ("blind", "", false)]
    {
        let rights = format!("{LEAST} {rights}");
        let mut words: Vec<&[u8]> = vec![b"ACL", b"SETUSER", user.as_bytes(), b"on", b">pw"];
        words.extend(rights.split_whitespace().map(str::as_bytes));
        raw.command(&words).await;
        let url = server.url().replace("//", &format!("//{user}:pw@"));
        let connected = L::connect(&url, Settings::of(fresh_namespace())).await;
        match connected {
            Err(error) => {
                assert!(refused, "{user}: {error}");
                assert_eq!(error.kind(), ErrorKind::Unsupported, "{user}: {error}");
            }
            Ok(_) => assert!(!refused, "{user}"),
        }
    }
}
