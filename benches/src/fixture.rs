//! Requests with the same ids each time.

use std::time::Duration;

use bytes::Bytes;
use tireless_core::{
    Call, Claim, ClaimFrom, ClaimMode, ClaimedTask, Durability, Envelope, NewTask, Outcome, Push,
    QueueName, Settle, Settlement, TaskId, When, WorkerId,
};

use crate::greeting::Greeting;

/// The only queue.
pub const QUEUE: &str = "bench";

/// Its name as requests have it.
///
/// # Panics
/// Never: it is legal.
pub fn queue() -> QueueName {
    QueueName::new(QUEUE).expect("a legal name")
}

/// The only worker, and the only producer.
pub const fn worker() -> WorkerId {
    WorkerId::from_bytes([7; 16])
}

/// The id of the task with this number. Ids are of one millisecond, as those of one batch mostly
/// are, and spread as those that producers draw.
pub fn id(number: usize) -> TaskId {
    // Weyl's sequence: the same bytes in each run, and nothing alike between neighbours.
    let spread = (number as u128 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    let mut bytes = spread.to_be_bytes();
    bytes[..6].copy_from_slice(&[1, 2, 3, 4, 5, 6]);
    TaskId::from_bytes(bytes)
}

/// A typed task's bytes, 100 in its text.
///
/// # Panics
/// Never: nothing in it is too long.
pub fn envelope() -> Bytes {
    Greeting::with_text(100).envelope().encode().expect("an envelope")
}

/// The same with the headers of a trace and of a tenant.
///
/// # Panics
/// Never: nothing in it is too long.
pub fn envelope_with_headers() -> Bytes {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut envelope = Greeting::with_text(100).envelope();
    envelope.headers = [("traceparent", trace), ("tenant", "acme")]
        .map(|(name, value)| (name.to_owned(), Bytes::from_static(value.as_bytes())))
        .into();
    envelope.encode().expect("an envelope")
}

/// A raw task's bytes, with the same 100.
///
/// # Panics
/// Never: nothing in it is too long.
pub fn raw_envelope() -> Bytes {
    Envelope::raw(raw_body()).encode().expect("an envelope")
}

/// A raw task's body.
pub fn raw_body() -> Bytes {
    Bytes::from_static(&[b'x'; 100])
}

/// A push of this many tasks of one envelope from a number on, as the caller's call with this
/// number.
pub fn push(call: u64, envelope: &Bytes, from: usize, tasks: usize) -> Push {
    let task = |number| NewTask {
        id: id(number),
        envelope: envelope.clone(),
        when: When::Now,
        own_id: None,
    };
    Push {
        queue: queue(),
        caller: worker(),
        call: Call { number: call, answered: call - 1 },
        tasks: (from..from + tasks).map(task).collect(),
        durability: Durability::Stored,
    }
}

/// A claim of this many tasks.
pub fn claim(number: u64, tasks: usize) -> Claim {
    Claim {
        worker: worker(),
        number,
        lease: Duration::from_secs(15),
        mode: ClaimMode::Shared,
        queues: vec![ClaimFrom { queue: queue(), max: tasks, inbox: false }],
    }
}

/// The acks of what a claim took.
pub fn settle(call: u64, tasks: &[ClaimedTask]) -> Settle {
    let ack =
        |task: &ClaimedTask| Settlement { claim: task.claim, id: task.id, outcome: Outcome::ACK };
    Settle {
        queue: queue(),
        worker: worker(),
        call: Call { number: call, answered: call - 1 },
        outcomes: tasks.iter().map(ack).collect(),
    }
}
