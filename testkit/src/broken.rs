//! Deliberately broken brokers: each breaks one promise, and the case of that clause must see it.
//!
//! They stand over a correct broker. A suite that lets one of them pass proves nothing, so
//! `tests/broken.rs` runs each with the case that must catch it.

mod bell;
mod bodies;
mod bounds;
mod carried;
mod claim;
mod fence;
mod poison;
mod push;
mod queues;
mod reconcile;
mod renew;
mod step;
mod time;

pub use bell::*;
pub use bodies::*;
pub use bounds::*;
pub use carried::*;
pub use claim::*;
pub use fence::*;
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

use tireless_core::{Backend, Call};

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
}

/// Two steps where one was promised: others may look in between.
async fn let_others_look() {
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
}

/// Uses up every ring of a queue.
async fn silence(broker: &Arc<dyn Backend>, queue: &tireless_core::QueueName) {
    use tireless_core::{Wait, WaitOn, Woken};
    let queues = vec![WaitOn { queue: queue.clone(), inbox: false }];
    let wait = Wait { queues, timeout: std::time::Duration::ZERO, claim: None };
    while matches!(broker.wait(&wait).await, Ok(Woken::Rang(_))) {}
}
