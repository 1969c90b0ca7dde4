//! The process group of a command: how it ends, in time and wholly.

use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Signal, WaitOptions, kill_process_group, test_kill_process_group, waitpgid,
};
use tokio::process::Child;
use tokio::runtime::Handle;

use crate::guard::Guard;

/// Between the polite signal and the hard one when the lease is lost or the worker stops: others may
/// run the task by now, and a pool that stops waits 300 ms.
pub(crate) const CANCEL_GRACE: Duration = Duration::from_millis(200);

/// Time between two looks at a group that has been asked to end.
const LOOK: Duration = Duration::from_millis(10);

/// The longest such time, for what was killed.
const LONGEST_LOOK: Duration = Duration::from_millis(500);

/// For how long the end of what was killed is awaited: a process that hangs in the kernel takes its
/// time, and is none of ours unless this is the first process of a container.
const REAPING: Duration = Duration::from_secs(10);

/// A command that runs, with the process group that it leads.
struct Running {
    guard: Arc<Guard>,
    child: Child,
    pid: Pid,
}

impl Running {
    /// Whether anything of the group was left to get it.
    fn signal(&self, signal: Signal) -> bool {
        kill_process_group(self.pid, signal).is_ok()
    }

    /// Asks the group to end, and ends what is left of it after the grace.
    async fn end(&mut self, grace: Duration) {
        self.signal(Signal::TERM);
        let _ = tokio::time::timeout(grace, self.all_ended()).await;
        self.signal(Signal::KILL);
        let _ = self.child.wait().await;
    }

    /// Waits for the shell and for all that it started: it often dies first.
    async fn all_ended(&mut self) {
        let _ = self.child.wait().await;
        while test_kill_process_group(self.pid).is_ok() {
            reap(self.pid);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Ends what the command left running in its group.
    fn finish(self) {
        let left = self.signal(Signal::KILL);
        self.guard.forget(self.pid);
        // The command itself is not ours to wait for: it must have been by now.
        if left
            && self.child.id().is_none()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(reap_all(self.pid));
        }
    }
}

/// Waits for what was killed of a group whose command has been waited for.
async fn reap_all(group: Pid) {
    let killed = Instant::now();
    let mut pause = LOOK;
    while test_kill_process_group(group).is_ok() && killed.elapsed() < REAPING {
        reap(group);
        tokio::time::sleep(pause).await;
        // What does not end soon may be another's to wait for.
        pause = (2 * pause).min(LONGEST_LOOK);
    }
}

/// The first process of a container is the parent of what a command leaves behind: until that is
/// waited for, it counts as being there.
fn reap(group: Pid) {
    while let Ok(Some(_)) = waitpgid(group, WaitOptions::NOHANG) {}
}

/// Ends a command whose run was dropped, so that it leaves nothing behind.
pub(crate) struct Group(Option<Running>);

impl Group {
    /// Puts a command that was started under guard.
    pub(crate) fn new(guard: &Arc<Guard>, child: Child) -> io::Result<Self> {
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let pid = pid.ok_or_else(|| io::Error::other("the command has no process id"))?;
        let group = Self(Some(Running { guard: guard.clone(), child, pid }));
        guard.add(pid)?;
        Ok(group)
    }

    /// Waits for the command itself.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        match &mut self.0 {
            Some(running) => running.child.wait().await,
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Asks the group to end, and ends what is left of it after the grace.
    pub(crate) async fn end(&mut self, grace: Duration) {
        if let Some(running) = &mut self.0 {
            running.end(grace).await;
        }
    }

    /// To be called once the command has ended.
    pub(crate) fn finish(mut self) {
        if let Some(running) = self.0.take() {
            running.finish();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(mut running) = self.0.take() else { return };
        match Handle::try_current() {
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
