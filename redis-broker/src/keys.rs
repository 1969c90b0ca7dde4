//! The names of all keys, built in one place (B13).

use bytes::Bytes;
use tireless_core::{Namespace, QueueName, WorkerId};

/// Builds the keys of one queue. All share one hash tag, so one slot.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    pub(crate) fn of_queue(namespace: &Namespace, queue: &QueueName) -> Self {
        // The shard is 0 until one queue can span several slots.
        Self { prefix: format!("tireless:{{{namespace}/{queue}/0}}:") }
    }

    /// The keys of the registry: which queues are in use and which workers live.
    pub(crate) fn of_registry(namespace: &Namespace) -> Self {
        Self { prefix: format!("tireless:{{{namespace}}}:") }
    }

    pub(crate) fn part(&self, name: &str) -> Bytes {
        format!("{}{name}", self.prefix).into()
    }

    /// What a worker holds.
    pub(crate) fn running(&self, worker: WorkerId) -> Bytes {
        format!("{}running:{worker}", self.prefix).into()
    }

    /// The pushes that a caller may send again.
    pub(crate) fn pushes(&self, caller: WorkerId) -> Bytes {
        format!("{}pushes:{caller}", self.prefix).into()
    }

    /// The settles that a worker may send again.
    pub(crate) fn settles(&self, worker: WorkerId) -> Bytes {
        format!("{}settles:{worker}", self.prefix).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_queue_has_the_same_hash_tag() {
        let queue = QueueName::new("mail").unwrap();
        let keys = Keys::of_queue(&Namespace::default(), &queue);
        let worker = WorkerId::from_bytes([0xab; 16]);
        let tag = "tireless:{default/mail/0}:";
        assert_eq!(keys.part("ready"), format!("{tag}ready"));
        assert_eq!(keys.running(worker), format!("{tag}running:{}", "ab".repeat(16)));
        assert_eq!(keys.pushes(worker), format!("{tag}pushes:{}", "ab".repeat(16)));
        assert_eq!(keys.settles(worker), format!("{tag}settles:{}", "ab".repeat(16)));
    }
}
