//! Each class of damage: found, counted, mended, and gone at the second search.

use std::time::Duration;

use tireless_core::{ClaimMode, Failure, Mended, Outcome, Reentry, Settled, State, TaskId};
use tireless_testkit::fixtures::{fail, ids};
use tireless_tests::{Library, RedisHarness};

use super::ward::{HOUR, Ward, stranger};

const SETS: [&str; 4] = ["scheduled", "failed", "dead", "done"];

async fn what_is_in_no_place_is_ready_again<L: Library>() {
    let harness = <RedisHarness<L> as tireless_testkit::Harness>::fresh().await;
    let mut ward = Ward::filled(&harness, 3).await;
    for set in ["scheduled", "failed", "dead"] {
        let id = ward.ids(set).await.remove(1);
        ward.on("ZREM", set, &[&id]).await;
    }
    ward.on("RPOP", "ready", &[]).await;
    let held = ward.running();
    let claim = (ward.holder.next_claim() - 1).to_string();
    ward.raw.command(&[b"HDEL", held.as_bytes(), claim.as_bytes()]).await;
    let (tasks, last) = (ward.tasks().await, ward.ids("ready").await.remove(0));
    ward.mends(&[("lost", 7)]).await;
    ward.bench.holds("ready 9, scheduled 2, failed 2, dead 2, kept 3").await;
    assert_eq!(ward.tasks().await, tasks);
    // Behind all that wait, uncharged.
    let claimed = ward.bench.worker().claim(9).await;
    assert_eq!(claimed[1].id.as_bytes()[..], last);
    assert!(claimed.iter().all(|task| task.history.crashes == 0));
    assert_eq!(claimed.iter().filter(|task| task.history.attempts == 1).count(), 2);
}

async fn what_was_to_enter_at_the_front_overtakes_nobody_when_it_was_lost<L: Library>() {
    let harness = <RedisHarness<L> as tireless_testkit::Harness>::fresh().await;
    let mut ward = Ward::filled(&harness, 0).await;
    let lost = ward.bench.push(1).await[0];
    let failure = Failure::new("io", "it broke");
    let outcome = Outcome::Fail { failure, retry_in: Duration::ZERO, reentry: Reentry::Front };
    ward.holder.finish(&ward.holder.claim(1).await, outcome).await;
    assert_eq!(ward.bench.tick().await.requeued, 1);
    let waiting = ward.bench.push(2).await;
    ward.on("LREM", "ready", &[b"0", lost.as_bytes()]).await;
    ward.mends(&[("lost", 1)]).await;
    assert_eq!(ids(&ward.holder.claim(3).await), [waiting[0], waiting[1], lost]);
}

async fn a_lost_list_comes_back_whole<L: Library>() {
    let harness = <RedisHarness<L> as tireless_testkit::Harness>::fresh().await;
    let mut ward = Ward::filled(&harness, 1).await;
    let mut pushed = ward.bench.push(5_000).await;
    ward.on("DEL", "ready", &[]).await;
    ward.on("DEL", "bell", &[]).await;
    ward.mends(&[("lost", 5_001)]).await;
    let worker = ward.bench.worker();
    let mut claimed = Vec::new();
    while let held @ [_, ..] = &worker.claim(1_000).await[..] {
        claimed.extend(ids(held));
        worker.ack(held).await;
    }
    claimed.sort_unstable();
    pushed.sort_unstable();
    claimed.retain(|id| pushed.binary_search(id).is_ok());
    assert_eq!(claimed, pushed);
    let rang = ward.on("LLEN", "bell", &[]).await;
    assert_eq!(rang, redis::Value::Int(1), "what became ready rings");
}

async fn a_suspect_in_no_place_is_a_suspect_again<L: Library>() {
    let harness = <RedisHarness<L> as tireless_testkit::Harness>::fresh().await;
    let mut ward = Ward::filled(&harness, 0).await;
    let id = ward.bench.push(1).await[0];
    ward.bench.make_suspect(id).await;
    ward.on("DEL", "suspects", &[]).await;
    ward.mends(&[("lost", 1)]).await;
    assert_eq!(ward.bench.counts().await.suspects, 1);
    let alone = ward.bench.worker().claim_alone().await;
    assert_eq!((alone[0].id, alone[0].history.crashes), (id, 2));
}

async fn an_id_without_an_envelope_is_dropped<L: Library>() {
    let harness = <RedisHarness<L> as tireless_testkit::Harness>::fresh().await;
    let mut ward = Ward::filled(&harness, 3).await;
    for place in SETS.into_iter().chain(["ready"]) {
        let id = ward.ids(place).await.remove(1);
        ward.on("HDEL", "tasks", &[&id]).await;
    }
    let held = ward.bench.listed(State::Running).await[1];
    ward.on("HDEL", "tasks", &[held.as_bytes()]).await;
    ward.on("LPUSH", "ready", &[b"no id", &stranger()]).await;
    ward.on("ZADD", "scheduled", &[b"1e300", b"no id either"]).await;
    let mended = ward.search().await;
    // The failed and the dead one had a history and failures; a kept one also an end.
    assert_eq!((mended.empty, mended.leftovers, mended.lost), (9, 4, 0), "{mended:?}");
    assert_eq!(ward.search().await, Mended::default());
    ward.bench.holds("ready 2, running 2, scheduled 2, failed 2, dead 2, kept 2").await;
    // The good ones behind them are found at once.
    assert_eq!(ward.bench.worker().claim(9).await.len(), 2);
    // Of the claim only that one is lost.
    let claim = ward.holder.next_claim() - 1;
    let named = ward.holder.renew(&[claim]).await;
    assert_eq!(named.lost, [0u64; 0]);
    let gone = ward.holder.settle(vec![(claim, held, fail(HOUR))]).await;
    assert_eq!(gone, [Settled::LeaseLost]);
}

async fn a_task_in_two_places_leaves_one<L: Library>() {
    let harness = <RedisHarness<L> as tireless_testkit::Harness>::fresh().await;
    let mut ward = Ward::filled(&harness, 8).await;
    let scheduled = ward.ids("scheduled").await;
    let ready = ward.ids("ready").await;
    let held = ward.bench.listed(State::Running).await;
    // In two sets; in the list and a set; in the list twice; in the list and held; held twice.
    ward.on("ZADD", "dead", &[b"1", &scheduled[0]]).await;
    ward.on("LPUSH", "ready", &[&scheduled[1]]).await;
    ward.on("ZADD", "failed", &[b"1", held[0].as_bytes()]).await;
    ward.on("ZADD", "kept", &[b"1", held[1].as_bytes()]).await;
    ward.on("RPUSH", "ready", &[&ready[3], held[2].as_bytes()]).await;
    let other = ward.bench.worker();
    assert_eq!(other.claim(1).await[0].id, held[2], "as it is without a search");
    ward.on("RPUSH", "ready", &[held[3].as_bytes()]).await;
    let mended = ward.search().await;
    assert_eq!((mended.doubled, mended.untimed), (6, 1), "{mended:?}");
    assert_eq!((mended.total(), ward.search().await), (7, Mended::default()));
    ward.bench.holds("ready 9, running 8, scheduled 7, failed 8, dead 8, kept 8").await;
    let mut claimed = ids(&other.claim(100).await);
    assert_eq!((claimed.len(), claimed.iter().any(|id| held.contains(id))), (9, false));
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!(claimed.len(), 9, "each once");
}

async fn a_holder_without_a_lease_gets_one<L: Library>() {
    let harness = <RedisHarness<L> as tireless_testkit::Harness>::fresh().await;
    let mut ward = Ward::filled(&harness, 3).await;
    let grace = Duration::from_millis(400);
    // One lives, one does not.
    let dead = ward.bench.worker();
    let id = dead.claim_one().await.id;
    ward.on("DEL", "leases", &[]).await;
    let mended = ward.search_with(grace).await;
    assert_eq!((mended.unleased, mended.total()), (2, 2), "{mended:?}");
    // Within the grace nothing is taken from anybody.
    let permission = ward.bench.permission().await;
    assert_eq!(ward.bench.tick_with(Some(permission)).await.reclaimed, 0);
    let claim = ward.holder.next_claim() - 1;
    assert_eq!(ward.holder.renew(&[claim]).await.lost, [0u64; 0]);
    assert_eq!(ward.search_with(grace).await, Mended::default());
    tokio::time::sleep(grace * 2).await;
    // Who is not heard of meanwhile has crashed, as at any other end of a lease.
    let permission = ward.bench.permission().await;
    assert_eq!(ward.bench.tick_with(Some(permission)).await.reclaimed, 1);
    assert_eq!(ward.bench.detail(id).await.summary.history.crashes, 1);
    assert_eq!(ward.bench.listed(State::Running).await.len(), 3);
    assert_eq!(ward.search().await, Mended::default());
}

async fn what_is_left_of_tasks_goes<L: Library>() {
    let harness = <RedisHarness<L> as tireless_testkit::Harness>::fresh().await;
    let mut ward = Ward::filled(&harness, 3).await;
    for number in 0..300 {
        let own = format!("own {number}");
        ward.on("HSET", "history", &[&stranger(), &[0; 19]]).await;
        ward.on("HSET", "failures", &[&stranger(), b"junk"]).await;
        ward.on("HSET", "names", &[own.as_bytes(), &stranger()]).await;
    }
    ward.mends(&[("leftovers", 900)]).await;
    let living = [("history", 6), ("failures", 6), ("names", 0)];
    for (side, left) in living {
        assert_eq!(ward.on("HLEN", side, &[]).await, redis::Value::Int(left), "{side}");
    }
}

async fn kept_tasks_have_an_end<L: Library>() {
    let harness = <RedisHarness<L> as tireless_testkit::Harness>::fresh().await;
    let mut ward = Ward::filled(&harness, 4).await;
    let kept = ward.ids("kept").await;
    ward.on("ZREM", "kept", &[&kept[0]]).await;
    ward.on("ZREM", "done", &[&kept[1]]).await;
    ward.on("ZADD", "kept", &[b"1", &stranger()]).await;
    ward.mends(&[("untimed", 3)]).await;
    ward.bench.holds("ready 4, running 4, scheduled 4, failed 4, dead 4, kept 4").await;
    assert_eq!(ward.on("ZCARD", "kept", &[]).await, redis::Value::Int(4));
}

async fn ghosts_that_stand_nowhere_go<L: Library>() {
    let harness = <RedisHarness<L> as tireless_testkit::Harness>::fresh().await;
    let mut ward = Ward::filled(&harness, 4).await;
    let ready = ward.bench.listed(State::Ready).await;
    // A true one, one that stands nowhere, and one that lives.
    ward.bench.broker.remove(&ward.bench.queue, &ready[..1]).await.expect("a removal");
    ward.on("SADD", "ghosts", &[&stranger(), ready[1].as_bytes()]).await;
    ward.mends(&[("ghosts", 2)]).await;
    assert_eq!(ward.on("SCARD", "ghosts", &[]).await, redis::Value::Int(1));
    assert_eq!(ids(&ward.bench.worker().claim(9).await), ready[1..]);
}

async fn what_has_no_legal_length_is_given_one<L: Library>() {
    let harness = <RedisHarness<L> as tireless_testkit::Harness>::fresh().await;
    let mut ward = Ward::filled(&harness, 2).await;
    let envelope = b"\x01\x00\x00\x00under no id";
    ward.on("HSET", "tasks", &[b"short", envelope, &[7; 40], envelope]).await;
    let (held, last) = (ward.running(), ward.holder.next_claim() - 1);
    let claim = last.to_string();
    ward.raw.command(&[b"HSET", held.as_bytes(), claim.as_bytes(), &[7; 21]]).await;
    let mended = ward.search().await;
    // Two of the claim are lost, and what was written instead was no task's.
    assert_eq!((mended.malformed, mended.lost, mended.empty), (3, 4, 1), "{mended:?}");
    assert_eq!(ward.search().await, Mended::default());
    let ready = ward.bench.list(State::Ready).await;
    assert_eq!(ready.iter().filter(|task| task.envelope[..] == envelope[..]).count(), 2);
}

async fn a_claim_gives_ids_of_a_legal_length<L: Library>() {
    let harness = <RedisHarness<L> as tireless_testkit::Harness>::fresh().await;
    let mut ward = Ward::filled(&harness, 0).await;
    ward.bench.push(1).await;
    ward.on("HSET", "tasks", &[b"short", b"\x01\x00\x00\x00a", &[9; 17], b"b"]).await;
    ward.on("LPUSH", "ready", &[b"short", &[9; 17], b"missing"]).await;
    ward.bench.push(1).await;
    let worker = ward.bench.worker();
    let call = worker.claim_call(10, ClaimMode::Shared);
    let claimed = worker.send(&call).await.tasks;
    let bodies: Vec<&[u8]> = claimed.iter().map(|task| &task.envelope[..]).collect();
    assert_eq!((claimed.len(), bodies[1], bodies[2]), (4, &b"\x01\x00\x00\x00a"[..], &b"b"[..]));
    let again: Vec<TaskId> = ids(&worker.send(&call).await.tasks);
    assert_eq!(again, ids(&claimed), "the same claim again");
    worker.ack(&claimed).await;
    ward.bench.holds("nothing").await;
    assert_eq!(ward.search().await, Mended::default());
}

over_both!(
    what_is_in_no_place_is_ready_again,
    what_was_to_enter_at_the_front_overtakes_nobody_when_it_was_lost,
    a_lost_list_comes_back_whole,
    a_suspect_in_no_place_is_a_suspect_again,
    an_id_without_an_envelope_is_dropped,
    a_task_in_two_places_leaves_one,
    a_holder_without_a_lease_gets_one,
    what_is_left_of_tasks_goes,
    kept_tasks_have_an_end,
    ghosts_that_stand_nowhere_go,
    what_has_no_legal_length_is_given_one,
    a_claim_gives_ids_of_a_legal_length,
);
