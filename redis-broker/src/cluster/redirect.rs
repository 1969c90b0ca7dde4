//! What a server of a Cluster means by refusing a command.

use crate::slots::Node;

/// Where a refused command belongs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Elsewhere {
    /// The slot has moved to this server for good.
    Moved(u16, Node),
    /// The slot is on its way to this server, which must be asked to take the command.
    Ask(Node),
    /// The slot is between two servers, or has none for the moment: to be tried again.
    Later,
    /// Nobody said; the map must be asked for.
    Unknown,
}

/// Reads a refusal. `None` if the error is about something else.
pub(super) fn where_to(text: &str, asked: &Node) -> Option<Elsewhere> {
    let mut words = text.split_ascii_whitespace();
    match words.next()? {
        "MOVED" => {
            let slot = words.next()?.parse().ok()?;
            Some(Elsewhere::Moved(slot, Node::parse(words.next()?, asked)?))
        }
        "ASK" => Some(Elsewhere::Ask(Node::parse(words.nth(1)?, asked)?)),
        "TRYAGAIN" => Some(Elsewhere::Later),
        "CLUSTERDOWN" | "MASTERDOWN" | "LOADING" | "READONLY" => Some(Elsewhere::Unknown),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_say_where_a_command_belongs() {
        let asked = Node { host: "asked".into(), port: 1 };
        let node = |host: &str, port| Node { host: host.into(), port };
        for (text, means) in [
            ("MOVED 3999 10.0.0.2:6381", Some(Elsewhere::Moved(3_999, node("10.0.0.2", 6_381)))),
            ("MOVED 3999 :6381", Some(Elsewhere::Moved(3_999, node("asked", 6_381)))),
            ("ASK 3999 10.0.0.2:6381", Some(Elsewhere::Ask(node("10.0.0.2", 6_381)))),
            ("TRYAGAIN Multiple keys request during rehashing of slot", Some(Elsewhere::Later)),
            ("CLUSTERDOWN The cluster is down", Some(Elsewhere::Unknown)),
            ("MOVED", None),
            ("ERR MOVED 1 a:1", None),
            ("WRONGTYPE Operation against a key", None),
        ] {
            assert_eq!(where_to(text, &asked), means, "{text}");
        }
    }
}
