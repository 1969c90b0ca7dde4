use std::time::Duration;

use super::*;

fn address() -> Address {
    Address::parse("redis://u:s3cret@h:1/2").unwrap()
}

fn refused(text: &str) -> Error {
    ConnectError::Refused(text.to_owned()).explain(&address())
}

#[test]
fn what_the_server_refuses_tells_what_to_do() {
    for (text, kind, part) in [
        (
            "WRONGPASS invalid username-password pair or user is disabled.",
            ErrorKind::Denied,
            "check",
        ),
        ("ERR invalid password", ErrorKind::Denied, "check"),
        ("NOAUTH Authentication required.", ErrorKind::Denied, "password-file"),
        (
            "ERR AUTH <password> called without any password configured for the default user.",
            ErrorKind::Denied,
            "give none",
        ),
        ("NOPERM this user has no permissions to run 'ping'", ErrorKind::Denied, "right"),
        ("ERR DB index is out of range", ErrorKind::InvalidInput, "databases"),
        ("LOADING Redis is loading the dataset in memory", ErrorKind::Unavailable, "later"),
        ("DENIED Redis is running in protected mode because", ErrorKind::Denied, "own machine"),
        ("ERR max number of clients reached", ErrorKind::Unavailable, "later"),
    ] {
        let error = refused(text);
        assert_eq!(error.kind(), kind, "{text}");
        let message = error.to_string();
        for part in [part, "h:1", text] {
            assert!(message.contains(part), "{message}");
        }
        assert!(!message.contains("s3cret"), "{message}");
    }
}

#[test]
fn how_to_give_a_password_is_told_by_files() {
    let told = refused("NOAUTH Authentication required.").to_string();
    // What looks like a URL with a password is hidden in logs.
    assert!(told.contains("TIRELESS_PASSWORD_FILE") && !told.contains("://"), "{told}");
}

#[test]
fn a_password_that_the_server_repeats_is_not_shown() {
    let error = refused("ERR unknown command 'AUTH', with args beginning with: 'u' 's3cret' ");
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("unknown command") && !shown.contains("s3cret"), "{shown}");
    let sentinel = "redis-sentinel://h/m?sentinel-pass=hush";
    let text = "ERR unknown command 'AUTH', with args beginning with: 'hush'".to_owned();
    let error = ConnectError::Refused(text).explain(&Address::parse(sentinel).unwrap());
    assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
}

/// Servers cut what they repeat at 128 bytes, and write odd bytes in signs of their own.
#[test]
fn no_part_of_a_password_that_a_server_repeats_is_shown() {
    let long = "long".repeat(50);
    let text = format!("ERR unknown command 'AUTH', with args beginning with: '{}", &long[..128]);
    let text_of_sentinel = crate::sentinel::of_sentinel("h:2", ConnectError::Refused(text.clone()));
    for (url, refused) in [
        (format!("redis://:{long}@h"), ConnectError::Refused(text)),
        (format!("redis-sentinel://h:2/m?sentinel-pass={long}"), text_of_sentinel),
        (
            "redis://u:tab%09hush@h".to_owned(),
            ConnectError::Refused(
                "ERR unknown command `AUTH`, with args beginning with: `u`, `tab\\thush`, "
                    .to_owned(),
            ),
        ),
    ] {
        let error = refused.explain(&Address::parse(&url).unwrap());
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("longlong") && !shown.contains("hush"), "{shown}");
        assert!(shown.contains("unknown command") && shown.contains("h:"), "{shown}");
        assert!(!url.contains("sentinel") || shown.contains("said the sentinel h:2"), "{shown}");
    }
}

#[test]
fn nobody_there_is_worth_another_try_and_names_the_place() {
    let io = |kind, text: &str| ConnectError::from(io::Error::new(kind, text));
    for (error, part) in [
        (io(io::ErrorKind::ConnectionRefused, "Connection refused (os error 111)"), "running?"),
        (io(io::ErrorKind::Other, "failed to lookup address information"), "host name"),
        (io(io::ErrorKind::UnexpectedEof, "unexpected end of file"), "rediss://"),
        (ConnectError::TimedOut(Duration::from_secs(3)), "within 3s"),
        (ConnectError::Tls("invalid peer certificate: UnknownIssuer".into()), "?ca=PATH"),
    ] {
        let error = error.explain(&address());
        assert!(error.is_retryable(), "{error}");
        let message = error.to_string();
        assert!(message.contains(part) && message.contains("redis at h:1"), "{message}");
    }
}
