//! Runs a command for each task: `sh -c` in a process group of its own, the body on its standard
//! input, the end of its standard error kept.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustix::process::{Pid, Signal, kill_process_group};
use tireless::{Context, Handle, Verdict};
use tireless::{Envelope, Failure};
use tokio::process::{Child, Command};

use crate::feed::Feed;
use crate::guard::Guard;
use crate::tail::{Tail, read_tail};

/// Between the polite signal and the hard one when a run took too long.
const TIMEOUT_GRACE: Duration = Duration::from_secs(2);

/// The same when the lease is lost or the worker stops: others may run the task by now, and a pool
/// that stops waits 300 ms.
const CANCEL_GRACE: Duration = Duration::from_millis(200);

/// For how long the end of standard error is awaited once the command has ended. Only a process
/// that left the group can still hold it.
const STDERR_GRACE: Duration = Duration::from_secs(1);

/// What goes before the user's command. It waits for a line that is sent once the group is under
/// guard, and which names the file of a body that is too large for one write; `read` takes no byte
/// beyond the line, so a small body stays whole. See [`Feed`].
const AFTER_GO: &str = "IFS= read -r TIRELESS_BODY || exit 125; \
    if [ -n \"$TIRELESS_BODY\" ]; then exec <\"$TIRELESS_BODY\"; rm -f \"$TIRELESS_BODY\"; fi; \
    unset TIRELESS_BODY; ";

/// Where the standard output of commands goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChildOutput {
    /// To the standard output of this process.
    Stdout,
    /// To its standard error: standard output is for programs.
    Stderr,
}

/// Runs one command for all tasks.
#[derive(Clone, Debug)]
pub(crate) struct Exec(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    script: OsString,
    timeout: Option<Duration>,
    output: ChildOutput,
    guard: Guard,
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
    TimedOut(Duration),
    Cancelled,
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
        Ok(Self(Arc::new(Inner { script, timeout, output, guard: Guard::start()? })))
    }

    /// How long the pool has to leave a run that ends itself after its timeout.
    pub(crate) fn outer_timeout(&self) -> Option<Duration> {
        self.0.timeout.map(|timeout| timeout + TIMEOUT_GRACE + STDERR_GRACE)
    }

    async fn run_one(self, run: Run, cancelled: impl Future<Output = ()>) -> Verdict {
        match self.try_run(run, cancelled).await {
            Ok(verdict) => verdict,
            Err(error) => Verdict::Retry(Failure::new("exec", format!("sh: {error}"))),
        }
    }

    async fn try_run(&self, run: Run, cancelled: impl Future<Output = ()>) -> io::Result<Verdict> {
        let timeout = run.timeout.or(self.0.timeout);
        // Starting a process takes a while, and the pool's acks do not wait for it. If nobody
        // waits for the command any more, it never gets the word to go.
        let exec = self.clone();
        let started = tokio::task::spawn_blocking(move || {
            Ok::<_, io::Error>((Feed::new(&run.body)?, exec.spawn(&run)?))
        });
        let (feed, mut child) = started.await.map_err(io::Error::other)??;
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        let mut group = Group::new(self, child)?;
        let tail = Arc::new(Mutex::new(Tail::default()));
        let reading = stderr.map(|pipe| tokio::spawn(read_tail(pipe, tail.clone())));
        if let Some(pipe) = stdin {
            feed.send(pipe).await;
        }
        let end = tokio::select! {
            status = group.wait() => End::Exited(status?),
            timeout = sleep_or_never(timeout) => End::TimedOut(timeout),
            () = cancelled => End::Cancelled,
        };
        match end {
            End::Exited(_) => {}
            End::TimedOut(_) => group.end(TIMEOUT_GRACE).await,
            End::Cancelled => group.end(CANCEL_GRACE).await,
        }
        group.finish();
        if let Some(mut reading) = reading
            && tokio::time::timeout(STDERR_GRACE, &mut reading).await.is_err()
        {
            reading.abort();
        }
        let tail = tail.lock().unwrap_or_else(PoisonError::into_inner).text();
        Ok(verdict(&end, &tail))
    }

    fn spawn(&self, run: &Run) -> io::Result<Child> {
        let output = match self.0.output {
            ChildOutput::Stdout => Stdio::inherit(),
            ChildOutput::Stderr => Stdio::from(io::stderr()),
        };
        Command::new("sh")
            .arg("-c")
            .arg(&self.0.script)
            .env("TIRELESS_TASK_ID", &run.id)
            .env("TIRELESS_QUEUE", &run.queue)
            .env("TIRELESS_ATTEMPT", run.attempt.to_string())
            .stdin(Stdio::piped())
            .stdout(output)
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
}

/// A command that runs, with the process group that it leads.
struct Running {
    exec: Exec,
    child: Child,
    pid: Pid,
}

impl Running {
    fn signal(&self, signal: Signal) {
        // It fails only if nothing of the group is left.
        let _ = kill_process_group(self.pid, signal);
    }

    /// Asks the group to end, and ends it after the grace.
    async fn end(&mut self, grace: Duration) {
        self.signal(Signal::TERM);
        let _ = tokio::time::timeout(grace, self.child.wait()).await;
        self.signal(Signal::KILL);
        let _ = self.child.wait().await;
    }

    /// Ends what the command left running in its group.
    fn finish(self) {
        self.signal(Signal::KILL);
        self.exec.0.guard.forget(self.pid);
    }
}

/// Ends a command whose run was dropped, so that it leaves nothing behind.
struct Group(Option<Running>);

impl Group {
    fn new(exec: &Exec, child: Child) -> io::Result<Self> {
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let pid = pid.ok_or_else(|| io::Error::other("the command has no process id"))?;
        let group = Self(Some(Running { exec: exec.clone(), child, pid }));
        exec.0.guard.add(pid)?;
        Ok(group)
    }

    async fn wait(&mut self) -> io::Result<ExitStatus> {
        match &mut self.0 {
            Some(running) => running.child.wait().await,
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    async fn end(&mut self, grace: Duration) {
        if let Some(running) = &mut self.0 {
            running.end(grace).await;
        }
    }

    /// To be called once the command has ended.
    fn finish(mut self) {
        if let Some(running) = self.0.take() {
            running.finish();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(mut running) = self.0.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                running.signal(Signal::TERM);
                runtime.spawn(async move {
                    running.end(CANCEL_GRACE).await;
                    running.finish();
                });
            }
            Err(_) => running.finish(),
        }
    }
}

async fn sleep_or_never(timeout: Option<Duration>) -> Duration {
    match timeout {
        Some(timeout) => {
            tokio::time::sleep(timeout).await;
            timeout
        }
        None => std::future::pending().await,
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
            Self::TimedOut(limit) => write!(f, "timeout {}", crate::output::span(*limit)),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

#[cfg(test)]
#[path = "exec_tests.rs"]
mod tests;
