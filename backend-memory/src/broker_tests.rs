//! The async shell: waits that ring, end, or are dropped, and a lock that was poisoned.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tireless_core::{
    Broker, Call, Clock, Durability, ErrorKind, Inspect, List, NewTask, Push, QueueName, Sleep,
    State, StoreTime, Wait, WaitOn, Woken, WorkerId,
};

use super::MemoryBroker;
use crate::fixture::kind;

/// Wall time is what the test sets; sleeps are real.
#[derive(Debug, Default)]
struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    fn wall(&self) -> StoreTime {
        StoreTime::from_millis(self.0.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

fn broker() -> MemoryBroker {
    MemoryBroker::new(Arc::new(TestClock::default()))
}

fn queue() -> QueueName {
    QueueName::new("q").unwrap()
}

fn wait(inbox: bool, timeout: Duration) -> Wait {
    Wait { queues: vec![WaitOn { queue: queue(), inbox }], timeout, claim: None }
}

async fn push(broker: &MemoryBroker) {
    let call = Call { number: 1, answered: 0 };
    let tasks = vec![NewTask::new("body")];
    let (queue, durability) = (queue(), Durability::Stored);
    let push = Push { queue, caller: WorkerId::new(), call, tasks, durability };
    broker.push(&push).await.unwrap();
}

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(20);

#[tokio::test]
async fn a_push_wakes_one_waiter() {
    let broker = broker();
    let spawn = || {
        let broker = broker.clone();
        tokio::spawn(async move { broker.wait(&wait(false, LONG)).await })
    };
    let waits = [spawn(), spawn()];
    tokio::task::yield_now().await;
    push(&broker).await;
    let [first, second] = waits;
    assert_eq!(first.await.unwrap().unwrap(), Woken::Rang(queue()));
    tokio::task::yield_now().await;
    assert!(!second.is_finished());
    push(&broker).await;
    assert_eq!(second.await.unwrap().unwrap(), Woken::Rang(queue()));
}

#[tokio::test]
async fn a_dropped_wait_loses_no_ring() {
    let broker = broker();
    let dropped = tokio::time::timeout(SHORT, broker.wait(&wait(false, LONG))).await;
    assert!(dropped.is_err());
    push(&broker).await;
    let woken = broker.wait(&wait(false, SHORT)).await.unwrap();
    assert_eq!(woken, Woken::Rang(queue()));
    assert_eq!(broker.wait(&wait(false, SHORT)).await.unwrap(), Woken::TimedOut);
}

#[tokio::test]
async fn a_plain_push_wakes_who_waits_for_the_inbox() {
    let broker = broker();
    broker.push_plain(&queue(), "raw".into());
    assert_eq!(broker.wait(&wait(false, SHORT)).await.unwrap(), Woken::TimedOut);
    for _ in 0..2 {
        let woken = broker.wait(&wait(true, LONG)).await.unwrap();
        assert_eq!(woken, Woken::Rang(queue()), "as long as the inbox holds something");
    }
    assert_eq!(broker.counts(&queue()).await.unwrap().inbox, 1);
}

#[tokio::test]
async fn a_poisoned_lock_is_entered_anyway() {
    let broker = broker();
    let other = broker.clone();
    let panics = move || other.store().on(&queue(), |_| panic!("on purpose"));
    let panicked = std::thread::spawn(panics).join();
    assert!(panicked.is_err());
    push(&broker).await;
    assert_eq!(broker.counts(&queue()).await.unwrap().ready, 1);
}

#[tokio::test]
async fn reads_of_what_does_not_exist_are_empty_and_make_nothing() {
    let broker = broker();
    assert_eq!(broker.counts(&queue()).await.unwrap(), Default::default());
    let mut list = List { queue: queue(), state: State::Ready, cursor: 0, limit: 10 };
    assert_eq!(broker.list(&list).await.unwrap(), Default::default());
    list.limit = 1_001;
    assert_eq!(kind(broker.list(&list).await), Some(ErrorKind::TooLarge));
    assert_eq!(broker.queues().await.unwrap(), []);
    let server = broker.server().await.unwrap();
    assert_eq!((server.name.as_str(), server.memory_bytes), ("memory", None));
}
