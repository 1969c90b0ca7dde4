//! What a contestant must be able to do, and what is known of it beforehand.

use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::tally::Tally;

/// What every task carries: a text, as JSON the one field of an object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) text: String,
}

impl Body {
    /// The body of all tasks: a text of a hundred bytes.
    pub(crate) fn new() -> Self {
        Self { text: "x".repeat(100) }
    }
}

/// What a worker's death costs, by the contestant's source.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct CrashSafety {
    /// Whether a task survives a kill between its pop and its end.
    pub(crate) survives: bool,
    /// Whether a late word of a worker that lost the task is refused.
    pub(crate) fenced: Fenced,
    /// Why, in one line.
    pub(crate) why: &'static str,
}

/// How late words are told from good ones.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fenced {
    /// By each claim.
    ByClaim,
    /// By the worker's or the process's name only.
    ByWorker,
    /// Not at all.
    No,
}

/// What is known of a contestant before anything runs.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Facts {
    /// Its name in tables.
    pub(crate) name: &'static str,
    /// The package whose version is shown.
    pub(crate) package: &'static str,
    pub(crate) kind: Kind,
    pub(crate) crash_safety: CrashSafety,
    /// How it is set, where that is not its default.
    pub(crate) settings: &'static str,
    /// What the figures do not say.
    pub(crate) caveat: &'static str,
}

/// On which side a contestant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Bare commands.
    Yardstick,
    Tireless,
    Peer,
}

/// One task system, connected to one server and with one queue.
#[async_trait]
pub(crate) trait Contestant: Send + Sync {
    /// A handle for one caller that pushes.
    fn caller(&self) -> Box<dyn Caller>;

    /// What must be done between filling the queue and draining it.
    async fn before_drain(&self) -> Result<()> {
        Ok(())
    }

    /// Runs one worker that tells the tally of each task, until it is stopped. When it returns
    /// earlier, it has failed.
    async fn work(&self, tally: Arc<Tally>, stop: CancellationToken) -> Result<()>;

    /// Tasks that wait or that were taken and are not acknowledged yet.
    async fn unsettled(&self) -> Result<u64>;
}

/// One of the callers that push.
#[async_trait]
pub(crate) trait Caller: Send {
    /// Pushes one task and waits until it is stored.
    async fn push_one(&mut self, body: Body) -> Result<()>;

    /// Pushes all of them as the contestant does it best; `false` where it has no such call.
    async fn push_batch(&mut self, bodies: Vec<Body>) -> Result<bool>;
}
