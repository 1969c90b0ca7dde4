//! Client libraries whose brokers are broken in one way: a test that passes over one of them proves
//! nothing.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tireless_core::{
    Backend, Call, Durability, Push, Pushed, Result, Settle, SettleAnswer, TaskId, WorkerId,
};
use tireless_redis_broker::Settings;
use tireless_testkit::{Layer, Layered, Wrapper};

use crate::Library;

/// A library with this broken broker over each of its own.
#[derive(Debug)]
pub struct Broken<L, W>(PhantomData<(L, W)>);

#[async_trait]
impl<L: Library, W: Wrapper> Library for Broken<L, W> {
    const NAME: &'static str = L::NAME;

    type Link = L::Link;

    async fn connect(url: &str, settings: Settings) -> Result<Arc<dyn Backend>> {
        Ok(W::over(L::connect(url, settings).await?))
    }
}

/// Makes layers that need nothing but the broker below.
macro_rules! layers {
    ($($(#[$doc:meta])* $name:ident { $($item:item)* })+) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(Arc<dyn Backend>);

        impl Wrapper for $name {
            fn over(inner: Arc<dyn Backend>) -> Arc<dyn Backend> {
                Arc::new(Layered(Self(inner)))
            }
        }

        #[async_trait]
        impl Layer for $name {
            fn inner(&self) -> &Arc<dyn Backend> {
                &self.0
            }

            $($item)*
        }
    )+ };
}

/// A call number that nobody has used.
fn fresh() -> Call {
    let number = u64::from_be_bytes(TaskId::new().as_bytes()[..8].try_into().expect("8 bytes"));
    Call { number: number >> 12, answered: 0 }
}

layers! {
    /// Pushes anew what was not answered: as another task, under another number.
    PushesAnew {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            let mut push = push.clone();
            while let Err(error) = self.0.push(&push).await {
                assert!(error.is_retryable(), "{error}");
                (push.caller, push.call) = (WorkerId::new(), fresh());
                push.tasks.iter_mut().for_each(|task| task.id = TaskId::new());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(vec![Pushed::Accepted; push.tasks.len()])
        }
    }

    /// Settles anew what was not answered, under another number.
    SettlesAnew {
        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            self.0.settle(&Settle { call: fresh(), ..settle.clone() }).await
        }
    }

    /// Says that a push is as sure as asked for as soon as one server has it.
    ConfirmsTooSoon {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            self.0.push(&Push { durability: Durability::Stored, ..push.clone() }).await
        }
    }
}
