//! A producer on one client library and a worker on the other agree byte for byte.

use std::time::Duration;

use tireless_core::{
    Call, Claim, ClaimFrom, ClaimMode, Durability, Envelope, NewTask, Outcome, OwnId, Push, Pushed,
    QueueName, Settle, Settled, Settlement, WorkerId,
};
use tireless_testkit::server::shared_url;
use tireless_tests::{Fred, Library, RedisRs, fresh_namespace, small_cap};

async fn passes_from<A: Library, B: Library>() {
    let url = shared_url().expect("a server");
    let settings = small_cap(fresh_namespace());
    let producer = A::connect(&url, settings.clone()).await.expect("a connection");
    let consumer = B::connect(&url, settings).await.expect("a connection");
    let queue = QueueName::new("interop").expect("a legal name");
    let me = WorkerId::new();
    let body: Vec<u8> = (0..=255).collect();
    let mut task = NewTask::new(Envelope::raw(body).encode().expect("an envelope"));
    task.own_id = Some(OwnId::new("mine").expect("a legal id"));
    let call = Call { number: 1, answered: 0 };
    let (tasks, durability) = (vec![task.clone()], Durability::Stored);
    let push = Push { queue: queue.clone(), caller: me, call, tasks, durability };
    assert_eq!(producer.push(&push).await.expect("a push"), [Pushed::Accepted]);
    // A repeat over the other library is the same call.
    assert_eq!(consumer.push(&push).await.expect("a push"), [Pushed::Accepted]);

    let mine = task.own_id.clone().expect("an own id");
    for broker in [&producer, &consumer] {
        assert_eq!(broker.find(&queue, &mine).await.expect("a look"), Some(task.id));
    }

    let from = ClaimFrom { queue: queue.clone(), max: 10, inbox: false };
    let claim = Claim {
        worker: me,
        number: 1,
        lease: Duration::from_secs(15),
        mode: ClaimMode::Shared,
        queues: vec![from],
    };
    let (_, claimed) = consumer.claim(&claim).await.pop().expect("an answer");
    let claimed = claimed.expect("a claim").tasks;
    assert_eq!(claimed.len(), 1);
    assert_eq!((claimed[0].id, &claimed[0].envelope), (task.id, &task.envelope));
    assert_eq!(claimed[0].history.own_id, task.own_id);
    let (_, again) = producer.claim(&claim).await.pop().expect("an answer");
    assert_eq!(again.expect("a claim").tasks, claimed);

    let outcomes = vec![Settlement { claim: 1, id: task.id, outcome: Outcome::ACK }];
    let settle = Settle { queue: queue.clone(), worker: me, call, outcomes };
    assert_eq!(producer.settle(&settle).await.expect("a settle").settled, [Settled::Applied]);
    assert_eq!(consumer.settle(&settle).await.expect("a settle").settled, [Settled::Applied]);
    assert_eq!(consumer.counts(&queue).await.expect("counts").done, 1);
    for broker in [&producer, &consumer] {
        assert_eq!(broker.find(&queue, &mine).await.expect("a look"), None);
    }
}

#[tokio::test]
async fn redis_rs_to_fred() {
    passes_from::<RedisRs, Fred>().await;
}

#[tokio::test]
async fn fred_to_redis_rs() {
    passes_from::<Fred, RedisRs>().await;
}
