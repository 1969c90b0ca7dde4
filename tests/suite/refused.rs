//! Servers that refuse a connection before they are asked anything: the user reads what they say.

use std::time::Duration;

use tireless_core::ErrorKind;
use tireless_redis_broker::Settings;
use tireless_testkit::server::TestServer;
use tireless_tests::{Library, eventually, fresh_namespace};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The one connection that a server of one takes, once it has seen that those before have gone.
async fn only_connection(server: &TestServer) -> TcpStream {
    for _ in 0..1_000 {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).await.expect("a port");
        let mut said = [0; 1];
        let asked = stream.write_all(b"PING\r\n").await.is_ok();
        if asked && stream.read_exact(&mut said).await.is_ok() && said == *b"+" {
            return stream;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the server takes nobody");
}

async fn a_full_server_says_so<L: Library>() {
    let server = TestServer::builder().config("maxclients 1").start().expect("a server");
    let _only = only_connection(&server).await;
    let soon = Duration::from_secs(20);
    // A machine that is busy may not hear the server within its time.
    eventually("full", soon, async || {
        let settings = Settings::of(fresh_namespace());
        let error = L::connect(&server.url(), settings).await.expect_err("no connection");
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        error.to_string().contains("max number of clients")
    })
    .await;
}

crate::over_both!(a_full_server_says_so);
