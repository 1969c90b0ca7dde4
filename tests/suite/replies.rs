//! Replies of every kind of command are dropped, cut, delayed and repeated under load, see
//! [`tireless_tests::replies`]. `TIRELESS_REPLIES` sets how many of each kind (26 unless set: each
//! strike meets each kind of command).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tireless_core::{Backend, Call, Push, Pushed, Result, Settle, SettleAnswer, TaskId, WorkerId};
use tireless_redis_broker::Settings;
use tireless_testkit::{Layer, Layered};
use tireless_tests::replies::{KINDS, Scale, run, table};
use tireless_tests::{Library, RedisRs, scaled};

/// How many replies of each kind are struck.
fn each() -> u64 {
    scaled("TIRELESS_REPLIES", 26)
}

async fn lost_replies_harm_nobody<L: Library>() {
    let report = run::<L>(&Scale::of(each())).await;
    println!("{}\n{}: {:?}", table(&report.struck), L::NAME, report.findings);
    println!("{} commands, {} connections, {:?}", report.commands, report.connections, report.took);
    assert_eq!(report.faults(), Vec::<String>::new());
    for kind in KINDS {
        assert!(report.struck_of(kind) >= each(), "{kind}: {}", report.struck_of(kind));
    }
}

crate::over_both!(lost_replies_harm_nobody);

/// Makes a library of a layer over the brokers of redis-rs, for a test that the fault finds it out.
macro_rules! broken_library {
    ($library:ident: $layer:ident) => {
        struct $library;

        #[async_trait]
        impl Library for $library {
            const NAME: &'static str = stringify!($library);

            type Link = <RedisRs as Library>::Link;

            async fn connect(url: &str, settings: Settings) -> Result<Arc<dyn Backend>> {
                Ok(Arc::new(Layered($layer(RedisRs::connect(url, settings).await?))))
            }
        }
    };
}

/// A call number that nobody has used.
fn fresh() -> Call {
    let number = u64::from_be_bytes(TaskId::new().as_bytes()[..8].try_into().expect("8 bytes"));
    Call { number: number >> 12, answered: 0 }
}

/// Pushes anew what was not answered: as another task, under another number.
#[derive(Debug)]
struct PushAgain(Arc<dyn Backend>);

#[async_trait]
impl Layer for PushAgain {
    fn inner(&self) -> &Arc<dyn Backend> {
        &self.0
    }

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

broken_library!(Pushes: PushAgain);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_are_pushed_anew_are_found() {
    let report = run::<Pushes>(&Scale::of(6)).await;
    let faults = report.faults();
    assert!(faults.iter().any(|fault| fault.contains("tasks pushed beyond")), "{faults:?}");
}

/// Settles anew what was not answered, under another number.
#[derive(Debug)]
struct SettleAgain(Arc<dyn Backend>);

#[async_trait]
impl Layer for SettleAgain {
    fn inner(&self) -> &Arc<dyn Backend> {
        &self.0
    }

    async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
        self.0.settle(&Settle { call: fresh(), ..settle.clone() }).await
    }
}

broken_library!(Settles: SettleAgain);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outcomes_that_are_settled_anew_are_found() {
    let report = run::<Settles>(&Scale::of(6)).await;
    let faults = report.faults();
    assert!(faults.iter().any(|fault| fault.contains("outcomes refused")), "{faults:?}");
}
