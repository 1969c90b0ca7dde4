use std::sync::Mutex;

use tireless_core::{MockBroker, Operation, StoreTime, Ticked};
use tireless_testkit::VirtualClock;

use super::*;
use crate::testbed::{outage, queue};

const BEAT: Duration = Duration::from_secs(5);

#[derive(Default)]
struct Counts([AtomicU64; 4]);

/// Runs a ticker over queues for a while against a broker that answers so, and returns what it
/// sent and when.
async fn ticks(
    queues: &[&str],
    early: bool,
    length: Duration,
    answer: impl FnMut(Duration, &QueueName) -> tireless_core::Result<QueueTicked> + Send + 'static,
) -> Vec<(Duration, Tick)> {
    observed(queues, early, length, Observers::default(), answer).await
}

/// The same, before these observers.
async fn observed(
    queues: &[&str],
    early: bool,
    length: Duration,
    observers: Observers,
    mut answer: impl FnMut(Duration, &QueueName) -> tireless_core::Result<QueueTicked> + Send + 'static,
) -> Vec<(Duration, Tick)> {
    let clock = VirtualClock::new();
    let sent = Arc::new(Mutex::new(Vec::new()));
    let (noted, now) = (Arc::clone(&sent), clock.clone());
    let mut broker = MockBroker::new();
    broker.expect_tick().returning(move |tick| -> Ticked {
        noted.lock().unwrap().push((now.now(), tick.clone()));
        tick.queues.iter().map(|queue| (queue.clone(), answer(now.now(), queue))).collect()
    });
    let queues: Vec<QueueName> = queues.iter().map(|name| queue(name)).collect();
    let ticking = clock.clone();
    let task = tokio::spawn(async move {
        let broker: Arc<dyn Broker> = Arc::new(broker);
        let (health, counts) = (Health::new(Vec::new(), true, Duration::ZERO), Counts::default());
        let [promoted, requeued, reclaimed, poisoned] = &counts.0;
        let ticker = Ticker {
            broker: &broker,
            clock: &ticking,
            queues: &queues,
            beat: BEAT,
            bury_after_crashes: 3,
            observers: &observers,
            health: &health,
            moved: Moved { promoted, requeued, reclaimed, poisoned },
            early,
        };
        ticker.run().await;
    });
    clock.advance(length).await;
    task.abort();
    sent.lock().unwrap().clone()
}

/// The store's time is that of the clock, far from zero.
fn at(now: Duration) -> QueueTicked {
    let mut answer = QueueTicked::default();
    answer.now = StoreTime::from_millis(1_000_000).after(now);
    answer
}

#[tokio::test]
async fn it_ticks_a_little_more_than_once_a_beat_for_all_queues_in_one_call() {
    let sent =
        ticks(&["a", "b", "c"], false, 300 * Duration::from_secs(1), |now, _| Ok(at(now))).await;
    assert!((60..=81).contains(&sent.len()), "{}", sent.len());
    assert!(sent.iter().all(|(_, tick)| tick.queues.len() == 3 && tick.limit == LIMIT));
}

#[tokio::test]
async fn it_reclaims_only_after_two_answers_a_beat_apart_and_for_a_beat() {
    let sent = ticks(&["a"], false, 60 * Duration::from_secs(1), |now, _| Ok(at(now))).await;
    let first = sent.iter().position(|(_, tick)| tick.reclaim.is_some()).unwrap();
    assert!(sent[first - 1].0 - sent[0].0 >= BEAT);
    assert!(sent[first].0 <= 3 * BEAT, "{:?}", sent[first]);
    for pair in sent[first - 1..].windows(2) {
        let granted = pair[1].1.reclaim.expect("permission goes on");
        assert_eq!(granted.not_after, at(pair[0].0).now.after(BEAT));
    }
}

#[tokio::test]
async fn a_new_one_reclaims_soon_where_others_have_ticked_steadily() {
    let sent = ticks(&["a"], false, BEAT * 11 / 20, |now, _| {
        let mut answer = at(now);
        answer.steady = true;
        Ok(answer)
    });
    let permitted: Vec<_> = sent.await.iter().map(|(_, tick)| tick.reclaim.is_some()).collect();
    assert_eq!(permitted, [false, true], "one to ask, one to act");
}

#[tokio::test]
async fn a_failure_takes_the_permission_from_its_queue_alone() {
    let second = Duration::from_secs(1);
    let sent = ticks(&["a", "b"], false, 90 * second, move |now, queue| {
        if queue.as_str() == "b" && (30 * second..40 * second).contains(&now) {
            return Err(outage(Operation::Tick));
        }
        Ok(at(now))
    });
    let sent = sent.await;
    let permitted = |name: &str, from: Duration, to: Duration| {
        let during = sent.iter().filter(|(at, _)| (from..to).contains(at));
        let of = during.filter(|(_, tick)| tick.queues.contains(&queue(name)));
        of.map(|(_, tick)| tick.reclaim.is_some()).collect::<Vec<_>>()
    };
    assert!(permitted("a", 16 * second, 90 * second).iter().all(|granted| *granted));
    assert!(permitted("b", 36 * second, 45 * second).iter().all(|granted| !*granted));
    assert!(permitted("b", 60 * second, 90 * second).iter().all(|granted| *granted));
}

#[tokio::test]
async fn while_there_is_more_it_goes_on_at_once() {
    let mut left = 20;
    let sent = ticks(&["a"], false, Duration::from_secs(1), move |now, _| {
        let mut answer = at(now);
        answer.more = left > 0;
        left -= 1;
        Ok(answer)
    });
    assert_eq!(sent.await.len(), 21);
}

/// When a queue was ticked.
fn of(sent: &[(Duration, Tick)], name: &str) -> Vec<Duration> {
    let name = queue(name);
    sent.iter().filter(|(_, tick)| tick.queues.contains(&name)).map(|(at, _)| *at).collect()
}

#[tokio::test]
async fn what_one_queue_has_to_move_ticks_no_others() {
    let mut left = 20;
    let sent = ticks(&["a", "b", "c"], false, Duration::from_secs(1), move |now, queue| {
        let mut answer = at(now);
        answer.more = queue.as_str() == "b" && left > 0;
        left -= i32::from(answer.more);
        Ok(answer)
    });
    let sent = sent.await;
    let counts = ["a", "b", "c"].map(|name| of(&sent, name).len());
    assert_eq!(counts, [1, 21, 1]);
}

#[tokio::test]
async fn a_queue_that_fails_waits_for_its_turn_and_keeps_back_no_others() {
    for failing in ["a", "b"] {
        let mut left = 20;
        let sent = ticks(&["a", "b"], true, Duration::from_secs(3), move |now, queue| {
            if queue.as_str() == failing {
                return Err(outage(Operation::Tick));
            }
            let mut answer = at(now);
            answer.more = left > 0;
            answer.next_due = Some(Duration::ZERO);
            left -= i32::from(answer.more);
            Ok(answer)
        });
        let sent = sent.await;
        assert_eq!(of(&sent, failing), [Duration::ZERO]);
        let busy = of(&sent, if failing == "a" { "b" } else { "a" });
        assert_eq!(busy[..21], [Duration::ZERO; 21], "at once while there is more");
        let then = busy.len() - 21;
        assert!((200..=300).contains(&then), "{then} looks at what stays due");
    }
}

#[tokio::test]
async fn beside_a_busy_queue_all_are_ticked_once_a_beat() {
    let sent = ticks(&["a", "b"], true, 60 * Duration::from_secs(1), |now, queue| {
        let mut answer = at(now);
        answer.next_due = (queue.as_str() == "a").then_some(Duration::from_millis(100));
        Ok(answer)
    });
    let sent = sent.await;
    let rounds = of(&sent, "b");
    assert!((13..=17).contains(&rounds.len()), "{rounds:?}");
    for pair in rounds.windows(2) {
        assert!(pair[1] - pair[0] <= BEAT * 91 / 100 && pair[1] - pair[0] >= BEAT * 74 / 100);
    }
    assert!(of(&sent, "a").len() >= 500);
    let permitted = sent.iter().filter(|(at, tick)| *at > 2 * BEAT && tick.reclaim.is_some());
    let all = sent.iter().filter(|(at, _)| *at > 2 * BEAT).count();
    assert_eq!(permitted.count(), all, "of the busy one and of the quiet one");
}

#[tokio::test]
async fn what_falls_due_in_many_queues_within_a_moment_goes_together() {
    let names: Vec<String> = (0..100).map(|nth| format!("q{nth}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let sent = ticks(&names, true, Duration::from_secs(3), |now, queue| {
        let nth: u64 = queue.as_str()[1..].parse().unwrap();
        let mut answer = at(now);
        answer.next_due = now.is_zero().then(|| Duration::from_millis(1000 + nth));
        Ok(answer)
    });
    let sent = sent.await;
    assert!((10..=15).contains(&sent.len()), "{}", sent.len());
    assert_eq!(sent.iter().map(|(_, tick)| tick.queues.len()).sum::<usize>(), 200);
}

#[tokio::test]
async fn alone_it_wakes_for_what_falls_due() {
    let second = Duration::from_secs(1);
    for (early, expected) in [(true, 2), (false, 1)] {
        let sent = ticks(&["a"], early, 2 * second, move |now, _| {
            let mut answer = at(now);
            answer.next_due = (now < second).then_some(second);
            Ok(answer)
        });
        assert_eq!(sent.await.len(), expected);
    }
}

#[tokio::test]
async fn what_was_mended_is_told_once() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (mut observers, noted) = (Observers::default(), Arc::clone(&told));
    observers.add(move |event| {
        if let Event::Mended { queue, mended } = event {
            noted.lock().unwrap().push((queue.clone(), *mended));
        }
    });
    let mut first = true;
    let sent = observed(&["a"], false, Duration::from_secs(30), observers, move |now, _| {
        let mut answer = at(now);
        answer.mended.lost = if std::mem::take(&mut first) { 3 } else { 0 };
        Ok(answer)
    });
    assert!(sent.await.len() > 2);
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].0.as_str(), told[0].1.total()), ("a", 3));
}
