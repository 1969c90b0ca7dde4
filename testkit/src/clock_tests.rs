use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn sleeps_end_in_order_each_at_its_own_time() {
    let clock = VirtualClock::new();
    let log = Arc::new(Mutex::new(Vec::new()));
    for seconds in [3, 1, 2] {
        let (clock, log) = (clock.clone(), log.clone());
        tokio::spawn(async move {
            clock.sleep(SECOND * seconds).await;
            log.lock().unwrap().push(clock.monotonic().as_secs());
        });
    }
    clock.advance(SECOND * 2).await;
    assert_eq!(*log.lock().unwrap(), [1, 2]);
    assert_eq!(clock.sleepers(), 1);
    clock.advance(SECOND).await;
    assert_eq!(*log.lock().unwrap(), [1, 2, 3]);
    assert_eq!(clock.now(), SECOND * 3);
}

#[test]
fn a_jump_wakes_what_is_due_without_a_runtime() {
    let clock = VirtualClock::new();
    let mut sleeps = [1, 2].map(|seconds| clock.sleep(SECOND * seconds));
    let mut context = Context::from_waker(Waker::noop());
    assert!(sleeps.iter_mut().all(|sleep| sleep.as_mut().poll(&mut context).is_pending()));
    clock.jump(SECOND);
    assert_eq!((clock.now(), clock.sleepers()), (SECOND, 1));
    assert!(sleeps[0].as_mut().poll(&mut context).is_ready());
}

#[tokio::test]
async fn an_hour_of_a_loop_runs_every_turn_of_it() {
    let (clock, turns) = (VirtualClock::new(), Arc::new(AtomicU32::new(0)));
    let (loop_clock, loop_turns) = (clock.clone(), turns.clone());
    tokio::spawn(async move {
        loop {
            loop_clock.sleep(SECOND).await;
            loop_turns.fetch_add(1, Ordering::Relaxed);
        }
    });
    let started = Instant::now();
    clock.advance(Duration::from_secs(3600)).await;
    assert_eq!(turns.load(Ordering::Relaxed), 3600);
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_threaded_runtime_comes_to_rest_between_the_steps() {
    let (clock, turns) = (VirtualClock::new(), Arc::new(AtomicU32::new(0)));
    for _ in 0..8 {
        let (clock, turns) = (clock.clone(), turns.clone());
        tokio::spawn(async move {
            loop {
                clock.sleep(SECOND).await;
                // A chain over other tasks, so that the next sleep starts late.
                for _ in 0..5 {
                    tokio::spawn(tokio::task::yield_now()).await.unwrap();
                }
                turns.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    clock.advance(SECOND * 100).await;
    assert_eq!(turns.load(Ordering::Relaxed), 800);
    let inner = clock.clone();
    tokio::spawn(async move { inner.advance(SECOND * 10).await }).await.unwrap();
    assert_eq!(turns.load(Ordering::Relaxed), 880);
}

#[tokio::test]
async fn a_dropped_sleep_is_forgotten_and_a_zero_one_ends_at_once() {
    let clock = VirtualClock::new();
    drop(clock.sleep(SECOND));
    assert_eq!((clock.sleepers(), clock.next_wake()), (0, None));
    clock.sleep(Duration::ZERO).await;
    assert_eq!(clock.advance_to_next().await, None);
}

#[tokio::test]
async fn advancing_until_something_happened_stops_there() {
    let (clock, done) = (VirtualClock::new(), Arc::new(AtomicU32::new(0)));
    let (inner, flag) = (clock.clone(), done.clone());
    tokio::spawn(async move {
        inner.sleep(SECOND * 7).await;
        flag.store(1, Ordering::Relaxed);
    });
    let seen = || done.load(Ordering::Relaxed) == 1;
    assert!(!clock.advance_until(SECOND * 2, seen).await);
    assert!(clock.advance_until(SECOND * 60, seen).await);
    assert_eq!(clock.now(), SECOND * 7);
}

#[tokio::test]
async fn a_loop_that_never_sleeps_does_not_hang_the_test() {
    let clock = VirtualClock::new();
    let inner = clock.clone();
    let spinner = tokio::spawn(async move {
        loop {
            inner.monotonic();
            tokio::task::yield_now().await;
        }
    });
    clock.advance(SECOND).await;
    assert_eq!(clock.now(), SECOND);
    spinner.abort();
}

#[test]
fn wall_time_can_jump_and_monotonic_time_does_not() {
    let clock = VirtualClock::new();
    let before = clock.wall();
    clock.jump_wall(-5_000);
    assert_eq!(before.since(clock.wall()), SECOND * 5);
    assert_eq!(clock.monotonic(), Duration::ZERO);
}
