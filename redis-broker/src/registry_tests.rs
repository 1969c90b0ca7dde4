use std::time::Duration;

use tireless_core::{Namespace, QueueName, Renew, WorkerInfo};

use super::*;

fn keys() -> Keys {
    Keys::of_registry(&Namespace::default())
}

fn beat(registry: &Registry, renew: &Renew) -> Option<ScriptCall> {
    registry.beat(&keys(), renew, |_| true)
}

fn renew(lease: Duration) -> Renew {
    let info = WorkerInfo::default();
    Renew { worker: WorkerId::new(), lease, held: Vec::new(), info }
}

#[test]
fn a_queue_is_named_by_one_push_until_that_is_answered_and_again_a_minute_later() {
    let (registry, queue) = (Registry::default(), QueueName::new("mail").unwrap());
    let (first, moment) = (Instant::now(), Duration::from_millis(1));
    let naming = |now| registry.naming(&Namespace::default(), &queue, now).is_some();
    // Where the registry's server is away, the pushes behind the first one do not wait for it.
    assert!(naming(first) && !naming(first) && !naming(first + TRIED - moment));
    let first = first + TRIED;
    assert!(naming(first));
    registry.named(&queue, first);
    assert!(!naming(first + NAMED - moment));
    assert!(naming(first + NAMED));
    // One push asks, and if it gets no answer another one somewhat later.
    assert!(!naming(first + NAMED) && !naming(first + NAMED + TRIED - moment));
    let again = first + NAMED + TRIED;
    assert!(naming(again));
    registry.named(&queue, again);
    assert!(!naming(again + NAMED - moment) && naming(again + NAMED));
}

#[test]
fn every_second_heartbeat_is_a_sign_of_life_and_each_until_one_is_answered() {
    let (registry, renew) = (Registry::default(), renew(Duration::from_secs(15)));
    for _ in 0..2 {
        assert!(beat(&registry, &renew).is_some());
    }
    for _ in 0..2 {
        registry.heard(&renew);
        assert!(beat(&registry, &renew).is_none());
        assert!(beat(&registry, &renew).is_some());
    }
}

#[test]
fn a_worker_that_leaves_always_says_so_and_is_forgotten() {
    let (registry, mut renew) = (Registry::default(), renew(Duration::from_secs(15)));
    registry.heard(&renew);
    renew.lease = Duration::ZERO;
    assert!(beat(&registry, &renew).is_some());
    registry.heard(&renew);
    assert!(registry.workers().is_empty());
}

#[test]
fn workers_that_never_leave_are_forgotten_in_the_end() {
    let (registry, first) = (Registry::default(), renew(Duration::from_secs(15)));
    registry.heard(&first);
    for _ in 0..HEARD {
        registry.heard(&renew(Duration::from_secs(15)));
    }
    assert_eq!(registry.workers().len(), HEARD);
    assert!(beat(&registry, &first).is_some());
}
