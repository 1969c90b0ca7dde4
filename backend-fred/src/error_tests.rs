use super::*;

#[test]
fn an_error_of_the_system_is_read_in_plain_words() {
    let refused = r#"Os { code: 111, kind: ConnectionRefused, message: "Connection refused" }"#;
    assert_eq!(plain(refused), "Connection refused");
    let unknown = r#"Custom { kind: Uncategorized, error: "failed to lookup address" }"#;
    assert_eq!(plain(unknown), "failed to lookup address");
    assert_eq!(plain("anything else"), "anything else");
}

#[test]
fn a_connection_that_breaks_is_told_in_plain_words() {
    let reset = r#"Os { code: 104, kind: ConnectionReset, message: "Connection reset by peer" }"#;
    let broken = to_client_error(&Error::new(ErrorKind::IO, reset));
    let ClientError::Broken(source) = broken else { panic!("{broken:?}") };
    assert_eq!(source.to_string(), "Connection reset by peer");
}

#[test]
fn what_the_server_said_is_told_from_what_the_library_said() {
    assert!(is_answer("WRONGPASS invalid username-password pair"));
    assert!(is_answer("ERR Client sent AUTH, but no password is set"));
    assert!(!is_answer("Connection refused"));
    assert!(!is_answer("Failed to route command."));
    assert!(!is_answer(""));
}
