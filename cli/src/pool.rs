//! The worker pool as the commands use it: one command for all tasks of some queues.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tireless::{Backend, QueueName};
use tireless::{Backoff, Handle, Route, RunPolicy, Summary, WorkerPool};

use crate::args::{at_once, some_duration};
use crate::exec::Exec;
use crate::exit::{Outcome, Stop};
use crate::reader::ChildOutput;
use crate::stderr;

/// The longest delay between two attempts.
const LONGEST_DELAY: Duration = Duration::from_secs(3600);

/// What is run, for `work` and `run`.
#[derive(Debug, clap::Args)]
pub(crate) struct ExecArgs {
    /// The command for each task, run by sh -c in a process group of its own. It gets the body's
    /// exact bytes on its standard input, and TIRELESS_TASK_ID, TIRELESS_QUEUE and
    /// TIRELESS_ATTEMPT in its environment. Exit code 0 means done, any other failed; the end of
    /// its standard error is kept as the error. What it leaves running in its group is ended
    #[arg(long, value_name = "CMD")]
    pub(crate) exec: OsString,
    /// How many tasks run at once
    #[arg(long, value_name = "N", default_value = "4", value_parser = at_once)]
    pub(crate) concurrency: NonZeroUsize,
    /// How long one run may take; then its group is ended and the run has failed [default: no
    /// limit]
    #[arg(long, value_name = "DURATION", value_parser = some_duration)]
    pub(crate) timeout: Option<Duration>,
}

impl ExecArgs {
    /// Starts the runner; from then on standard error holds nobody up.
    pub(crate) fn start(&self, json: bool) -> Outcome<Exec> {
        if self.exec.is_empty() {
            return Err(Stop::usage("--exec needs a command"));
        }
        stderr::start();
        let output = if json { ChildOutput::Stderr } else { ChildOutput::Stdout };
        Exec::start(&self.exec, self.timeout, output)
            .map_err(|error| Stop::failed(format!("the commands' guard does not start: {error}")))
    }
}

/// How failed tasks are tried again.
pub(crate) fn policy(retries: u32, retry_delay: Duration, exec: &Exec) -> RunPolicy {
    RunPolicy {
        retries,
        timeout: exec.timeout(),
        backoff: Backoff::exponential(retry_delay, LONGEST_DELAY.max(retry_delay)),
    }
}

/// A pool that gives all raw tasks of some queues to one handler.
pub(crate) fn pool(
    broker: Arc<dyn Backend>,
    queues: &[QueueName],
    inbox: bool,
    policy: RunPolicy,
    handle: impl Handle,
) -> WorkerPool {
    let pool = WorkerPool::new(broker);
    let pool = queues.iter().fold(pool, |pool, queue| pool.queue(queue.as_str()).inbox(inbox));
    // A command runs bodies of any type; and a kill repeats only what was running.
    pool.route(Route { task_type: None, queue: None, policy, handle: Arc::new(handle) })
        .any_type(true)
        .hold_until_settled(true)
}

/// What a pool did, for programs.
#[derive(Debug, Serialize)]
pub(crate) struct Did {
    done: u64,
    retried: u64,
    died: u64,
    released: u64,
    lease_lost: u64,
    timed_out: u64,
    /// Of the died ones, the first lines of an input.
    #[serde(skip_serializing_if = "Option::is_none")]
    died_lines: Option<Vec<u64>>,
}

impl Did {
    /// From the pool's own numbers, the runner's, and the tasks that died anywhere meanwhile.
    pub(crate) fn new(summary: &Summary, exec: &Exec, died: u64) -> Self {
        Self {
            done: summary.done,
            retried: summary.failed,
            died: died.max(summary.buried + summary.poisoned),
            released: summary.released,
            lease_lost: summary.lease_lost,
            timed_out: summary.timed_out + exec.timed_out(),
            died_lines: None,
        }
    }

    /// The same, with the lines that died.
    pub(crate) fn with_lines(self, died_lines: Vec<u64>) -> Self {
        Self { died_lines: Some(died_lines), ..self }
    }

    /// How many tasks died.
    pub(crate) fn died(&self) -> u64 {
        self.died
    }

    /// The same for people.
    pub(crate) fn line(&self) -> String {
        let Self { done, retried, died, .. } = self;
        format!("{done} done, {died} died, {retried} failed runs were tried again")
    }
}
