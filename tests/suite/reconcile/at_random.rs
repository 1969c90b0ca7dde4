//! Many damages of all kinds at once: two searches mend them all, and no task is lost.

use tireless_core::{Mended, State};
use tireless_tests::{Library, RedisHarness};

use super::ward::{Ward, stranger};

/// Numbers that look random and are the same at every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("a small number")
    }
}

const PLACES: [&str; 5] = ["ready", "scheduled", "failed", "dead", "done"];

/// Any task that has an envelope.
async fn anybody<L: Library>(ward: &mut Ward<'_, L>, dice: &mut Dice) -> Vec<u8> {
    let tasks = ward.tasks().await;
    tasks.iter().nth(dice.below(tasks.len())).expect("a task").clone()
}

async fn add<L: Library>(ward: &mut Ward<'_, L>, place: &str, id: &[u8]) {
    if place == "ready" {
        ward.on("LPUSH", "ready", &[id]).await;
    } else {
        ward.on("ZADD", place, &[b"99999999999999", id]).await;
    }
}

async fn damage<L: Library>(ward: &mut Ward<'_, L>, dice: &mut Dice) {
    let place = PLACES[dice.below(PLACES.len())];
    let id = anybody(ward, dice).await;
    match dice.below(10) {
        0 => drop(ward.on("HDEL", "tasks", &[&id]).await),
        1 => add(ward, place, &id).await,
        2 => add(ward, place, &stranger()).await,
        3 if place == "ready" => drop(ward.on("LREM", "ready", &[b"0", &id]).await),
        3 => drop(ward.on("ZREM", place, &[&id]).await),
        4 => drop(ward.on("HSET", "tasks", &[&stranger(), b"\x01\x00\x00\x00lost"]).await),
        5 => drop(ward.on("HSET", "history", &[&stranger(), &[1; 19]]).await),
        6 => drop(ward.on("SADD", "ghosts", &[&id]).await),
        7 => drop(ward.on("ZREM", "kept", &[&id]).await),
        8 => drop(ward.on("ZADD", "kept", &[b"99999999999999", &id]).await),
        _ => {
            let (key, number) = (ward.running(), dice.below(100).to_string());
            let mut joined = id.clone();
            joined.truncate(16 - dice.below(2));
            ward.raw.command(&[b"HSET", key.as_bytes(), number.as_bytes(), &joined]).await;
        }
    }
}

async fn two_searches_mend_any_damage<L: Library>() {
    for seed in 1..=12 {
        let harness = <RedisHarness<L> as tireless_testkit::Harness>::fresh().await;
        let mut ward = Ward::filled(&harness, 20).await;
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        for _ in 0..10 * seed {
            damage(&mut ward, &mut dice).await;
        }
        let tasks = ward.tasks().await;
        let first = ward.search().await;
        assert!(first.total() > 0, "seed {seed}");
        let second = ward.search().await;
        assert_eq!(ward.search().await, Mended::default(), "seed {seed}: {first:?} {second:?}");
        ward.is_sound().await;
        assert_eq!(ward.tasks().await, tasks, "seed {seed}: nothing that has bytes is lost");
        let counts = ward.bench.counts().await;
        let listed = ward.bench.listed(State::Ready).await.len();
        assert_eq!(counts.ready, listed as u64, "seed {seed}");
    }
}

over_both!(two_searches_mend_any_damage);
