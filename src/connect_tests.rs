//! Tests of the way from a URL to a broker.

use tireless_core::ErrorKind;

use super::{Client, client_of, connect};

async fn refusal(url: &str) -> (ErrorKind, String) {
    let error = connect(url).await.expect_err("it connected");
    (error.kind(), error.to_string())
}

#[tokio::test]
async fn what_is_no_url_of_a_broker_is_refused_with_the_schemes() {
    for url in ["", "localhost:6379", "http://localhost", "redis:/localhost"] {
        let (kind, text) = refusal(url).await;
        assert_eq!(kind, ErrorKind::InvalidInput, "{url}");
        assert!(text.contains("redis+unix://"), "{text}");
    }
}

#[tokio::test]
async fn an_unknown_client_is_refused_without_the_password() {
    let (kind, text) = refusal("redis://u:secret@localhost?client=telnet").await;
    assert_eq!(kind, ErrorKind::InvalidInput);
    assert!(text.contains("telnet") && !text.contains("secret"), "{text}");
}

#[test]
fn the_url_names_the_client() {
    let of = |url| client_of(url).expect("a known client");
    assert_eq!(of("redis://h"), None);
    assert_eq!(of("redis://h?client=fred"), Some(Client::Fred));
    assert_eq!(of("redis+unix:///s?db=1&client=redis-rs"), Some(Client::RedisRs));
}

#[cfg(feature = "memory")]
#[tokio::test]
async fn memory_connects_and_takes_no_address() {
    assert!(connect("memory://").await.is_ok());
    assert_eq!(refusal("memory://somewhere").await.0, ErrorKind::InvalidInput);
}

#[cfg(not(feature = "memory"))]
#[tokio::test]
async fn memory_names_its_feature() {
    let (kind, text) = refusal("memory://").await;
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(text.contains("`memory`"), "{text}");
}

#[cfg(not(feature = "fred"))]
#[tokio::test]
async fn a_client_that_is_not_built_names_its_feature() {
    let mut options = super::ConnectOptions::default();
    options.client = Some(Client::Fred);
    let error = super::connect_with("redis://localhost", options).await.expect_err("it connected");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("`fred`"), "{error}");
}
