//! Servers that refuse a connection before they are asked anything: the user reads what they say.

use std::net::TcpStream;

use tireless_core::ErrorKind;
use tireless_redis_broker::Settings;
use tireless_testkit::server::TestServer;
use tireless_tests::{Library, eventually, fresh_namespace};

async fn a_full_server_says_so<L: Library>() {
    let server = TestServer::builder().config("maxclients 1").start().expect("a server");
    // The connection that asked whether it is up is closed some time after its answer.
    let settings = || Settings::of(fresh_namespace());
    let _only = TcpStream::connect(("127.0.0.1", server.port())).expect("the only connection");
    let message = || async {
        match L::connect(&server.url(), settings()).await {
            Ok(_) => String::new(),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
                error.to_string()
            }
        }
    };
    let soon = std::time::Duration::from_secs(20);
    eventually("full", soon, async || message().await.contains("max number of clients")).await;
}

crate::over_both!(a_full_server_says_so);
