use std::sync::{Arc, Mutex};
use std::time::Duration;

use tireless_core::{Clock, Error, ErrorKind, Operation};

use crate::events::{Event, Observers};
use crate::health::{Health, LoopState, Role};
use crate::run::Verdict;
use crate::running::RunningPool;
use crate::testbed::{Bed, SECOND, queue, raw};

/// How often an outage was told, and its end.
fn told(bed: &Bed) -> (usize, usize) {
    let told =
        |wanted: fn(&Event) -> bool| bed.events().iter().filter(|event| wanted(event)).count();
    let away = told(|event| matches!(event, Event::StoreUnavailable { .. }));
    (away, told(|event| matches!(event, Event::StoreRecovered)))
}

/// Works through tasks for a while; how often the pool said that it was ready.
async fn work(bed: &Bed, pool: &RunningPool, seconds: u32) -> u32 {
    let mut ready = 0;
    for _ in 0..10 * seconds {
        bed.clock.advance(SECOND / 10).await;
        bed.push(1).await;
        ready += u32::from(pool.health().is_ready());
    }
    ready
}

#[tokio::test]
async fn half_an_outage_is_one_from_its_begin_to_its_end() {
    let bed = Bed::new();
    let pool = bed.raw(|_| async { Verdict::Done }).queue("gone").start().await.unwrap();
    work(&bed, &pool, 10).await;
    assert!(pool.health().is_ready());
    bed.spy.cut_off(Some((queue("gone"), ErrorKind::Unavailable)));
    work(&bed, &pool, 10).await;
    assert_eq!((work(&bed, &pool, 60).await, told(&bed)), (0, (1, 0)));
    let health = pool.health();
    assert!(health.is_live() && !health.store_answers);
    let heartbeat = health.loops.iter().find(|one| one.name == "heartbeat").unwrap();
    assert_eq!(heartbeat.state, LoopState::Silent, "what it owes one queue another does not pay");
    assert!(pool.stats().summary.done > 700, "the other queue is served all through");
    bed.spy.cut_off(None);
    work(&bed, &pool, 10).await;
    assert_eq!((work(&bed, &pool, 10).await, told(&bed)), (100, (1, 1)));
    drop(pool);
}

#[tokio::test]
async fn a_queue_that_is_refused_is_none_and_leaves_the_pool_ready() {
    // Whether its answer comes before those of the others or after them.
    for (first, second) in [("q", "bad"), ("bad", "q")] {
        let bed = Bed::new();
        let route = raw(|_| async { Verdict::Done });
        let pool = bed.pool().queue(first).queue(second).route(route).start().await.unwrap();
        work(&bed, &pool, 10).await;
        bed.spy.cut_off(Some((queue("bad"), ErrorKind::WrongType)));
        assert_eq!((work(&bed, &pool, 60).await, told(&bed)), (600, (0, 0)));
        drop(pool);
    }
}

#[tokio::test]
async fn a_store_that_takes_no_writes_and_answers_ticks_is_away_until_it_takes_them() {
    let bed = Bed::new();
    let pool = bed.raw(|_| async { Verdict::Done }).queue("q1").start().await.unwrap();
    work(&bed, &pool, 10).await;
    bed.spy.is_replica(true);
    work(&bed, &pool, 10).await;
    assert_eq!((work(&bed, &pool, 60).await, told(&bed)), (0, (1, 0)));
    bed.spy.is_replica(false);
    work(&bed, &pool, 10).await;
    assert_eq!((work(&bed, &pool, 10).await, told(&bed)), (100, (1, 1)));
    drop(pool);
}

#[tokio::test]
async fn what_a_full_pool_does_not_ask_for_any_more_keeps_no_outage_alive() {
    let bed = Bed::new();
    let clock = bed.clock.clone();
    let pool = bed.raw(move |_| {
        let clock = clock.clone();
        async move {
            clock.sleep(500 * SECOND).await;
            Verdict::Done
        }
    });
    let pool = pool.queue("q1").concurrency(1).start().await.unwrap();
    bed.clock.advance(2 * SECOND).await;
    bed.spy.cut_off(Some((queue("q1"), ErrorKind::Unavailable)));
    bed.clock.advance(10 * SECOND).await;
    bed.push(1).await;
    bed.clock.advance(2 * SECOND).await;
    assert_eq!((pool.stats().running, told(&bed)), (1, (1, 0)));
    bed.spy.cut_off(None);
    bed.clock.advance(10 * SECOND).await;
    assert_eq!(told(&bed), (1, 1));
    assert!(pool.health().is_ready(), "{:?}", pool.health());
    drop(pool);
}

/// Looks at an idle pool for some minutes; whether it was ready all the while.
async fn stays_ready(bed: &Bed, pool: &RunningPool) -> bool {
    let mut unready = 0;
    for _ in 0..3_000 {
        bed.clock.advance(SECOND / 10).await;
        unready += u32::from(!pool.health().is_ready());
    }
    unready == 0
}

#[tokio::test]
async fn beside_a_refused_queue_an_idle_pool_is_ready_all_the_time() {
    for bad in ["q", "q1"] {
        let bed = Bed::new();
        let pool = bed.raw(|_| async { Verdict::Done }).queue("q1").start().await.unwrap();
        bed.clock.advance(2 * SECOND).await;
        bed.spy.cut_off(Some((queue(bad), ErrorKind::WrongType)));
        assert!(stays_ready(&bed, &pool).await, "{bad}");
        drop(pool);
    }
}

#[tokio::test]
async fn a_queue_that_is_refused_after_an_outage_is_away_no_more() {
    let bed = Bed::new();
    let pool = bed.raw(|_| async { Verdict::Done }).queue("q1").start().await.unwrap();
    bed.clock.advance(2 * SECOND).await;
    bed.spy.go_away(true);
    bed.clock.advance(10 * SECOND).await;
    assert!(!pool.health().store_answers);
    bed.spy.cut_off(Some((queue("q1"), ErrorKind::WrongType)));
    bed.spy.go_away(false);
    bed.clock.advance(30 * SECOND).await;
    assert!(pool.health().store_answers && pool.health().is_ready(), "{:?}", pool.health());
    assert_eq!(told(&bed), (1, 1));
    drop(pool);
}

/// What one thread tells while another has seen that the store answers again is heard first.
#[test]
fn an_outage_and_its_end_are_told_in_their_order() {
    let health = Health::new(Vec::new(), false, Duration::ZERO);
    let (tells, telling) = std::sync::mpsc::channel();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let mut observers = Observers::default();
    let hears = heard.clone();
    observers.add(move |event| {
        if let Event::StoreUnavailable { .. } = event {
            tells.send(()).unwrap();
            std::thread::sleep(Duration::from_millis(50));
        }
        hears.lock().unwrap().push(event.clone());
    });
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let error = Error::new(ErrorKind::Unavailable, Operation::Claim, "away");
            health.failure(Role::Claimer, None, SECOND, &error, &observers);
        });
        telling.recv().unwrap();
        health.success(Role::Claimer, None, SECOND, &observers);
    });
    let heard = heard.lock().unwrap();
    assert!(
        matches!(heard[..], [Event::StoreUnavailable { .. }, Event::StoreRecovered]),
        "{heard:?}"
    );
    assert!(health.store_answers());
}
