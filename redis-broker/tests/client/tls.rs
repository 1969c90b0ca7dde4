//! TLS, with certificates made on the spot.

use tireless_core::ErrorKind;
use tireless_redis_broker::link::Link;
use tireless_testkit::server::TestServer;

use super::certificates::{Certificates, shown};
use super::tools::{ask, connect, refused, server, text};

fn server_with(certificates: &Certificates, args: &[&str]) -> TestServer {
    let server = TestServer::builder().tls(certificates.of_server());
    server.with_args(args.iter().copied()).start().unwrap()
}

pub(crate) async fn an_authority_of_our_own<L: Link>() {
    let certificates = Certificates::new();
    let server = server_with(&certificates, &[]);
    let ca = shown(&certificates.path("ca.pem"));
    let client = connect::<L>(&format!("{}/1?ca={ca}", server.url())).await;
    assert_eq!(ask(&client, &["PING"]).await, text("PONG"));
    // The server must be the one of the certificate, and signed by somebody we trust.
    refused::<L>(&server.url(), ErrorKind::Unavailable, &["TLS", "?ca=PATH"]).await;
    let other = format!("rediss://localhost:{}?ca={ca}", server.port());
    refused::<L>(&other, ErrorKind::Unavailable, &["TLS", "another host"]).await;
    // One side speaks TLS, the other does not.
    let plain = server.url().replace("rediss", "redis");
    refused::<L>(&plain, ErrorKind::Unavailable, &["rediss://"]).await;
    let without = self::server();
    let url = without.url().replace("redis:", "rediss:");
    refused::<L>(&url, ErrorKind::Unavailable, &["TLS", "redis://"]).await;
}

pub(crate) async fn a_client_certificate<L: Link>() {
    let certificates = Certificates::new();
    let server = server_with(&certificates, &["--tls-auth-clients", "yes"]);
    let [ca, cert, key] =
        ["ca.pem", "client.pem", "client.key"].map(|name| shown(&certificates.path(name)));
    let url = format!("{}?ca={ca}", server.url());
    let client = connect::<L>(&format!("{url}&cert={cert}&key={key}")).await;
    assert_eq!(ask(&client, &["PING"]).await, text("PONG"));
    refused::<L>(&url, ErrorKind::Unavailable, &["redis at 127.0.0.1"]).await;
}

pub(crate) async fn files_that_are_none<L: Link>() {
    let certificates = Certificates::new();
    let server = server_with(&certificates, &[]);
    let [ca, cert, key] =
        ["ca.pem", "client.pem", "client.key"].map(|name| shown(&certificates.path(name)));
    for (query, file) in [
        (String::from("ca=/no/such.pem"), "/no/such.pem"),
        (format!("ca={key}"), &*key),
        (format!("ca={ca}&cert={cert}&key={ca}"), &*ca),
        (format!("ca={ca}&cert={key}&key={key}"), &*key),
    ] {
        let url = format!("{}?{query}", server.url());
        refused::<L>(&url, ErrorKind::InvalidInput, &[file, "PEM"]).await;
    }
}
