//! What is written: each entry is of one kind, in turn, and ends in a mark of its own.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use tireless_core::{Envelope, TaskId, TypeName, WorkerId};
use tireless_tests::Raw;

use super::raw_envelope;

/// Bytes of a mark.
pub(super) const MARK: usize = 8;

/// The hand that writes, and what it wrote.
pub(super) struct Entries<K> {
    raw: Raw,
    key: K,
    dice: u64,
    written: u64,
    /// The marks of all that has bytes and so must not be dropped.
    pub(super) marks: HashSet<Bytes>,
    /// Tasks under an id whose envelope is damaged: what still can be read may end before its mark.
    pub(super) ids: HashMap<Bytes, TaskId>,
}

/// Words that wait to be sent, by key and command.
#[derive(Default)]
struct Batch {
    tasks: Vec<Vec<u8>>,
    ready: Vec<Vec<u8>>,
    inbox: Vec<Vec<u8>>,
    scheduled: Vec<Vec<u8>>,
    failed: Vec<Vec<u8>>,
    history: Vec<Vec<u8>>,
    failures: Vec<Vec<u8>>,
    ghosts: Vec<Vec<u8>>,
}

impl<K: Fn(&str) -> String> Entries<K> {
    pub(super) fn new(raw: Raw, key: K) -> Self {
        Self {
            raw,
            key,
            dice: 0x2545_f491_4f6c_dd1d,
            written: 0,
            marks: HashSet::new(),
            ids: HashMap::new(),
        }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice % limit as u64) as usize
    }

    fn noise(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most + 1)).map(|_| self.below(256) as u8).collect()
    }

    /// Noise with a mark at its end, which must be seen.
    fn marked(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        self.written += 1;
        let mark = (self.written << 8 | 0x5a).to_be_bytes();
        bytes.extend(mark);
        self.marks.insert(Bytes::copy_from_slice(&mark));
        bytes
    }

    /// Writes that many entries.
    pub(super) async fn write(&mut self, count: usize) {
        let mut batch = Batch::default();
        for at in 0..count {
            self.one(at % 9, &mut batch);
        }
        self.send(batch).await;
    }

    fn one(&mut self, kind: usize, batch: &mut Batch) {
        let id = TaskId::new().as_bytes().to_vec();
        let (noise, odd) = (self.noise(60), self.noise(40));
        let entry = match kind {
            // Noise under an id, waiting, scheduled, failed: all of it due.
            0..=2 => self.marked(noise),
            // An envelope with a byte of its own.
            3 => {
                let mut bytes = typed().to_vec();
                let at = self.below(bytes.len());
                bytes[at] = self.below(256) as u8;
                self.marked(bytes)
            }
            // A good envelope with records that are none, or under an id that is none.
            4 | 5 => raw_envelope(&self.marked(noise)).to_vec(),
            6 => {
                let body = self.marked(noise);
                batch.inbox.push(body);
                return;
            }
            // Nothing at all behind an id, and behind what is no id.
            7 => {
                batch.ready.push(id);
                return;
            }
            _ => {
                batch.ready.push(odd);
                batch.ghosts.push(id);
                return;
            }
        };
        if kind < 4 {
            let mark = Bytes::copy_from_slice(&entry[entry.len() - MARK..]);
            self.ids.extend(TaskId::from_slice(&id).map(|id| (mark, id)));
        }
        match kind {
            1 => batch.scheduled.extend([b"1".to_vec(), id.clone()]),
            2 => batch.failed.extend([b"-inf".to_vec(), id.clone()]),
            5 => {
                let mut short = id.clone();
                short.truncate(12);
                short.extend(self.written.to_be_bytes());
                batch.ready.push(short.clone());
                batch.tasks.extend([short, entry]);
                return;
            }
            _ => batch.ready.push(id.clone()),
        }
        if kind == 4 {
            batch.history.extend([id.clone(), odd]);
            batch.failures.extend([id.clone(), self.noise(90)]);
        }
        batch.tasks.extend([id, entry]);
    }

    async fn send(&mut self, batch: Batch) {
        let Batch { tasks, ready, inbox, scheduled, failed, history, failures, ghosts } = batch;
        for (command, part, words) in [
            ("HSET", "tasks", tasks),
            ("HSET", "history", history),
            ("HSET", "failures", failures),
            ("SADD", "ghosts", ghosts),
            ("LPUSH", "inbox", inbox),
            ("ZADD", "scheduled", scheduled),
            ("ZADD", "failed", failed),
            ("LPUSH", "ready", ready),
        ] {
            if !words.is_empty() {
                self.on(command, part, &words).await;
            }
        }
    }

    async fn on(&mut self, command: &str, part: &str, words: &[Vec<u8>]) {
        let key = (self.key)(part);
        let mut all: Vec<&[u8]> = vec![command.as_bytes(), key.as_bytes()];
        all.extend(words.iter().map(Vec::as_slice));
        self.raw.command(&all).await;
    }

    /// Whether every entry has been taken, and what is left has ended or waits for another process.
    pub(super) async fn are_through(&mut self) -> bool {
        let waiting = self.length("LLEN", "ready").await + self.length("LLEN", "inbox").await;
        let ended = self.length("ZCARD", "dead").await + self.length("ZCARD", "scheduled").await;
        waiting == 0 && self.length("HLEN", "tasks").await == ended
    }

    async fn length(&mut self, command: &str, part: &str) -> i64 {
        let key = (self.key)(part);
        match self.raw.command(&[command.as_bytes(), key.as_bytes()]).await {
            redis::Value::Int(length) => length,
            other => panic!("{command} {key}: {other:?}"),
        }
    }

    /// A dead worker whose claims are damaged, and leases of nobody before its own.
    pub(super) async fn write_dead_worker(&mut self) {
        let worker = WorkerId::new();
        let mut leases = Vec::new();
        for number in 0..250 {
            leases.extend([b"1".to_vec(), format!("no worker {number}").into_bytes()]);
        }
        leases.extend([b"2".to_vec(), worker.as_bytes().to_vec()]);
        self.on("ZADD", "leases", &leases).await;
        let mut joined = Vec::new();
        for _ in 0..2 {
            let id = TaskId::new().as_bytes().to_vec();
            let envelope = raw_envelope(&self.marked(Vec::new())).to_vec();
            self.on("HSET", "tasks", &[id.clone(), envelope]).await;
            joined.extend(id);
        }
        joined.extend(b"odd");
        let fields = [
            "1",
            "0x10",
            "nan",
            "inf",
            "1e3",
            "-4",
            "last",
            "alone",
            "",
            "99999999999999999999",
            "9007199254740993",
        ];
        let mut words = vec![fields[0].into(), joined];
        for field in &fields[1..] {
            words.extend([field.as_bytes().to_vec(), b"whatever".to_vec()]);
        }
        self.on("HSET", &format!("running:{worker}"), &words).await;
    }
}

fn typed() -> Bytes {
    let mut envelope = Envelope::raw("[1,2,3]");
    envelope.task_type = TypeName::new("Typed").ok();
    envelope.headers = vec![("trace".into(), Bytes::from_static(b"id"))];
    envelope.encode().expect("an envelope")
}
