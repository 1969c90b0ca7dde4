//! A queue as text: what its keys hold, to be kept with the sources and written back later.
//!
//! One line an entry: the key's last part, the command that writes it, its words. What cannot be
//! printed is escaped.

use std::collections::BTreeMap;

use redis::Value;

use crate::Raw;

/// Everything that the keys of a queue hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenQueue(Vec<Entry>);

/// One element of one key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    part: String,
    command: &'static str,
    words: Vec<Vec<u8>>,
}

const COMMANDS: [&str; 4] = ["HSET", "RPUSH", "SADD", "ZADD"];

impl WrittenQueue {
    /// Reads all keys that begin so.
    pub async fn read(raw: &mut Raw, prefix: &str) -> Self {
        let mut entries = Vec::new();
        for key in raw.keys(prefix).await {
            let name = String::from_utf8(key.clone()).expect("a printable key");
            let part = name.strip_prefix(prefix).expect("a key of the queue").to_owned();
            let kind = match raw.command(&[b"TYPE", &key]).await {
                Value::SimpleString(kind) => kind,
                other => panic!("no type: {other:?}"),
            };
            let (command, read, size): (_, &[&[u8]], _) = match &kind[..] {
                "hash" => ("HSET", &[b"HGETALL", &key], 2),
                "list" => ("RPUSH", &[b"LRANGE", &key, b"0", b"-1"], 1),
                "set" => ("SADD", &[b"SMEMBERS", &key], 1),
                "zset" => ("ZADD", &[b"ZRANGE", &key, b"0", b"-1", b"WITHSCORES"], 2),
                other => panic!("{part} is a {other}"),
            };
            let words = flat(raw.command(read).await);
            for words in words.chunks(size) {
                let mut words = words.to_vec();
                if command == "ZADD" {
                    words.reverse();
                }
                entries.push(Entry { part: part.clone(), command, words });
            }
        }
        Self(entries)
    }

    /// Writes all of it under another prefix.
    pub async fn write(&self, raw: &mut Raw, prefix: &str) {
        for entry in &self.0 {
            let key = format!("{prefix}{}", entry.part);
            let mut words = vec![entry.command.as_bytes(), key.as_bytes()];
            words.extend(entry.words.iter().map(Vec::as_slice));
            raw.command(&words).await;
        }
    }

    /// As text.
    pub fn to_text(&self) -> String {
        let line = |entry: &Entry| {
            let words = entry.words.iter().map(|word| word.escape_ascii().to_string());
            let words: Vec<_> = words.map(|word| word.replace(' ', "\\x20")).collect();
            format!("{} {} {}\n", entry.part, entry.command, words.join(" "))
        };
        self.0.iter().map(line).collect()
    }

    /// From text; lines that begin with `#` are remarks.
    pub fn from_text(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let entry = |line: &str| {
            let mut words = line.split(' ');
            let part = words.next().expect("a part").to_owned();
            let named = words.next().expect("a command");
            let command = COMMANDS.iter().find(|known| **known == named).expect("a known command");
            Entry { part, command, words: words.map(unescape).collect() }
        };
        Self(lines.map(entry).collect())
    }

    /// What does not change from one writing to the next: which keys there are, of which type, and
    /// the form of each entry, with how often it is there.
    pub fn form(&self) -> BTreeMap<String, usize> {
        let mut forms = BTreeMap::new();
        for entry in &self.0 {
            let part = entry.part.split(':').next().unwrap_or_default();
            let words: Vec<_> = entry.words.iter().map(|word| form_of(word)).collect();
            *forms.entry(format!("{part} {} {}", entry.command, words.join(" "))).or_default() += 1;
        }
        forms
    }
}

/// Printable words as they are, but for their numbers; ids by how many, other bytes by their length.
fn form_of(word: &[u8]) -> String {
    if word.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        let mut form = String::new();
        for byte in word {
            match char::from(*byte) {
                digit if digit.is_ascii_digit() && form.ends_with('N') => {}
                digit if digit.is_ascii_digit() => form.push('N'),
                other => form.push(other),
            }
        }
        return form;
    }
    match word.len() {
        ids if ids % 16 == 0 => format!("<{} ids>", ids / 16),
        bytes => format!("<{bytes} bytes>"),
    }
}

fn flat(answer: Value) -> Vec<Vec<u8>> {
    match answer {
        Value::Array(items) | Value::Set(items) => items.into_iter().flat_map(flat).collect(),
        Value::Map(pairs) => {
            pairs.into_iter().flat_map(|(key, value)| [key, value]).flat_map(flat).collect()
        }
        Value::BulkString(bytes) => vec![bytes],
        Value::SimpleString(text) => vec![text.into_bytes()],
        Value::Int(number) => vec![number.to_string().into_bytes()],
        Value::Double(number) => vec![number.to_string().into_bytes()],
        other => panic!("no entries: {other:?}"),
    }
}

fn unescape(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = word.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next().expect("an escape") {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'x' => {
                let digits = [rest.next(), rest.next()].map(|digit| digit.expect("two digits"));
                let digits = std::str::from_utf8(&digits).expect("two digits").to_owned();
                u8::from_str_radix(&digits, 16).expect("two hexadecimal digits")
            }
            other => other,
        });
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_as_text_is_read_again() {
        let words = vec![b"a b\\".to_vec(), (0..=255).collect()];
        let entry = Entry { part: "tasks".to_owned(), command: "HSET", words };
        let queue = WrittenQueue(vec![entry]);
        assert_eq!(WrittenQueue::from_text(&queue.to_text()), queue);
    }

    #[test]
    fn forms_forget_ids_and_times_and_nothing_else() {
        let form = |text| WrittenQueue::from_text(text).form();
        let first = form("leases ZADD 1795 \\x01\\x02\\x03456789abcdef0\nqueue HSET layout 1\n");
        let later = form("leases ZADD 9 \\x0a\\x02\\x03456789abcdef0\nqueue HSET layout 2\n");
        assert_eq!(first, later);
        assert_ne!(first, form("leases ZADD 1 \\x01\nqueue HSET layout 1\n"));
        assert_ne!(first, form("queue HSET layout 1\n"));
    }
}
