//! How the URL is put together.

use super::*;

#[test]
fn a_password_is_put_where_the_url_wants_it() {
    let cases = [
        ("redis://h", "redis://:p%40@h"),
        ("rediss://u@h:1/2?db=1", "rediss://u:p%40@h:1/2?db=1"),
        ("redis+unix:///s", "redis+unix:///s?pass=p%40"),
        ("redis+unix:///s?db=1", "redis+unix:///s?db=1&pass=p%40"),
    ];
    for (url, expected) in cases {
        assert_eq!(inserted(url, &encoded("p@")), expected);
    }
}

#[test]
fn a_password_is_found_whatever_it_holds() {
    assert_eq!(password_of("redis://u:a b@c@h"), Some("a b@c"));
    assert_eq!(password_of("redis+unix:///s?db=1&pass=pw"), Some("pw"));
    assert_eq!(password_of("redis://h:6379"), None);
    let users = ["redis://u@h", "redis+unix:///s?user=u", "redis://@h", "redis://h?x=@"];
    assert_eq!(users.map(user_of), [Some("u"), Some("u"), None, None]);
    assert_eq!(decoded("a%40%zz%"), "a@%zz%");
}
