//! A queue with tasks in every place, a hand that damages it, and the search.

use std::collections::BTreeSet;
use std::time::Duration;

use tireless_core::{Mended, Reconcile, TaskId};
use tireless_testkit::fixtures::{Actor, Bench, bury, fail, keep, snooze};
use tireless_tests::{Library, Raw, RedisHarness};

pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// A damaged queue.
pub(super) struct Ward<'h, L> {
    harness: &'h RedisHarness<L>,
    pub(super) bench: Bench<'h>,
    pub(super) holder: Actor,
    pub(super) raw: Raw,
}

impl<'h, L: Library> Ward<'h, L> {
    /// A queue in which every place holds this many tasks.
    pub(super) async fn filled(harness: &'h RedisHarness<L>, each: usize) -> Self {
        let bench = Bench::new(harness);
        let holder = bench.worker();
        let raw = harness.raw().await;
        let ward = Self { harness, bench, holder, raw };
        for outcome in [snooze(HOUR), fail(HOUR), bury(), keep(HOUR)] {
            ward.bench.push(each).await;
            for first in (0..each).step_by(500) {
                let held = ward.holder.claim(500.min(each - first)).await;
                ward.holder.finish(&held, outcome.clone()).await;
            }
        }
        ward.bench.push(2 * each).await;
        for first in (0..each).step_by(500) {
            let share = 500.min(each - first);
            assert_eq!(ward.holder.claim(share).await.len(), share);
        }
        ward
    }

    pub(super) fn key(&self, part: &str) -> String {
        self.harness.key(&self.bench.queue, part)
    }

    /// The key of what the holder holds.
    pub(super) fn running(&self) -> String {
        self.key(&format!("running:{}", self.holder.id))
    }

    /// Sends a command with the key of this part behind its name.
    pub(super) async fn on(&mut self, command: &str, part: &str, rest: &[&[u8]]) -> redis::Value {
        let key = self.key(part);
        let mut words: Vec<&[u8]> = vec![command.as_bytes(), key.as_bytes()];
        words.extend(rest);
        self.raw.command(&words).await
    }

    /// The ids that stand in one place.
    pub(super) async fn ids(&mut self, part: &str) -> Vec<Vec<u8>> {
        let command = if part == "ready" { "LRANGE" } else { "ZRANGE" };
        bytes(self.on(command, part, &[b"0", b"-1"]).await)
    }

    /// The ids that have an envelope.
    pub(super) async fn tasks(&mut self) -> BTreeSet<Vec<u8>> {
        bytes(self.on("HKEYS", "tasks", &[]).await).into_iter().collect()
    }

    /// A whole search; what it mended.
    pub(super) async fn search(&self) -> Mended {
        self.search_with(HOUR).await
    }

    /// A whole search that gives this grace.
    pub(super) async fn search_with(&self, grace: Duration) -> Mended {
        let (broker, queue) = (&self.bench.broker, &self.bench.queue);
        let mut mended = Mended::default();
        let mut step = Reconcile { grace, ..Reconcile::BEGIN };
        loop {
            let answer = broker.reconcile(queue, &step).await.expect("a step");
            mended.add(&answer.mended);
            step.begin = false;
            if !answer.more {
                return mended;
            }
        }
    }

    /// That a search mends exactly this, and the next one nothing.
    pub(super) async fn mends(&self, expected: &[(&str, u64)]) {
        let mended = self.search().await;
        let seen: Vec<_> = mended.classes().into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(seen, expected, "{}", L::NAME);
        assert_eq!(self.search().await, Mended::default(), "the second search, {}", L::NAME);
    }
}

/// Where every id of a queue stands, as its keys say.
impl<L: Library> Ward<'_, L> {
    /// Asserts that every task is in exactly one place and nothing else is in any.
    pub(super) async fn is_sound(&mut self) {
        let ghosts: BTreeSet<_> =
            bytes(self.on("SMEMBERS", "ghosts", &[]).await).into_iter().collect();
        let mut placed = self.ids("ready").await;
        let listed = placed.len();
        placed.retain(|id| !ghosts.contains(id));
        assert_eq!(listed - placed.len(), ghosts.len(), "each ghost stands in the list once");
        for set in ["scheduled", "failed", "dead", "done", "suspects"] {
            placed.extend(self.ids(set).await);
        }
        for key in self.raw.keys(&self.key("running:")).await {
            let fields = bytes(self.raw.command(&[b"HGETALL", &key]).await);
            for claim in fields.chunks(2).filter(|field| field[0][0].is_ascii_digit()) {
                assert_eq!(claim[1].len() % 16, 0);
                placed.extend(claim[1].chunks(16).map(<[u8]>::to_vec));
            }
        }
        placed.sort_unstable();
        let tasks: Vec<_> = self.tasks().await.into_iter().collect();
        assert_eq!(placed, tasks, "what stands somewhere, and what there is");
        let (kept, done) = (self.ids("kept").await, self.ids("done").await);
        assert_eq!(kept.into_iter().collect::<BTreeSet<_>>(), done.into_iter().collect());
        for side in ["history", "failures"] {
            for id in bytes(self.on("HKEYS", side, &[]).await) {
                assert!(tasks.binary_search(&id).is_ok(), "a {side} of nobody's");
            }
        }
    }
}

fn bytes(value: redis::Value) -> Vec<Vec<u8>> {
    let redis::Value::Array(values) = value else { panic!("no list: {value:?}") };
    let bytes = |value| match value {
        redis::Value::BulkString(bytes) => bytes,
        other => panic!("no bytes: {other:?}"),
    };
    values.into_iter().map(bytes).collect()
}

/// An id that no task has.
pub(super) fn stranger() -> [u8; 16] {
    *TaskId::new().as_bytes()
}
