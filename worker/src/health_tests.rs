use tireless_core::{Admin, Clock, Inspect, Operation};

use super::*;
use crate::run::{Context, Verdict};
use crate::running::RunningPool;
use crate::testbed::{Bed, SECOND, Trouble};

async fn done(_: Context) -> Verdict {
    Verdict::Done
}

fn of(pool: &RunningPool, name: &str) -> LoopHealth {
    let health = pool.health();
    health.loops.into_iter().find(|one| one.name == name).unwrap()
}

/// Lets time pass, and asks for the verdict each second: whether it was always, never, ready.
async fn watch(bed: &Bed, pool: &RunningPool, seconds: u32) -> Vec<bool> {
    let mut ready = Vec::new();
    for _ in 0..seconds {
        bed.clock.advance(SECOND).await;
        assert!(pool.health().is_live(), "{:?}", pool.health());
        ready.push(pool.health().is_ready());
    }
    ready
}

#[tokio::test]
async fn a_pool_is_ready_once_its_loops_have_succeeded_and_stays_so_when_idle() {
    let bed = Bed::new();
    bed.spy.trouble(Some((Operation::Tick, Trouble::Hang)));
    let pool = bed.raw(done).queue("q1").queue("q2").start().await.unwrap();
    bed.clock.advance(SECOND).await;
    assert!(!pool.health().is_ready(), "the scheduler was not answered yet");
    assert_eq!(of(&pool, "scheduler").state, LoopState::Starting);
    drop(pool);
    bed.spy.trouble(None);
    let pool = bed.raw(done).queue("q1").queue("q2").start().await.unwrap();
    let ready = watch(&bed, &pool, 600).await;
    assert!(ready.iter().all(|ready| *ready), "{ready:?}");
    let loops = pool.health().loops;
    let names: Vec<_> = loops.iter().map(|one| one.name).collect();
    let ours = ["claimer", "bell", "heartbeat", "scheduler", "settler", "settler", "settler"];
    assert_eq!(names, ours);
    assert_eq!(loops[4].queue.as_ref(), Some(&bed.queue));
    assert_eq!(loops[4].last_success, None, "it had nothing to settle");
    drop(pool);
}

#[tokio::test]
async fn a_paused_queue_and_a_full_pool_are_ready() {
    let bed = Bed::new();
    let clock = bed.clock.clone();
    let pool = bed.raw(move |_| {
        let clock = clock.clone();
        async move {
            clock.sleep(500 * SECOND).await;
            Verdict::Done
        }
    });
    let pool = pool.concurrency(1).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    bed.push(3).await;
    let full = watch(&bed, &pool, 400).await;
    assert_eq!(pool.stats().running, 1);
    assert!(full.iter().all(|ready| *ready), "{full:?}");
    bed.spy.inner.pause(&bed.queue).await.unwrap();
    let paused = watch(&bed, &pool, 600).await;
    assert_eq!(pool.stats().running, 0);
    assert!(paused.iter().all(|ready| *ready), "{paused:?}");
    drop(pool);
}

#[tokio::test]
async fn a_call_that_never_returns_turns_its_loop_red() {
    for (operation, name, period) in [
        (Operation::Claim, "claimer", 5),
        (Operation::Settle, "settler", 0),
        (Operation::Renew, "heartbeat", 5),
        (Operation::Tick, "scheduler", 5),
        (Operation::Wait, "bell", 10),
    ] {
        let bed = Bed::new();
        let pool = bed.raw(done).start().await.unwrap();
        let ready = watch(&bed, &pool, 20).await;
        assert!(ready.iter().all(|ready| *ready), "{name}");
        bed.spy.trouble(Some((operation, Trouble::Hang)));
        bed.push(1).await;
        bed.clock.advance(period * SECOND + GRACE + SECOND).await;
        assert_eq!(of(&pool, name).state, LoopState::Silent, "{name}");
        assert!(pool.health().is_live(), "{name}");
        // The bell only saves time.
        assert_eq!(pool.health().is_ready(), name == "bell");
        bed.clock.advance(60 * SECOND).await;
        assert_eq!(of(&pool, name).state, LoopState::Stuck, "{name}");
        assert!(!pool.health().is_live() && !pool.health().is_ready(), "{name}");
        drop(pool);
    }
}

#[tokio::test]
async fn a_loop_that_does_not_wake_from_its_rest_turns_red() {
    let bed = Bed::new();
    let pool = bed.raw(done).start().await.unwrap();
    bed.clock.advance(20 * SECOND).await;
    // As if nothing had run meanwhile.
    let later = |seconds| bed.clock.monotonic() + seconds * SECOND;
    let watch = pool.health_watch();
    for one in watch.0.health.loops(later(14)) {
        let well = one.name == "settler";
        assert_eq!(one.state == LoopState::Well, well, "{one:?}");
    }
    drop(pool);
}

#[tokio::test]
async fn waits_that_fail_show_until_the_pool_is_full_and_needs_none() {
    let bed = Bed::new();
    let clock = bed.clock.clone();
    let pool = bed.raw(move |_| {
        let clock = clock.clone();
        async move {
            clock.sleep(500 * SECOND).await;
            Verdict::Done
        }
    });
    let pool = pool.concurrency(1).start().await.unwrap();
    bed.spy.mute(true);
    bed.clock.advance(20 * SECOND).await;
    assert_eq!(of(&pool, "bell").state, LoopState::Silent);
    bed.push(1).await;
    bed.clock.advance(20 * SECOND).await;
    assert_eq!(of(&pool, "bell").state, LoopState::Well);
    drop(pool);
}

#[tokio::test]
async fn an_outage_makes_a_pool_unready_and_leaves_it_alive() {
    let bed = Bed::new();
    let pool = bed.raw(done).start().await.unwrap();
    bed.push(1).await;
    bed.clock.advance(20 * SECOND).await;
    assert!(pool.health().is_ready());
    bed.spy.go_away(true);
    let away = watch(&bed, &pool, 600).await;
    assert!(away[5..].iter().all(|ready| !ready), "{away:?}");
    assert!(!pool.health().store_answers);
    assert_eq!(of(&pool, "claimer").state, LoopState::Silent);
    bed.spy.go_away(false);
    let back = watch(&bed, &pool, 600).await;
    assert!(back[5..].iter().all(|ready| *ready), "{back:?}");
    drop(pool);
}

#[tokio::test]
async fn a_pool_whose_waits_failed_before_an_outage_is_alive_all_through() {
    for queues in [1, 2, 9] {
        let bed = Bed::new();
        let pool = (1..queues).fold(bed.raw(done), |pool, at| pool.queue(format!("q{at}")));
        let pool = pool.concurrency(20).start().await.unwrap();
        bed.clock.advance(20 * SECOND).await;
        bed.spy.mute(true);
        bed.clock.advance(6 * SECOND).await;
        bed.spy.go_away(true);
        let away = watch(&bed, &pool, 600).await;
        assert!(away[5..].iter().all(|ready| !ready), "{away:?}");
        bed.spy.mute(false);
        bed.spy.go_away(false);
        let back = watch(&bed, &pool, 60).await;
        assert!(back[10..].iter().all(|ready| *ready), "{back:?}");
        drop(pool);
    }
}

#[tokio::test]
async fn waits_that_hang_are_told_also_after_a_full_pool() {
    let bed = Bed::new();
    let clock = bed.clock.clone();
    let pool = bed.raw(move |_| {
        let clock = clock.clone();
        async move {
            clock.sleep(3 * SECOND).await;
            Verdict::Done
        }
    });
    let pool = pool.concurrency(1).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    bed.spy.mute(true);
    bed.clock.advance(6 * SECOND).await;
    bed.spy.mute(false);
    bed.spy.trouble(Some((Operation::Wait, Trouble::Hang)));
    bed.push(1).await;
    bed.clock.advance(60 * SECOND).await;
    assert_eq!(of(&pool, "bell").state, LoopState::Silent);
    drop(pool);
}

#[tokio::test]
async fn a_loop_that_panics_again_and_again_is_not_alive_and_recovers() {
    let bed = Bed::new();
    let pool = bed.raw(done).start().await.unwrap();
    bed.clock.advance(20 * SECOND).await;
    bed.spy.trouble(Some((Operation::Tick, Trouble::Panic)));
    bed.clock.advance(10 * SECOND).await;
    assert!(pool.health().is_live() && !pool.health().is_ready());
    bed.clock.advance(60 * SECOND).await;
    let scheduler = of(&pool, "scheduler");
    assert_eq!(scheduler.state, LoopState::Stuck);
    assert!((6..40).contains(&scheduler.restarts), "{scheduler:?}");
    assert!(!pool.health().is_live());
    bed.spy.trouble(None);
    // The longest pause before a restart.
    bed.clock.advance(11 * SECOND).await;
    assert!(pool.health().is_live() && pool.health().is_ready());
    drop(pool);
}

#[tokio::test]
async fn a_pool_whose_heartbeat_is_between_two_starts_signs_off() {
    let bed = Bed::new();
    let pool = bed.raw(done).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    bed.spy.trouble(Some((Operation::Renew, Trouble::Panic)));
    bed.clock.advance(8 * SECOND).await;
    bed.spy.trouble(None);
    assert_eq!(bed.spy.inner.workers().await.unwrap().len(), 1);
    pool.shutdown().await;
    assert!(bed.spy.inner.workers().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_pool_that_stops_is_alive_and_not_ready() {
    let bed = Bed::new();
    let clock = bed.clock.clone();
    let pool = bed.raw(move |_| {
        let clock = clock.clone();
        async move {
            clock.sleep(20 * SECOND).await;
            Verdict::Done
        }
    });
    let pool = pool.start().await.unwrap();
    bed.push(1).await;
    bed.clock.advance(SECOND).await;
    let watch = pool.health_watch();
    assert!(watch.health().is_ready());
    let stopping = tokio::spawn(pool.shutdown());
    for _ in 0..30 {
        bed.clock.advance(SECOND).await;
        let health = watch.health();
        assert!(health.stopping && health.is_live() && !health.is_ready(), "{health:?}");
    }
    assert_eq!(stopping.await.unwrap().done, 1);
    assert!(watch.health().loops.iter().all(|one| one.state == LoopState::Ended));
}

#[tokio::test]
async fn a_loop_that_ends_before_its_time_is_not_alive() {
    let bed = Bed::new();
    let pool = bed.raw(done).without_scheduler().start().await.unwrap();
    bed.clock.advance(20 * SECOND).await;
    assert!(pool.health().is_ready());
    assert!(pool.health().loops.iter().all(|one| one.name != "scheduler"));
    pool.health_watch().0.health.pulse(Role::Settler(0)).ended();
    assert!(!pool.health().is_live() && !pool.health().is_ready());
    drop(pool);
}
