//! Nothing that looks like a password gets out.

use super::*;

#[test]
fn a_url_loses_its_password_wherever_it_stands() {
    let cases = [
        ("redis://:pw@host:1", "redis://:***@host:1"),
        ("redis://u:p:w@host/0", "redis://u:***@host/0"),
        ("redis://u:p@w@host/0", "redis://u:***@host/0"),
        ("unknown 'rediss://u:pw@h' and x", "unknown 'rediss://u:***@h' and x"),
        ("redis://host:6379", "redis://host:6379"),
        ("two redis://a:b@c redis://d:e@f", "two redis://a:***@c redis://d:***@f"),
        ("a://b", "a://b"),
        ("redis+unix:///s?pass=pw&db=1", "redis+unix:///s?pass=***&db=1"),
        (
            "redis-sentinel://s/main?sentinel-pass=pw&node=t",
            "redis-sentinel://s/main?sentinel-pass=***&node=t",
        ),
        ("'redis+unix:///s?db=1&pass=pw'", "'redis+unix:///s?db=1&pass=***'"),
    ];
    for (text, expected) in cases {
        assert_eq!(redact_all(text), expected);
    }
}

#[test]
fn a_known_password_is_hidden_in_any_text() {
    hide("sesame-4711");
    hide("with\"quote");
    assert_eq!(redact("AUTH sesame-4711 refused"), "AUTH *** refused");
    assert_eq!(redact(&format!("{:?}", "with\"quote")), "\"***\"");
}
