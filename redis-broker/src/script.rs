//! A script: its declared keys, the pieces it is made of, and its hash.

use std::sync::OnceLock;

use bytes::Bytes;

/// A Lua script. It names its keys `K.ready` and so on; the names are resolved by `keys`, so that the
/// names in the script and the keys that are sent cannot drift apart.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) name: &'static str,
    /// The keys it declares, by name, in order. `running`, `pushes` and `settles` are those of
    /// the caller.
    pub(crate) keys: &'static [&'static str],
    /// Shared pieces that it needs, in order.
    pub(crate) pieces: &'static [&'static str],
    pub(crate) body: &'static str,
    pub(crate) native: OnceLock<Compiled>,
    pub(crate) adopted: OnceLock<Compiled>,
}

/// Keys that every script is given besides its own when the queue adopts plain ones.
pub(crate) const ADOPTED_KEYS: [&str; 6] =
    ["list", "failedset", "plain", "names", "failures", "failed"];

/// Where the pieces stand in a script that does something before it needs any; else they come first.
const PIECES_STAND_HERE: &str = "-- The pieces stand here.\n";

/// The time begins every script that needs it before its other pieces.
const NOW: &str = include_str!("../lua/lib/now.lua");

/// What begins every script that has it.
const LAYOUT: &str = include_str!("../lua/lib/layout.lua");

/// The words of a text of Lua, without its comments.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let code = text.lines().map(|line| line.split_once("--").map_or(line, |(code, _)| code));
    code.flat_map(|code| code.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_'))
}

/// A script as it is sent.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) source: Bytes,
    pub(crate) sha: Bytes,
}

impl Script {
    pub(crate) fn compiled(&self, adopted: bool) -> &Compiled {
        let form = if adopted { &self.adopted } else { &self.native };
        form.get_or_init(|| {
            let source = self.source(&self.key_names(adopted));
            let sha = sha1_smol::Sha1::from(source.as_bytes()).digest().to_string();
            Compiled { source: source.into(), sha: sha.into() }
        })
    }

    /// The commands that it may send, in the order of their first mention.
    pub(crate) fn commands(&self) -> Vec<&'static str> {
        let mut commands = Vec::new();
        for text in self.pieces.iter().copied().chain([self.body]) {
            // `chunked` takes the command's name too.
            let calls = text.split("call('").skip(1).chain(text.split("chunked('").skip(1));
            for name in calls.filter_map(|rest| rest.split('\'').next()) {
                if !commands.contains(&name) {
                    commands.push(name);
                }
            }
        }
        commands
    }

    /// What it is made of, in the order in which it is sent: the pieces that begin every script, its
    /// own text up to the line that says where the pieces stand, the pieces, and the rest. Its text
    /// up to there is given the time only if it asks for it.
    fn parts(&self) -> Vec<&'static str> {
        let (head, rest) = self.body.split_once(PIECES_STAND_HERE).unwrap_or(("", self.body));
        let needs_time = head.is_empty() || words(head).any(|word| word == "now");
        let begins = |piece: &&&str| **piece == LAYOUT || (**piece == NOW && needs_time);
        let beginnings = self.pieces.iter().filter(begins);
        let others = self.pieces.iter().filter(|piece| !begins(piece));
        beginnings.copied().chain([head]).chain(others.copied()).chain([rest]).collect()
    }

    /// The names of the keys that are sent, in order.
    pub(crate) fn key_names(&self, adopted: bool) -> Vec<&'static str> {
        let more: &[&str] = if adopted { &ADOPTED_KEYS } else { &[] };
        self.keys.iter().chain(more).copied().collect()
    }

    /// `K.name` becomes `KEYS[n]`, or `nil` for a key that is not sent; a table is made only where a script picks a key at run time.
    fn source(&self, keys: &[&str]) -> String {
        let mut source = String::from("local call = redis.call\n");
        let text = self.parts().concat();
        if text.contains("K[") {
            source.push_str("local K = {");
            for (index, key) in keys.iter().enumerate() {
                source.push_str(&format!("['{key}']=KEYS[{}],", index + 1));
            }
            source.push_str("}\n");
        }
        if text.contains("RUNNING_FROM") {
            source.push_str(&format!("local RUNNING_FROM = {}\n", keys.len() + 1));
        }
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("K.") {
            let end = after.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(after.len());
            let at = keys.iter().position(|key| *key == &after[..end]);
            source.push_str(before);
            source.push_str(&at.map_or("nil".into(), |at| format!("KEYS[{}]", at + 1)));
            rest = &after[end..];
        }
        source.push_str(rest);
        source
    }
}

#[cfg(test)]
mod tests {
    use crate::scripts::{CLAIM, PUSH};

    #[test]
    fn the_time_is_asked_for_before_the_first_text_that_needs_it() {
        let text = |script: &super::Script| {
            String::from_utf8(script.compiled(false).source.to_vec()).unwrap()
        };
        let (push, claim) = (text(&PUSH), text(&CLAIM));
        let at = |text: &str, what: &str| text.find(what).unwrap();
        assert!(at(&push, "call('TIME')") > at(&push, "return ''"), "the usual push needs none");
        assert!(at(&push, "call('TIME')") < at(&push, "now + ms"));
        assert!(at(&claim, "call('TIME')") < at(&claim, "soonest > now"));
    }
}
