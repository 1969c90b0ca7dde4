//! Brokers that do one thing differently: write the one method, the rest goes through.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tireless_core::{
    Admin, Backend, BarePush, Broker, Checkup, Claim, Claimed, Counts, DrainLimit, Inspect, List,
    Moved, OwnId, Page, Purged, Push, Pushed, QueueName, Reconcile, Reconciled, Removed, Renew,
    Renewed, Result, Selection, ServerStats, Settle, SettleAnswer, State, TaskDetail, TaskId, Tick,
    Ticked, Wait, Woken, WorkerView, Yardstick,
};

/// Passes each call of a trait on to what lies below.
macro_rules! pass_on {
    ($($method:ident ( $($name:ident : $type:ty),* ) -> $answer:ty;)*) => {
        /// A broker over another one. Every method passes its call on unless it is written.
        ///
        /// [`Layered`] makes a backend of it.
        #[async_trait]
        pub trait Layer: Debug + Send + Sync + 'static {
            /// The broker below.
            fn inner(&self) -> &Arc<dyn Backend>;
            $(
                #[doc = concat!("Passes `", stringify!($method), "` on.")]
                async fn $method(&self, $($name: $type),*) -> $answer {
                    self.inner().$method($($name),*).await
                }
            )*
        }
    };
}

pass_on! {
    push(push: &Push) -> Result<Vec<Pushed>>;
    claim(claim: &Claim) -> Claimed;
    settle(settle: &Settle) -> Result<SettleAnswer>;
    renew(renew: &Renew) -> Renewed;
    wait(wait: &Wait) -> Result<Woken>;
    tick(tick: &Tick) -> Ticked;
    queues() -> Result<Vec<QueueName>>;
    counts(queue: &QueueName) -> Result<Counts>;
    list(list: &List) -> Result<Page>;
    show(queue: &QueueName, id: TaskId) -> Result<Option<TaskDetail>>;
    find(queue: &QueueName, own_id: &OwnId) -> Result<Option<TaskId>>;
    workers() -> Result<Vec<WorkerView>>;
    server() -> Result<ServerStats>;
    checkup() -> Result<Vec<Checkup>>;
    requeue(queue: &QueueName, selection: &Selection) -> Result<Moved>;
    remove(queue: &QueueName, ids: &[TaskId]) -> Result<Vec<Removed>>;
    purge(queue: &QueueName, state: State, limit: usize) -> Result<Purged>;
    pause(queue: &QueueName) -> Result<()>;
    resume(queue: &QueueName) -> Result<()>;
    discard(queue: &QueueName) -> Result<bool>;
    reconcile(queue: &QueueName, step: &Reconcile) -> Result<Reconciled>;
    drain_limit(tasks: u64, body_bytes: usize) -> Result<Option<DrainLimit>>;
    push_limit(bare: &BarePush) -> Result<Option<f64>>;
    hand_over_limit(samples: usize) -> Result<Option<Vec<Duration>>>;
}

/// Waits without the claim that the wait carries, and then sends that through the layer: for a layer
/// whose claims differ, and whose `wait` would pass it by otherwise (B14).
///
/// # Errors
/// Those of the wait below.
pub async fn wait_then_claim<L: Layer>(layer: &L, wait: &Wait) -> Result<Woken> {
    let Some(claim) = wait.carried()? else { return layer.inner().wait(wait).await };
    let woken = layer.inner().wait(&Wait { claim: None, ..wait.clone() }).await?;
    let answers = layer.claim(claim).await.into_iter().map(|(_, answer)| answer);
    // What went wrong is told when the same claim is sent by itself.
    Ok(answers.collect::<Result<_>>().map_or(woken, Woken::Claimed))
}

/// A [`Layer`] as a backend.
#[derive(Debug)]
pub struct Layered<L>(pub L);

/// Implements a trait of the contract by the methods of a layer.
macro_rules! by_layer {
    ($trait:ident { $($method:ident ( $($name:ident : $type:ty),* ) -> $answer:ty;)* }) => {
        #[async_trait]
        impl<L: Layer> $trait for Layered<L> {
            $(
                async fn $method(&self, $($name: $type),*) -> $answer {
                    self.0.$method($($name),*).await
                }
            )*
        }
    };
}

by_layer! { Broker {
    push(push: &Push) -> Result<Vec<Pushed>>;
    claim(claim: &Claim) -> Claimed;
    settle(settle: &Settle) -> Result<SettleAnswer>;
    renew(renew: &Renew) -> Renewed;
    wait(wait: &Wait) -> Result<Woken>;
    tick(tick: &Tick) -> Ticked;
} }

by_layer! { Inspect {
    queues() -> Result<Vec<QueueName>>;
    counts(queue: &QueueName) -> Result<Counts>;
    list(list: &List) -> Result<Page>;
    show(queue: &QueueName, id: TaskId) -> Result<Option<TaskDetail>>;
    find(queue: &QueueName, own_id: &OwnId) -> Result<Option<TaskId>>;
    workers() -> Result<Vec<WorkerView>>;
    server() -> Result<ServerStats>;
    checkup() -> Result<Vec<Checkup>>;
} }

by_layer! { Admin {
    requeue(queue: &QueueName, selection: &Selection) -> Result<Moved>;
    remove(queue: &QueueName, ids: &[TaskId]) -> Result<Vec<Removed>>;
    purge(queue: &QueueName, state: State, limit: usize) -> Result<Purged>;
    pause(queue: &QueueName) -> Result<()>;
    resume(queue: &QueueName) -> Result<()>;
    discard(queue: &QueueName) -> Result<bool>;
    reconcile(queue: &QueueName, step: &Reconcile) -> Result<Reconciled>;
} }

by_layer! { Yardstick {
    drain_limit(tasks: u64, body_bytes: usize) -> Result<Option<DrainLimit>>;
    push_limit(bare: &BarePush) -> Result<Option<f64>>;
    hand_over_limit(samples: usize) -> Result<Option<Vec<Duration>>>;
} }
