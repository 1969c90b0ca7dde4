//! B13: names are checked before the store is asked, and queues are apart.

use tireless_core::{ErrorKind, QueueName};

use crate::Harness;
use crate::fixtures::{Bench, refusal};

/// B13: a name outside the allowed letters, or of a wrong length, is refused with the reason.
pub async fn illegal_names_are_refused(_: &dyn Harness) {
    let long = "x".repeat(129);
    for name in ["", " ", "a b", "a/b", "{a}", "a\n", "\u{fc}ber", "a*", "a\0", &long] {
        let error = refusal(QueueName::new(name));
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name:?}");
        assert!(!error.message().is_empty());
    }
}

/// B13: every legal name is a queue of its own.
pub async fn legal_names_are_queues_of_their_own(h: &dyn Harness) {
    let unique = Bench::new(h).queue;
    let names = ["a", "A", "a:ready", "a:", "a.b", "a_b", "a-b", ":a", "a:a"];
    let mut benches = Vec::new();
    for (count, name) in names.iter().enumerate() {
        let mut bench = Bench::new(h);
        bench.queue = QueueName::new(format!("{unique}:{name}")).unwrap_or_else(|e| panic!("{e}"));
        bench.push(count + 1).await;
        benches.push(bench);
    }
    for (count, bench) in benches.iter().enumerate() {
        assert_eq!(bench.counts().await.ready, count as u64 + 1, "{}", bench.queue);
        assert_eq!(bench.worker().claim(99).await.len(), count + 1, "{}", bench.queue);
    }
}

/// B13: the longest name works.
pub async fn the_longest_name_works(h: &dyn Harness) {
    let mut b = Bench::new(h);
    let name = format!("{}{}", b.queue, "x".repeat(128 - b.queue.as_str().len()));
    b.queue = QueueName::new(name).unwrap_or_else(|e| panic!("{e}"));
    b.push(1).await;
    b.worker().ack(&b.worker().claim(0).await).await;
    assert_eq!(b.worker().claim(1).await.len(), 1);
}
