//! Runs a command for each task: `sh -c` in a process group of its own, the body on its standard
//! input, the end of its standard error kept.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{fmt, io};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tireless::{Context, Handle, Verdict};
use tireless::{Envelope, Failure, Reentry};
use tokio::process::{Child, Command};

use crate::feed::Feed;
use crate::group::{CANCEL_GRACE, Group};
use crate::guard::Guard;
use crate::reader::{ChildOutput, Reader};
use crate::tail::{Tail, read_tail};

/// Between the polite signal and the hard one when a run took too long.
const TIMEOUT_GRACE: Duration = Duration::from_secs(2);

/// For how long the end of standard error is awaited once the command has ended. Only a process
/// that left the group can still hold it.
const STDERR_GRACE: Duration = Duration::from_secs(2);

/// The task of a command that failed for want of a reader is not charged, and keeps its place; the
/// worker stops.
const GIVEN_BACK: Verdict = Verdict::Release(Reentry::Front);

/// What a run is given on top of both by the pool, which gives it up at the end of it.
const SLACK: Duration = Duration::from_secs(1);

/// What goes before the user's command. It waits for a line that is sent once the group is under
/// guard, and which names the file of a body that is too large for one write; `read` takes no byte
/// beyond the line, so a small body stays whole. See [`Feed`].
const AFTER_GO: &str = "IFS= read -r TIRELESS_BODY || exit 125; \
    if [ -n \"$TIRELESS_BODY\" ]; then exec <\"$TIRELESS_BODY\"; rm -f \"$TIRELESS_BODY\"; fi; \
    unset TIRELESS_BODY; ";

/// Runs one command for all tasks.
#[derive(Clone, Debug)]
pub(crate) struct Exec(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    script: OsString,
    timeout: Option<Duration>,
    /// Between the two signals of a run that took too long.
    grace: Duration,
    reader: Reader,
    guard: Arc<Guard>,
    timed_out: AtomicU64,
}

/// One run, as its command sees it.
#[derive(Debug)]
struct Run {
    id: String,
    queue: String,
    attempt: u32,
    body: Bytes,
    timeout: Option<Duration>,
}

/// Why a run ended.
#[derive(Debug)]
enum End {
    Exited(ExitStatus),
    TimedOut(Limit),
    Cancelled,
}

/// How long a run may take.
#[derive(Clone, Copy, Debug)]
struct Limit {
    /// As the user knows it.
    named: Duration,
    /// When the polite signal comes; `None` for never.
    at: Option<Instant>,
}

impl Limit {
    /// One that begins now.
    fn of(limit: Duration) -> Self {
        Self { named: limit, at: Instant::now().checked_add(limit) }
    }

    /// Ends when it is over.
    async fn passed(limit: Option<Self>) -> Self {
        match limit {
            Some(limit @ Self { at: Some(at), .. }) => {
                tokio::time::sleep_until(at.into()).await;
                limit
            }
            _ => std::future::pending().await,
        }
    }
}

impl Exec {
    /// A runner, with its guard.
    pub(crate) fn start(
        command: &OsStr,
        timeout: Option<Duration>,
        output: ChildOutput,
    ) -> io::Result<Self> {
        let mut script = OsString::from(AFTER_GO);
        script.push(command);
        let reader = Reader::of(output);
        let (guard, timed_out) = (Arc::new(Guard::start()?), AtomicU64::new(0));
        let grace = TIMEOUT_GRACE;
        Ok(Self(Arc::new(Inner { script, timeout, grace, reader, guard, timed_out })))
    }

    /// Runs that it ended since they took too long. The pool counts those that it ends itself.
    pub(crate) fn timed_out(&self) -> u64 {
        self.0.timed_out.load(Ordering::Relaxed)
    }

    /// Ends when nobody reads what commands write; answers what to say then.
    pub(crate) async fn missed_reader(&self) -> String {
        self.0.reader.missed().await
    }

    /// How long a run may take whose task does not say it.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.0.timeout
    }

    async fn run_one(self, run: Run, cancelled: impl Future<Output = ()>) -> Verdict {
        match self.try_run(run, cancelled).await {
            Ok(verdict) => verdict,
            Err(error) => Verdict::Retry(Failure::new("exec", format!("sh: {error}"))),
        }
    }

    async fn try_run(&self, run: Run, cancelled: impl Future<Output = ()>) -> io::Result<Verdict> {
        if self.0.reader.is_missed_by_the_next() {
            return Ok(GIVEN_BACK);
        }
        let timeout = run.timeout.or(self.0.timeout);
        // Starting a process takes a while, and the pool's acks do not wait for it. If nobody
        // waits for the command any more, it never gets the word to go.
        let exec = self.clone();
        let started = tokio::task::spawn_blocking(move || {
            Ok::<_, io::Error>((Feed::new(&run.body)?, exec.spawn(&run)?))
        });
        let (feed, mut child) = started.await.map_err(io::Error::other)??;
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        let mut group = Group::new(&self.0.guard, child)?;
        let tail = Arc::new(Mutex::new(Tail::default()));
        let reading = stderr.map(|pipe| tokio::spawn(read_tail(pipe, tail.clone())));
        if let Some(pipe) = stdin {
            feed.send(pipe).await;
        }
        let limit = timeout.map(Limit::of);
        let mut cancelled = pin!(cancelled);
        let end = tokio::select! {
            status = group.wait() => End::Exited(status?),
            limit = Limit::passed(limit) => End::TimedOut(limit),
            () = &mut cancelled => End::Cancelled,
        };
        match end {
            End::Exited(_) => {}
            End::TimedOut(_) => tokio::select! {
                () = group.end(self.0.grace) => {}
                () = &mut cancelled => group.end(CANCEL_GRACE).await,
            },
            End::Cancelled => group.end(CANCEL_GRACE).await,
        }
        group.finish();
        if let Some(mut reading) = reading
            && tokio::time::timeout(STDERR_GRACE, &mut reading).await.is_err()
        {
            reading.abort();
        }
        let tail = tail.lock().unwrap_or_else(PoisonError::into_inner).text();
        if matches!(end, End::TimedOut(_)) {
            self.0.timed_out.fetch_add(1, Ordering::Relaxed);
        }
        let verdict = verdict(&end, &tail);
        let exited_in_vain = matches!((&end, &verdict), (End::Exited(_), Verdict::Retry(_)));
        Ok(if exited_in_vain && self.0.reader.is_missed() { GIVEN_BACK } else { verdict })
    }

    fn spawn(&self, run: &Run) -> io::Result<Child> {
        Command::new("sh")
            .arg("-c")
            .arg(&self.0.script)
            .env("TIRELESS_TASK_ID", &run.id)
            .env("TIRELESS_QUEUE", &run.queue)
            .env("TIRELESS_ATTEMPT", run.attempt.to_string())
            .stdin(Stdio::piped())
            .stdout(self.0.reader.stdio())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
    }
}

impl Handle for Exec {
    fn run(&self, envelope: Envelope, context: Context) -> BoxFuture<'static, Verdict> {
        let run = Run {
            id: context.id().to_string(),
            queue: context.queue().to_string(),
            attempt: context.attempt(),
            body: envelope.body,
            timeout: envelope.options.timeout,
        };
        let cancellation = context.cancellation().clone();
        self.clone().run_one(run, async move { cancellation.cancelled().await }).boxed()
    }

    fn grace(&self) -> Duration {
        self.0.grace + STDERR_GRACE + SLACK
    }
}

fn verdict(end: &End, stderr: &str) -> Verdict {
    if let End::Exited(status) = end
        && status.success()
    {
        return Verdict::Done;
    }
    let kind = end.to_string();
    let text = if stderr.is_empty() { "nothing on its standard error" } else { stderr };
    Verdict::Retry(Failure::new(kind, text))
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => match (status.code(), status.signal()) {
                (Some(code), _) => write!(f, "exit {code}"),
                (None, Some(signal)) => write!(f, "signal {signal}"),
                (None, None) => write!(f, "{status}"),
            },
            Self::TimedOut(limit) => write!(f, "timeout {}", crate::output::span(limit.named)),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

#[cfg(test)]
#[path = "exec_tests.rs"]
mod tests;
