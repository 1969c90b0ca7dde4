//! Deliberately broken brokers: each breaks one promise, and the case of that clause must see it.
//!
//! They stand over a correct broker. A suite that lets one of them pass proves nothing, so
//! `tests/broken.rs` runs each with the case that must catch it.

mod admin;
mod bell;
mod bodies;
mod bounds;
mod cancel;
mod carried;
mod claim;
mod fence;
mod find;
mod order;
mod poison;
mod push;
mod queues;
mod reconcile;
mod renew;
mod step;
mod time;

pub use admin::*;
pub use bell::*;
pub use bodies::*;
pub use bounds::*;
pub use cancel::*;
pub use carried::*;
pub use claim::*;
pub use fence::*;
pub use find::*;
pub use order::*;
pub use poison::*;
pub use push::*;
pub use queues::*;
pub use reconcile::*;
pub use renew::*;
pub use step::*;
pub use time::*;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tireless_core::{Backend, Call, Held, QueueName, Renew, WorkerId, WorkerInfo};

/// A lease that does not end while something is moved about.
const LONG: Duration = Duration::from_secs(60);

/// Declares a broken broker: a layer over a correct one, with some memory of its own.
macro_rules! broken {
    ($(#[$doc:meta])* $name:ident { $($item:item)* }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            inner: std::sync::Arc<dyn tireless_core::Backend>,
            #[allow(dead_code, reason = "not every one needs a memory")]
            memory: $crate::broken::Memory,
        }

        impl $crate::Wrapper for $name {
            fn over(
                inner: std::sync::Arc<dyn tireless_core::Backend>,
            ) -> std::sync::Arc<dyn tireless_core::Backend> {
                std::sync::Arc::new($crate::Layered(Self { inner, memory: Default::default() }))
            }
        }

        #[async_trait::async_trait]
        impl $crate::Layer for $name {
            fn inner(&self) -> &std::sync::Arc<dyn tireless_core::Backend> {
                &self.inner
            }

            $($item)*
        }
    };
}
use broken;

/// What a broken broker remembers: numbers that it hands out, and things it has seen.
#[derive(Debug, Default)]
struct Memory {
    last: AtomicU64,
    seen: Mutex<HashMap<Vec<u8>, u64>>,
}

impl Memory {
    /// A number that it never handed out before.
    fn number(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A call that no caller has made so far, nor will make.
    fn call(&self) -> Call {
        Call { number: (1 << 40) + self.number(), answered: 0 }
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<Vec<u8>, u64>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a number about a worker in a queue.
    fn note(&self, worker: WorkerId, queue: &QueueName, number: u64) {
        self.seen().insert(place_of(worker, queue), number);
    }

    /// What was noted last about a worker in a queue.
    fn of(&self, worker: WorkerId, queue: &QueueName) -> Option<u64> {
        self.seen().get(&place_of(worker, queue)).copied()
    }

    /// What was noted about the workers in a queue.
    fn noted(&self, queue: &QueueName) -> Vec<(WorkerId, u64)> {
        let seen = self.seen();
        let in_queue = seen.iter().filter_map(|(place, number)| {
            let (worker, name) = place.split_first_chunk::<16>()?;
            let here = name == queue.as_str().as_bytes();
            here.then(|| (WorkerId::from_bytes(*worker), *number))
        });
        in_queue.collect()
    }
}

fn place_of(worker: WorkerId, queue: &QueueName) -> Vec<u8> {
    [&worker.as_bytes()[..], queue.as_str().as_bytes()].concat()
}

/// Renews a worker's lease in one queue and gives nothing back, unless it is zero: then the worker
/// leaves. Tells how many tasks went back.
async fn renew(
    broker: &Arc<dyn Backend>,
    worker: WorkerId,
    queue: &QueueName,
    lease: Duration,
) -> u64 {
    let held = vec![Held { queue: queue.clone(), claims: Vec::new(), below: 0 }];
    let renew = Renew { worker, lease, held, info: WorkerInfo::default() };
    let answers = broker.renew(&renew).await;
    answers.iter().map(|(_, answer)| answer.as_ref().map_or(0, |answer| answer.released)).sum()
}

/// Lets a worker leave a queue.
async fn leave(broker: &Arc<dyn Backend>, worker: WorkerId, queue: &QueueName) -> u64 {
    renew(broker, worker, queue, Duration::ZERO).await
}

/// Two steps where one was promised: others may look in between.
async fn let_others_look() {
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
}

/// Uses up every ring of a queue.
async fn silence(broker: &Arc<dyn Backend>, queue: &QueueName) {
    use tireless_core::{Wait, WaitOn, Woken};
    let queues = vec![WaitOn { queue: queue.clone(), inbox: false }];
    let wait = Wait { queues, timeout: std::time::Duration::ZERO, claim: None };
    while matches!(broker.wait(&wait).await, Ok(Woken::Rang(_))) {}
}
