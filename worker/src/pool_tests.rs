use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tireless_core::{
    BuryReason, ErrorKind, Failure, Inspect, ReleaseReason, State, TaskOptions, When,
};

use crate::events::Event;
use crate::retry::Backoff;
use crate::run::{Context, RunPolicy, Verdict};
use crate::testbed::{Bed, SECOND, queue, raw, raw_task, typed_task};

const MINUTE: Duration = Duration::from_secs(60);

async fn done(_: Context) -> Verdict {
    Verdict::Done
}

async fn fails(_: Context) -> Verdict {
    Verdict::Retry(Failure::new("test", "no"))
}

async fn hangs(_: Context) -> Verdict {
    std::future::pending().await
}

#[tokio::test]
async fn everything_pushed_is_done_and_leaves_nothing() {
    let bed = Bed::new();
    bed.push(2500).await;
    let pool = bed.raw(done).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    assert_eq!(pool.stats().summary.done, 2500);
    assert_eq!(pool.stats().held, 0);
    let counts = bed.counts().await;
    assert_eq!((counts.ready, counts.running, counts.done), (0, 0, 2500));
    let summary = pool.shutdown().await;
    assert_eq!(summary.done, 2500);
    assert_eq!(bed.counts().await.workers, 0);
}

#[tokio::test]
async fn an_hour_of_retries_ends_in_the_grave() {
    let bed = Bed::new();
    let mut route = raw(fails);
    route.policy = RunPolicy { retries: 6, timeout: None, backoff: Backoff::fixed(10 * MINUTE) };
    let pool = bed.pool().queue("q").route(route).start().await.unwrap();
    let id = bed.push(1).await[0];
    bed.clock.advance(59 * MINUTE).await;
    let summary = pool.stats().summary;
    assert_eq!((summary.failed, summary.requeued), (6, 5), "by whatever made it ready");
    assert_eq!(bed.show(id).await.unwrap().state, State::Failed);
    bed.clock.advance(2 * MINUTE).await;
    let task = bed.show(id).await.unwrap();
    assert_eq!((task.state, task.summary.history.attempts), (State::Dead, 7));
    assert_eq!(task.failures.0[0].failure.kind(), "exhausted/test");
    assert_eq!(pool.shutdown().await.buried, 1);
}

#[tokio::test]
async fn a_retry_starts_when_it_falls_due_and_not_before() {
    let bed = Bed::new();
    let starts = Arc::new(Mutex::new(Vec::new()));
    let (noted, clock) = (Arc::clone(&starts), bed.clock.clone());
    let mut route = raw(move |_| {
        noted.lock().unwrap().push(clock.now());
        async { Verdict::Retry(Failure::new("", "again")) }
    });
    route.policy.backoff = Backoff::fixed(Duration::from_millis(1500));
    let pool = bed.pool().queue("q").route(route).start().await.unwrap();
    bed.push(1).await;
    bed.clock.advance(4 * SECOND).await;
    let starts = starts.lock().unwrap().clone();
    assert_eq!(starts.len(), 3, "{starts:?}");
    for pair in starts.windows(2) {
        let waited = pair[1] - pair[0];
        assert!(waited >= Duration::from_millis(1500), "{waited:?}");
        assert!(waited <= Duration::from_millis(1510), "{waited:?}");
    }
    drop(pool);
}

#[tokio::test]
async fn panics_and_timeouts_are_failures_of_their_kind() {
    let bed = Bed::new();
    let mut hanging = raw(hangs);
    hanging.policy.timeout = Some(2 * SECOND);
    hanging.queue = Some(queue("slow"));
    let mut panicking = raw(|_| async { panic!("out of {}", "order") });
    panicking.policy.backoff = Backoff::fixed(MINUTE);
    let pool = bed.pool().queue("q").route(hanging).route(panicking).start().await.unwrap();
    let panics = bed.push(1).await[0];
    let slow = bed.push_to(&queue("slow"), vec![raw_task()]).await[0];
    bed.clock.advance(Duration::from_millis(1990)).await;
    assert_eq!(pool.stats().running, 1, "the slow one still has time");
    bed.clock.advance(Duration::from_millis(20)).await;
    let failures = bed.show(panics).await.unwrap().failures.0;
    assert_eq!(failures[0].failure, Failure::new("panic", "out of order"));
    let inspect: &dyn tireless_core::Inspect = &bed.spy.inner;
    let failures = inspect.show(&queue("slow"), slow).await.unwrap().unwrap().failures.0;
    assert_eq!(failures[0].failure.kind(), "timeout");
    let summary = pool.shutdown().await;
    assert_eq!((summary.panicked, summary.timed_out), (1, 1));
}

#[tokio::test]
async fn a_tasks_own_options_go_before_its_handlers_policy() {
    let bed = Bed::new();
    let mut options = TaskOptions::default();
    options.retries = Some(0);
    options.timeout = Some(SECOND);
    let mut route = raw(hangs);
    route.task_type = Some(tireless_core::TypeName::new("t").unwrap());
    let pool = bed.pool().queue("q").route(route).start().await.unwrap();
    let id = bed.push_to(&bed.queue, vec![typed_task("t", options)]).await[0];
    bed.clock.advance(2 * SECOND).await;
    let task = bed.show(id).await.unwrap();
    assert_eq!(task.state, State::Dead);
    assert_eq!(task.failures.0[0].failure.kind(), "exhausted/timeout");
    drop(pool);
}

#[tokio::test]
async fn an_unknown_type_is_handed_back_for_an_hour_then_buried() {
    let bed = Bed::new();
    let pool = bed.raw(done).start().await.unwrap();
    let id = bed.push_to(&bed.queue, vec![typed_task("alien", TaskOptions::default())]).await[0];
    bed.clock.advance(59 * MINUTE).await;
    let task = bed.show(id).await.unwrap();
    assert_eq!((task.state, task.summary.history.attempts), (State::Scheduled, 0));
    let delays: Vec<Duration> = bed
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Released { reason: ReleaseReason::Unknown, after, .. } => Some(after),
            _ => None,
        })
        .collect();
    assert_eq!(delays[..4], [SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND]);
    assert_eq!(delays.last(), Some(&(5 * MINUTE)));
    bed.clock.advance(7 * MINUTE).await;
    let task = bed.show(id).await.unwrap();
    assert_eq!(task.state, State::Dead);
    assert_eq!(task.failures.0[0].failure.kind(), BuryReason::Unknown.as_str());
    drop(pool);
}

#[tokio::test]
async fn bytes_that_are_no_envelope_are_buried_at_once() {
    let bed = Bed::new();
    let pool = bed.raw(done).start().await.unwrap();
    let damaged = tireless_core::NewTask::new(&b"\0damaged"[..]);
    let newer = tireless_core::NewTask::new(&b"\xff of a later version"[..]);
    let ids = bed.push_to(&bed.queue, vec![damaged, newer]).await;
    bed.clock.advance(Duration::from_millis(500)).await;
    let task = bed.show(ids[0]).await.unwrap();
    assert_eq!((task.state, &task.summary.envelope[..]), (State::Dead, &b"\0damaged"[..]));
    assert_eq!(task.failures.0[0].failure.kind(), BuryReason::Undecodable.as_str());
    assert_eq!(bed.show(ids[1]).await.unwrap().state, State::Scheduled);
    drop(pool);
}

#[tokio::test]
async fn a_delayed_task_starts_when_due_on_an_idle_pool() {
    let bed = Bed::new();
    let pool = bed.raw(done).start().await.unwrap();
    bed.clock.advance(60 * SECOND).await;
    let mut task = raw_task();
    task.when = When::After(Duration::from_millis(500));
    bed.push_to(&bed.queue, vec![task]).await;
    bed.clock.advance(Duration::from_millis(499)).await;
    assert_eq!(pool.stats().summary.done, 0);
    bed.clock.advance(Duration::from_millis(10)).await;
    assert_eq!(pool.stats().summary.done, 1);
    drop(pool);
}

#[tokio::test]
async fn weights_share_three_to_one() {
    let bed = Bed::new();
    let (a, b) = (queue("a"), queue("b"));
    for queue in [&a, &b] {
        bed.push_to(queue, (0..9000).map(|_| raw_task()).collect()).await;
    }
    let starts = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&starts);
    let route = raw(move |context: Context| {
        noted.lock().unwrap().push(context.queue().as_str() == "a");
        done(context)
    });
    let pool =
        bed.pool().queue_weighted("a", 3).queue_weighted("b", 1).route(route).concurrency(16);
    let pool = pool.start().await.unwrap();
    bed.clock.advance(10 * SECOND).await;
    let starts = starts.lock().unwrap().clone();
    assert_eq!(starts.len(), 18_000);
    for first in [100, 1000, 10_000] {
        let of_a = starts[..first].iter().filter(|is_a| **is_a).count();
        let share = of_a as f64 / first as f64;
        assert!((0.72..=0.78).contains(&share), "{share} of the first {first}");
    }
    drop(pool);
}

#[tokio::test]
async fn strict_order_empties_the_first_queue_first() {
    let bed = Bed::new();
    for name in ["low", "high"] {
        bed.push_to(&queue(name), (0..1500).map(|_| raw_task()).collect()).await;
    }
    let order = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&order);
    let route = raw(move |context: Context| {
        noted.lock().unwrap().push(context.queue().to_string());
        done(context)
    });
    let pool = bed.pool().queue("high").queue("low").route(route).start().await.unwrap();
    bed.clock.advance(10 * SECOND).await;
    let order = order.lock().unwrap().clone();
    assert_eq!(order.len(), 3000);
    assert!(order[..1500].iter().all(|name| name == "high"));
    drop(pool);
}

#[tokio::test]
async fn slow_handlers_hoard_nothing() {
    let bed = Bed::new();
    bed.push(200).await;
    let clock = bed.clock.clone();
    let slow = move |_: Context| {
        let clock = clock.clone();
        async move {
            tireless_core::Clock::sleep(&clock, SECOND).await;
            Verdict::Done
        }
    };
    let pool = bed.raw(slow).concurrency(10).start().await.unwrap();
    bed.clock.advance(5 * SECOND + SECOND / 2).await;
    assert_eq!(pool.stats().summary.done, 50);
    let counts = bed.counts().await;
    assert_eq!((counts.running, counts.ready), (10, 140));
    drop(pool);
}

#[tokio::test]
async fn what_is_wrong_is_told_at_the_start() {
    let bed = Bed::new();
    let wrong = [
        (bed.pool().route(raw(done)), "serves no queue"),
        (bed.pool().queue("q"), "no handler"),
        (bed.pool().queue("a b").route(raw(done)), "a b"),
        (bed.raw(done).queue("q"), "added twice"),
        (bed.raw(done).route(raw(done)), "two handlers"),
        (bed.raw(done).concurrency(0), "concurrency"),
        (bed.raw(done).concurrency(usize::MAX), "concurrency"),
        (bed.raw(done).concurrency((1 << 20) + 1), "concurrency"),
        (bed.raw(done).beat(10 * SECOND), "beat"),
        (bed.raw(done).beat(Duration::MAX), "beat"),
        (bed.raw(done).beat(SECOND / 2 + Duration::from_nanos(1)).lease(SECOND), "beat"),
        (bed.raw(done).lease(301 * SECOND), "lease"),
        (bed.raw(done).bury_after_crashes(0), "crashes"),
        (bed.pool().inbox(true).queue("q").route(raw(done)), "inbox"),
        (bed.pool().queue_weighted("q", 0).route(raw(done)), "weight"),
    ];
    for (pool, word) in wrong {
        let error = pool.start().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.message().contains(word), "{error} has no {word:?}");
    }
}

#[tokio::test]
async fn the_largest_values_are_taken_as_no_limit() {
    let bed = Bed::new();
    let wide = |slots| bed.raw(done).concurrency(slots).prefetch(usize::MAX);
    for pool in [wide(1), wide(1 << 20).beat(SECOND / 2).lease(SECOND)] {
        let pool = pool.shutdown_timeout(Duration::MAX).bury_unknown_after(Duration::MAX);
        let pool = pool.start().await.unwrap();
        bed.push(2500).await;
        bed.clock.advance(20 * SECOND).await;
        assert_eq!(pool.shutdown().await.done, 2500);
    }
}

#[tokio::test]
async fn an_outage_is_survived_and_told_once() {
    let bed = Bed::new();
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let pool = bed.raw(move |context| {
        counted.fetch_add(1, Ordering::SeqCst);
        done(context)
    });
    let pool = pool.start().await.unwrap();
    bed.clock.advance(SECOND).await;
    bed.spy.go_away(true);
    bed.clock.advance(60 * SECOND).await;
    assert!(!pool.stats().store_answers);
    bed.push(5).await;
    bed.spy.go_away(false);
    bed.clock.advance(10 * SECOND).await;
    assert_eq!((pool.stats().summary.done, runs.load(Ordering::SeqCst)), (5, 5));
    let events = bed.events();
    let told = |wanted: fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).count();
    assert_eq!(told(|event| matches!(event, Event::StoreUnavailable { .. })), 1);
    assert_eq!(told(|event| matches!(event, Event::StoreRecovered)), 1);
    drop(pool);
}

/// Quick runs make a pool hoard, so that it looks for more while all slots are taken.
#[tokio::test]
async fn a_pool_that_was_full_hears_the_bell_once_a_slot_is_free() {
    let bed = Bed::new();
    let clock = bed.clock.clone();
    let began = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&began);
    let mut route = raw(move |_| {
        let (clock, noted) = (clock.clone(), Arc::clone(&noted));
        async move {
            let count = {
                let mut noted = noted.lock().unwrap();
                noted.push(clock.now());
                noted.len()
            };
            if count <= 100 {
                return Verdict::Done;
            }
            tireless_core::Clock::sleep(&clock, SECOND).await;
            Verdict::Retry(Failure::new("test", "no"))
        }
    });
    let backoff = Backoff::fixed(Duration::from_millis(100)).jitter(false);
    route.policy = RunPolicy { retries: 1, timeout: None, backoff };
    bed.push(101).await;
    let pool = bed.pool().queue("q").route(route).concurrency(1).start().await.unwrap();
    bed.clock.advance(4 * SECOND).await;
    let began = began.lock().unwrap().clone();
    assert_eq!(began.len(), 102, "the retry was not heard of");
    assert!(began[101] - began[100] < Duration::from_millis(1500));
    pool.shutdown().await;
}

#[tokio::test]
async fn a_pool_for_named_queues_leaves_the_queue_of_its_type_to_others() {
    let bed = Bed::new();
    let own = queue("own");
    let mut route = raw(done);
    route.task_type = Some(tireless_core::TypeName::new("t").unwrap());
    route.queue = Some(own.clone());
    for queue in [&bed.queue, &own] {
        bed.push_to(queue, vec![typed_task("t", TaskOptions::default())]).await;
    }
    let pool = bed.pool().queue("q").only_named_queues().route(route);
    let pool = pool.start().await.unwrap();
    bed.clock.advance(60 * SECOND).await;
    assert_eq!((bed.counts().await.done, pool.stats().summary.done), (1, 1));
    let left = bed.spy.inner.counts(&own).await.unwrap();
    assert_eq!((left.ready, left.workers), (1, 0));
    pool.shutdown().await;
}
