//! What `INFO` tells, read from its text.

use std::collections::BTreeMap;

/// A field's text.
pub fn text<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim())
}

/// A field that is a number.
pub fn number(info: &str, name: &str) -> Option<f64> {
    text(info, name)?.parse().ok()
}

/// Name and version of the server.
pub fn server(info: &str) -> String {
    match (text(info, "valkey_version"), text(info, "redis_version")) {
        (Some(version), _) => format!("valkey {version}"),
        (None, Some(version)) => format!("redis {version}"),
        (None, None) => "unknown".to_owned(),
    }
}

/// How often each command was called, by its name.
pub fn calls(info: &str) -> BTreeMap<String, u64> {
    let one = |line: &str| {
        let (name, figures) = line.strip_prefix("cmdstat_")?.split_once(':')?;
        let calls = figures.strip_prefix("calls=")?.split(',').next()?.parse().ok()?;
        Some((name.to_owned(), calls))
    };
    info.lines().filter_map(one).collect()
}

/// Commands that our clients send themselves: what scripts call inside is counted by the server
/// too, and is none of these.
const SENT: [&str; 10] =
    ["evalsha", "evalsha_ro", "eval", "blpop", "blmove", "ping", "hello", "auth", "select", "wait"];

/// Commands that hold a connection until something comes.
const BLOCKING: [&str; 2] = ["blpop", "blmove"];

/// Calls that clients sent between two readings: all of them, and those that block.
pub fn sent(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> (u64, u64) {
    let rise = |name: &str| {
        let count = |calls: &BTreeMap<String, u64>| calls.get(name).copied().unwrap_or(0);
        count(after).saturating_sub(count(before))
    };
    let is_sent = |name: &str| SENT.contains(&name) || name.contains('|');
    let all = after.keys().filter(|name| is_sent(name)).map(|name| rise(name)).sum();
    (all, BLOCKING.iter().map(|name| rise(name)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found() {
        let info = "# Server\r\nredis_version:7.0.15\r\nused_memory:100\r\n";
        assert_eq!(server(info), "redis 7.0.15");
        assert_eq!(number(info, "used_memory"), Some(100.0));
        assert_eq!(number(info, "used"), None);
    }

    #[test]
    fn what_scripts_call_is_not_counted() {
        let before = calls("cmdstat_evalsha:calls=10,usec=5\r\ncmdstat_hget:calls=3,usec=1\r\n");
        let after = calls(
            "cmdstat_evalsha:calls=14,usec=5\r\ncmdstat_hget:calls=9,usec=1\r\n\
             cmdstat_blpop:calls=2,usec=1\r\ncmdstat_script|load:calls=1,usec=1\r\n",
        );
        assert_eq!(sent(&before, &after), (7, 2));
    }
}
