//! A broker for tests whose answers to pushes wait until they are let go.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use tireless_core::{
    Broker, Claim, Claimed, Error, ErrorKind, Operation, OwnId, Push, Pushed, Renew, Renewed,
    Result, Settle, SettleAnswer, TaskId, Tick, Ticked, Wait, Woken,
};
use tokio::sync::Semaphore;

/// See the module's words. Clones are one store.
#[derive(Clone, Debug)]
pub(super) struct Gated(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    gate: Semaphore,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    calls: Vec<Push>,
    owned: HashMap<OwnId, TaskId>,
    refusal: Option<ErrorKind>,
}

impl Gated {
    /// Answers at once.
    pub(super) fn open() -> Self {
        Self(Arc::new(Inner {
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            book: Mutex::default(),
        }))
    }

    /// Answers nothing yet.
    pub(super) fn closed() -> Self {
        Self(Arc::new(Inner { gate: Semaphore::new(0), book: Mutex::default() }))
    }

    /// Lets so many answers go.
    pub(super) fn let_go(&self, answers: usize) {
        self.0.gate.add_permits(answers);
    }

    /// Answers with this error from now on.
    pub(super) fn refuse(&self, kind: ErrorKind) {
        self.book().refusal = Some(kind);
    }

    /// How many tasks each call had.
    pub(super) fn sizes(&self) -> Vec<usize> {
        self.book().calls.iter().map(|call| call.tasks.len()).collect()
    }

    /// The ids of all tasks.
    pub(super) fn ids(&self) -> HashSet<TaskId> {
        self.book().calls.iter().flat_map(|call| &call.tasks).map(|task| task.id).collect()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().expect("the book")
    }
}

impl Book {
    fn answer(&mut self, push: &Push) -> Result<Vec<Pushed>> {
        if let Some(kind) = self.refusal {
            return Err(Error::new(kind, Operation::Push, "as told"));
        }
        let mut answer = |task: &tireless_core::NewTask| match &task.own_id {
            Some(own) => match *self.owned.entry(own.clone()).or_insert(task.id) {
                id if id == task.id => Pushed::Accepted,
                id => Pushed::Exists { id },
            },
            None => Pushed::Accepted,
        };
        Ok(push.tasks.iter().map(&mut answer).collect())
    }
}

#[async_trait]
impl Broker for Gated {
    async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
        self.book().calls.push(push.clone());
        self.0.gate.acquire().await.expect("an open gate").forget();
        self.book().answer(push)
    }

    async fn claim(&self, _: &Claim) -> Claimed {
        Vec::new()
    }

    async fn settle(&self, _: &Settle) -> Result<SettleAnswer> {
        Ok(SettleAnswer::default())
    }

    async fn renew(&self, _: &Renew) -> Renewed {
        Vec::new()
    }

    async fn wait(&self, _: &Wait) -> Result<Woken> {
        Ok(Woken::TimedOut)
    }

    async fn tick(&self, _: &Tick) -> Ticked {
        Vec::new()
    }
}
