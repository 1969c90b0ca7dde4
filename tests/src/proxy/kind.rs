//! What a command is called: by its script if it runs one of ours, else by its own word.

use std::collections::HashMap;

use bytes::Bytes;
use tireless_redis_broker::layout::script_texts;

use super::frame::words;

/// The names of scripts, by hash and by text.
#[derive(Debug)]
pub(super) struct Kinds(HashMap<Bytes, &'static str>);

impl Kinds {
    /// Those of all our scripts.
    pub(super) fn new() -> Self {
        let texts = script_texts();
        let names = texts
            .into_iter()
            .flat_map(|text| [(Bytes::from(text.sha), text.script), (text.source, text.script)]);
        Self(names.collect())
    }

    /// `claim` or `push` for a call of that script, `blpop` or `echo` for a command, `script load`
    /// for those with a word below. `?` for what is no command.
    pub(super) fn of(&self, command: &[u8]) -> String {
        let Some(words) = words(command, 2) else { return "?".into() };
        let lower = |word: &[u8]| String::from_utf8_lossy(word).to_ascii_lowercase();
        match words[..] {
            [verb, script] if is_one_of(verb, ["EVALSHA", "EVAL"]) => {
                self.0.get(script).map_or("foreign script".into(), |name| (*name).to_owned())
            }
            [verb, below] if is_one_of(verb, ["SCRIPT", "CLIENT"]) => {
                format!("{} {}", lower(verb), lower(below))
            }
            [verb, ..] => lower(verb),
            [] => "?".into(),
        }
    }
}

fn is_one_of(verb: &[u8], names: [&str; 2]) -> bool {
    names.iter().any(|name| verb.eq_ignore_ascii_case(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use tireless_redis_broker::layout::script_texts;

    use super::Kinds;

    fn command(words: &[&[u8]]) -> Vec<u8> {
        let mut frame = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            frame.extend(format!("${}\r\n", word.len()).into_bytes());
            frame.extend([word, &b"\r\n"[..]].concat());
        }
        frame
    }

    #[test]
    fn scripts_have_their_own_names() {
        let kinds = Kinds::new();
        for text in script_texts() {
            let by_hash = command(&[b"EVALSHA", text.sha.as_bytes(), b"0"]);
            assert_eq!(kinds.of(&by_hash), text.script);
            assert_eq!(kinds.of(&command(&[b"EVAL", &text.source, b"0"])), text.script);
        }
        assert_eq!(kinds.of(&command(&[b"EVAL", b"return 1", b"0"])), "foreign script");
    }

    #[test]
    fn commands_have_their_words() {
        let kinds = Kinds::new();
        assert_eq!(kinds.of(&command(&[b"BLPOP", b"bell", b"1"])), "blpop");
        assert_eq!(kinds.of(&command(&[b"ping"])), "ping");
        assert_eq!(kinds.of(&command(&[b"SCRIPT", b"LOAD", b"x"])), "script load");
        assert_eq!(kinds.of(b"+OK\r\n"), "?");
    }
}
