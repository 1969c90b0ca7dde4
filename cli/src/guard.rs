//! The guard: ends the process groups of a worker that died without a word.
//!
//! A worker starts one helper process of itself, which reads a pipe. The worker writes which
//! groups run; when it dies, SIGKILL included, the pipe ends and the helper ends the groups.
//! A child runs nothing of the user's before its group is written (see `exec.rs`), so that no
//! moment is left in which a child could survive its worker.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::signal::unix::{SignalKind, signal};

/// What the helper process is started with.
const NAME: &str = "__guard";

/// Time between the polite signal and the hard one when the worker is dead.
const GRACE: Duration = Duration::from_millis(500);

/// The worker's end of the pipe, and what it has written.
#[derive(Debug)]
pub(crate) struct Guard(Mutex<State>);

#[derive(Debug)]
struct State {
    helper: Option<Child>,
    groups: BTreeSet<i32>,
}

impl Guard {
    /// Starts the helper.
    pub(crate) fn start() -> io::Result<Self> {
        Ok(Self(Mutex::new(State { helper: Some(spawn()?), groups: BTreeSet::new() })))
    }

    /// No helper: for tests, whose program is not the command.
    #[cfg(test)]
    pub(crate) fn unguarded() -> Self {
        Self(Mutex::new(State { helper: None, groups: BTreeSet::new() }))
    }

    /// Puts a group under guard.
    pub(crate) fn add(&self, group: Pid) -> io::Result<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = group.as_raw_nonzero().get();
        state.groups.insert(number);
        match state.write(&format!("+{number}\n")) {
            Err(_) => state.restart(),
            Ok(()) => Ok(()),
        }
    }

    /// Forgets a group that has ended.
    pub(crate) fn forget(&self, group: Pid) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = group.as_raw_nonzero().get();
        state.groups.remove(&number);
        // A helper that is gone is started again by the next group that needs it.
        let _ = state.write(&format!("-{number}\n"));
    }
}

impl State {
    fn write(&mut self, line: &str) -> io::Result<()> {
        match self.helper.as_mut().and_then(|helper| helper.stdin.as_mut()) {
            Some(pipe) => pipe.write_all(line.as_bytes()),
            None => Ok(()),
        }
    }

    /// Another helper in place of one that was killed, told of all that runs.
    fn restart(&mut self) -> io::Result<()> {
        tracing::warn!("the guard of the child processes is gone; starting another one");
        if let Some(mut gone) = self.helper.replace(spawn()?) {
            drop(gone.stdin.take());
            let _ = gone.wait();
        }
        let all: String = self.groups.iter().map(|number| format!("+{number}\n")).collect();
        self.write(&all)
    }
}

fn spawn() -> io::Result<Child> {
    // In a group of its own: Ctrl-C is for the worker, and the guard has to outlive it.
    Command::new(std::env::current_exe()?)
        .arg(NAME)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir("/")
        .process_group(0)
        .spawn()
}

/// Whether this process is a helper.
pub(crate) fn is_asked_for() -> bool {
    std::env::args_os().nth(1).is_some_and(|word| word == NAME)
}

/// What the helper process does: reads until the worker is gone, then ends what still runs.
pub(crate) async fn watch() -> io::Result<()> {
    // Taken in and dropped: the guard ends when its worker does, not before.
    let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
    let _ignored = kinds.into_iter().map(signal).collect::<io::Result<Vec<_>>>()?;
    let groups = groups_left(io::stdin().lock());
    if groups.is_empty() {
        return Ok(());
    }
    signal_all(&groups, Signal::TERM);
    tokio::time::sleep(GRACE).await;
    signal_all(&groups, Signal::KILL);
    Ok(())
}

/// Reads to the end of the pipe; what was added and not taken off is left.
fn groups_left(pipe: impl BufRead) -> BTreeSet<i32> {
    let mut groups = BTreeSet::new();
    for line in pipe.lines().map_while(Result::ok) {
        match (line.get(..1), line.get(1..).and_then(|number| number.parse().ok())) {
            (Some("+"), Some(number)) => drop(groups.insert(number)),
            (Some("-"), Some(number)) => drop(groups.remove(&number)),
            _ => {}
        }
    }
    groups
}

fn signal_all(groups: &BTreeSet<i32>, signal: Signal) {
    for group in groups.iter().copied().filter(|group| *group > 1).filter_map(Pid::from_raw) {
        // It fails only for groups that have ended.
        let _ = kill_process_group(group, signal);
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
